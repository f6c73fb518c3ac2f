//! The state that the handlers of one server share.

use std::sync::{Arc, PoisonError, RwLock};

use crate::access_log::AccessLog;
use crate::counters::Counters;
use crate::images::Images;
use crate::plan::Plan;

/// The state that the handlers of one server share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) plan: RwLock<Arc<Plan>>,
    pub(crate) seed: u64,
    pub(crate) images: Images,
    pub(crate) counters: Arc<Counters>,
    /// Whether the control paths are open at all; `control` also checks each request.
    pub(crate) control: bool,
    /// The log of requests, if the server has one.
    pub(crate) access_log: Option<AccessLog>,
}

impl Site {
    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_plan(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        self.counters.restart_hold();
    }
}
