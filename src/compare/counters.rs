//! What the server sees of each run of a comparison. One of ours is reset before each run. One that was there before is
//! never reset: what it counts is taken before and after.

use serde::Deserialize;

use crate::download::engine::Engine;
use crate::download::fetch::Seen;
use crate::job::RequestLimits;
use crate::run::embedded::{SeenByServer, Served, ServedBy};
use crate::server::BaseUrl;

/// Polls the counters of a server before and after each run.
pub(super) enum Counters<'a> {
    Ours(&'a ServedBy),
    /// Any other; without an engine it cannot be asked.
    Other(Option<Engine>, &'a BaseUrl),
}

/// What `/__stats` says, as far as it is needed.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Counts {
    requests: u64,
    connections: u64,
    peak_in_flight: usize,
}

impl<'a> Counters<'a> {
    pub(super) fn new(served: &'a Served) -> Self {
        match served.by.this_run() {
            true => Self::Ours(&served.by),
            false => {
                let engine = Engine::new(&served.base, RequestLimits::default());
                Self::Other(engine.ok(), &served.base)
            }
        }
    }

    /// Call before a run.
    pub(super) fn before(&self) -> Option<Counts> {
        match self {
            Self::Ours(by) => {
                by.reset();
                None
            }
            Self::Other(engine, base) => counts(engine.as_ref()?, base),
        }
    }

    /// What was seen of the run that has ended; nothing of a server that does not count.
    pub(super) fn since(&self, before: Option<Counts>) -> Option<SeenByServer> {
        match self {
            Self::Ours(by) => by.seen(),
            Self::Other(engine, base) => {
                let (before, after) = (before?, counts(engine.as_ref()?, base)?);
                Some(SeenByServer {
                    requests: after.requests.checked_sub(before.requests)?,
                    connections: after.connections.checked_sub(before.connections)?,
                    // A peak that is no higher than before may be an older one.
                    peak_in_flight: Some(after.peak_in_flight)
                        .filter(|&peak| before.requests == 0 || peak > before.peak_in_flight),
                })
            }
        }
    }
}

fn counts(engine: &Engine, base: &BaseUrl) -> Option<Counts> {
    let mut seen = Seen::default();
    let fetch = engine.client().fetch(base.stats(), &mut seen);
    let answer = engine.block_on(fetch).body.ok()?;
    serde_json::from_slice(&answer).ok()
}
