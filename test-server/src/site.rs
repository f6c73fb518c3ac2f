//! Everything a server answers from.

use std::sync::{Arc, PoisonError, RwLock};

use crate::access_log::AccessLog;
use crate::counters::Counters;
use crate::images::Images;
use crate::plan::Plan;

/// Everything a server answers from.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) plan: RwLock<Arc<Plan>>,
    pub(crate) seed: u64,
    pub(crate) images: Images,
    pub(crate) counters: Arc<Counters>,
    /// Whether the control paths are open.
    pub(crate) control: bool,
    /// Where a line per request goes, if anywhere.
    pub(crate) access_log: Option<AccessLog>,
}

impl Site {
    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_plan(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        self.counters.plan_changes();
    }
}
