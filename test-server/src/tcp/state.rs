//! What the connections of a proxy share.

use std::sync::Arc;

use crate::connection::refusals::Refusals;
use crate::plan::Plan;
use crate::recording::counters::Counters;
use crate::recording::current_plan::CurrentPlan;

/// A proxy, as its connections see it. Only the plan and the counters change.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: String,
    pub(super) upstream: String,
    pub(super) plan: CurrentPlan,
    pub(super) seed: u64,
    pub(crate) counters: Arc<Counters>,
    pub(super) refusals: Refusals,
}

impl State {
    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.plan.get()
    }

    /// Sets the plan for all later connections. The error is the reason why it cannot be set.
    pub(crate) fn set_plan(&self, plan: Plan) -> Result<(), String> {
        check_plan(&plan)?;
        self.plan.set(plan);
        Ok(())
    }
}

/// Checks that a proxy can carry out all faults of a plan. The error is the reason why not.
pub(super) fn check_plan(plan: &Plan) -> Result<(), String> {
    plan.not_for_tcp()
        .map_or(Ok(()), |fault| Err(why_not_for_tcp(fault)))
}

pub(super) fn why_not_for_tcp(fault: &str) -> String {
    format!("'{fault}' is not for TCP: use tcp-..., transient and seq")
}
