//! The attempts at each code under each plan, which `transient` depends on.

use crate::recording::recent::Recent;

/// The most targets whose attempts are counted. One that has been forgotten begins anew.
pub(crate) const MAX_TARGETS: usize = 100_000;

/// The most targets under plans in queries, which can be long texts.
const MAX_QUERY_TARGETS: usize = 10_000;

/// The attempts since the plan was set, and those under the plans in queries since the last reset.
#[derive(Debug)]
pub(crate) struct Attempts {
    under_plan: Recent<String, u64>,
    under_query_plans: Recent<(String, String), u64>,
    /// The connections since the plan was set or the last reset.
    connections: u64,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            under_plan: Recent::new(MAX_TARGETS),
            under_query_plans: Recent::new(MAX_QUERY_TARGETS),
            connections: 0,
        }
    }
}

impl Attempts {
    /// Counts an attempt at a code under the plan in its query, if it has one, or else under the plan of the server.
    /// Returns how many there have been.
    pub(crate) fn count(&mut self, code: &str, query_plan: Option<&str>) -> u64 {
        let code = code.to_owned();
        let attempts = match query_plan {
            None => self.under_plan.of(code),
            Some(plan) => self.under_query_plans.of((plan.to_owned(), code)),
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
