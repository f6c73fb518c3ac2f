//! The attempts at each code under each plan, which `transient` depends on.

use std::collections::HashMap;

/// The attempts since the plan was set, and those under the plans in queries since the last reset.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    under_plan: HashMap<String, u64>,
    under_query_plans: HashMap<(String, String), u64>,
    /// The connections since the plan was set or the last reset.
    connections: u64,
}

impl Attempts {
    /// Counts an attempt at a code under the plan in its query, if it has one, or else under the plan of the server.
    /// Returns how many there have been.
    pub(crate) fn count(&mut self, code: &str, query_plan: Option<&str>) -> u64 {
        let code = code.to_owned();
        let attempts = match query_plan {
            None => self.under_plan.entry(code).or_default(),
            Some(plan) => {
                let key = (plan.to_owned(), code);
                self.under_query_plans.entry(key).or_default()
            }
        };
        *attempts += 1;
        *attempts
    }

    /// Counts a connection. Returns how many there have been.
    pub(crate) fn count_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// Begins anew for another plan of the server.
    pub(crate) fn begin_plan(&mut self) {
        self.under_plan.clear();
        self.connections = 0;
    }
}
