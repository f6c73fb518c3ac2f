//! The plan of a server, which changes while it runs, and what is counted under it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::plan::Plan;
use crate::recording::counters::Counters;

/// The plan of a server. What is counted since the plan was set begins anew with each change, under the same lock: no
/// request and no connection meets a new plan under an old number.
#[derive(Debug)]
pub(crate) struct CurrentPlan {
    plan: RwLock<Arc<Plan>>,
    counters: Arc<Counters>,
}

impl CurrentPlan {
    pub(crate) fn new(plan: Plan, counters: Arc<Counters>) -> Self {
        Self {
            plan: RwLock::new(Arc::new(plan)),
            counters,
        }
    }

    pub(crate) fn get(&self) -> Arc<Plan> {
        self.count(|_| ()).0
    }

    /// Sets the plan. What happened under the earlier one does not count for the faults of this one.
    pub(crate) fn set(&self, plan: Plan) {
        plan.prepare();
        let mut current = self.plan.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(plan);
        self.counters.begin_plan();
    }

    /// Counts something under the plan. Returns the plan as well.
    pub(crate) fn count<T>(&self, count: impl FnOnce(&Arc<Counters>) -> T) -> (Arc<Plan>, T) {
        let current = self.plan.read().unwrap_or_else(PoisonError::into_inner);
        let counted = count(&self.counters);
        (Arc::clone(&current), counted)
    }

    /// Counts a connection. Returns its plan, and how many there have been since the plan was set or the last reset.
    pub(crate) fn count_connection(&self) -> (Arc<Plan>, u64) {
        self.count(|counters| counters.count_connection_of_plan())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_connection_meets_a_new_plan_under_an_old_number() {
        const CHANGES: usize = 5_000;
        let plan = |text: &str| text.parse::<Plan>().unwrap();
        let plans = [plan("100:tcp-stall"), plan("100:tcp-reset")];
        let current = CurrentPlan::new(plans[0].clone(), Arc::new(Counters::new()));
        let (counts, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                for plan in plans.iter().cycle().skip(1).take(CHANGES) {
                    let before = counts.load(Ordering::Relaxed);
                    current.set(plan.clone());
                    // Otherwise a change could come before the other thread has its turn.
                    while counts.load(Ordering::Relaxed) == before {
                        thread::yield_now();
                    }
                }
                is_over.store(true, Ordering::Relaxed);
            });
            let (mut last, mut number, mut wrong) = (current.get(), 0, Vec::new());
            while !is_over.load(Ordering::Relaxed) {
                let (plan, counted) = current.count_connection();
                number = if Arc::ptr_eq(&plan, &last) {
                    number + 1
                } else {
                    1
                };
                if counted != number {
                    wrong.push((counted, number));
                    number = counted;
                }
                last = plan;
                counts.fetch_add(1, Ordering::Relaxed);
            }
            assert_eq!(wrong, [], "counted, expected");
        });
    }
}
