//! Measures what the server counts during each run of a comparison, and gives each run a server in the same state.
//!
//! What a plan such as `transient=2` does depends on the requests before, so a run that met the state that another one left
//! would be faster or slower for no reason of its own. An embedded server is reset before each run, and so is a running
//! test-server, which is recognised by its counters. Any other server is left alone: its counters, if it has some, are read
//! before and after the run and subtracted.

use serde::Deserialize;

use crate::download::engine::Engine;
use crate::download::fetch::Seen;
use crate::job::RequestLimits;
use crate::report::ServerState;
use crate::run::embedded::{SeenByServer, Served, ServedBy};
use crate::server::BaseUrl;

/// A reader of the counters of one server.
pub(super) enum Counters<'a> {
    /// The embedded server of this process.
    Embedded(&'a ServedBy),
    /// A running server. Its counters are unavailable if no engine could be started.
    External {
        engine: Option<Engine>,
        base: &'a BaseUrl,
        state: ServerState,
    },
}

/// The fields of `/__stats` that a report needs.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Counts {
    requests: u64,
    connections: u64,
    peak_in_flight: usize,
}

impl<'a> Counters<'a> {
    /// Returns a reader of the counters of the server in use. With `resets`, a running test-server is reset before each run.
    pub(super) fn new(served: &'a Served, resets: bool) -> Self {
        match served.by.this_run() {
            true => Self::Embedded(&served.by),
            false => {
                let engine = Engine::new(&served.base, RequestLimits::default()).ok();
                let base = &served.base;
                let is_reset = engine.as_ref().is_some_and(|engine| {
                    resets && read_counts(engine, base).is_some() && reset(engine, base)
                });
                Self::External {
                    engine,
                    base,
                    state: match is_reset {
                        true => ServerState::Reset,
                        false => ServerState::Kept,
                    },
                }
            }
        }
    }

    /// Returns the state in which each run meets the server.
    pub(super) fn state(&self) -> ServerState {
        match self {
            Self::Embedded(_) => ServerState::Fresh,
            Self::External { state, .. } => *state,
        }
    }

    /// Resets the server if that is possible, and returns the counters of a running one. Call it before each run.
    pub(super) fn before(&self) -> Option<Counts> {
        match self {
            Self::Embedded(by) => {
                by.reset();
                None
            }
            Self::External {
                engine,
                base,
                state,
            } => {
                let engine = engine.as_ref()?;
                if *state == ServerState::Reset {
                    reset(engine, base);
                }
                read_counts(engine, base)
            }
        }
    }

    /// Returns what the server counted since `before`, the result of [`before`](Self::before). Returns `None` for a
    /// server without counters.
    pub(super) fn since(&self, before: Option<Counts>) -> Option<SeenByServer> {
        match self {
            Self::Embedded(by) => by.seen(),
            Self::External { engine, base, .. } => {
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

/// Resets a test server. Returns whether it allowed that.
fn reset(engine: &Engine, base: &BaseUrl) -> bool {
    engine.block_on(engine.client().post(base.reset()))
}
