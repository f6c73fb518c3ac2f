//! Measures what the server counts during each run of a comparison.
//!
//! An embedded server is reset before each run. Any other server may have other clients and is never reset: its
//! counters are read before and after the run and subtracted.

use serde::Deserialize;

use crate::download::engine::Engine;
use crate::download::fetch::Seen;
use crate::job::RequestLimits;
use crate::run::embedded::{SeenByServer, Served, ServedBy};
use crate::server::BaseUrl;

/// A reader of the counters of one server.
pub(super) enum Counters<'a> {
    /// The embedded server of this process.
    Embedded(&'a ServedBy),
    /// Any other server. Its counters are unavailable if no engine could be started.
    External(Option<Engine>, &'a BaseUrl),
}

/// The fields of `/__stats` that a report needs.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Counts {
    requests: u64,
    connections: u64,
    peak_in_flight: usize,
}

impl<'a> Counters<'a> {
    /// Returns a reader of the counters of the server in use.
    pub(super) fn new(served: &'a Served) -> Self {
        match served.by.this_run() {
            true => Self::Embedded(&served.by),
            false => {
                let engine = Engine::new(&served.base, RequestLimits::default());
                Self::External(engine.ok(), &served.base)
            }
        }
    }

    /// Resets an embedded server, or returns the counters of any other. Call it before each run.
    pub(super) fn before(&self) -> Option<Counts> {
        match self {
            Self::Embedded(by) => {
                by.reset();
                None
            }
            Self::External(engine, base) => read_counts(engine.as_ref()?, base),
        }
    }

    /// Returns what the server counted since `before`, the result of [`before`](Self::before). Returns `None` for a
    /// server without counters.
    pub(super) fn since(&self, before: Option<Counts>) -> Option<SeenByServer> {
        match self {
            Self::Embedded(by) => by.seen(),
            Self::External(engine, base) => {
                let (before, after) = (before?, read_counts(engine.as_ref()?, base)?);
                Some(SeenByServer {
                    requests: after.requests.checked_sub(before.requests)?,
                    connections: after.connections.checked_sub(before.connections)?,
                    // A peak that has not risen may be from before this run, unless there were no requests before.
                    peak_in_flight: Some(after.peak_in_flight)
                        .filter(|&peak| before.requests == 0 || peak > before.peak_in_flight),
                })
            }
        }
    }
}

/// Requests `/__stats`. Returns `None` if the answer does not have the counters.
fn read_counts(engine: &Engine, base: &BaseUrl) -> Option<Counts> {
    let mut seen = Seen::default();
    let fetch = engine.client().fetch(base.stats(), &mut seen);
    let answer = engine.block_on(fetch).body.ok()?;
    serde_json::from_slice(&answer).ok()
}
