//! Measures what the server counts during each run of a comparison, and gives each run a server in the same state.
//!
//! What a plan such as `transient=2` does depends on the requests before, so a run that met the state that another one left
//! would be faster or slower for no reason of its own. An embedded server is reset before each run, and so is a running
//! test-server. It is recognised by its `Server` header: any other server gets one `HEAD /`, and is left alone. These requests
//! carry no credentials, take at most the time limit for connecting each, and end when the comparison is stopped.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::cli::Config;
use crate::download::fetch::Seen;
use crate::download::fetch::engine::Engine;
use crate::job::RequestLimits;
use crate::report::ServerState;
use crate::run::embedded::{SeenByServer, Served, ServedBy, ServerName};
use crate::server::{BaseUrl, Server};

/// The counters of one server.
pub(super) enum Counters<'a> {
    /// Those of the embedded server of this process.
    Embedded(&'a ServedBy),
    /// Those of a running test-server, which may be reset.
    TestServer {
        controls: Controls<'a>,
        /// Whether the server allows to be reset, and each reset so far has succeeded.
        is_reset: Cell<bool>,
    },
    /// A server of another make has none.
    None,
}

/// Requests to a running test-server.
pub(super) struct Controls<'a> {
    engine: Engine,
    base: &'a BaseUrl,
    stop: &'a CancellationToken,
    limit: Duration,
}

/// The fields of `/__stats` that a report needs.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Counts {
    requests: u64,
    connections: u64,
    peak_in_flight: usize,
}

impl<'a> Counters<'a> {
    /// Returns the counters of the server in use. A running test-server is reset, if it allows that and anything will be requested
    /// from it.
    pub(super) fn new(served: &'a Served, config: &Config, stop: &'a CancellationToken) -> Self {
        if served.by.this_run() {
            return Self::Embedded(&served.by);
        }
        let Some(base) = &served.base else {
            return Self::None;
        };
        let limit = config.limits.connect_timeout;
        let limits = RequestLimits {
            timeout: limit,
            ..config.limits
        };
        let Ok(engine) = Engine::new(limits, &Arc::new(config.http.without_credentials())) else {
            return Self::None;
        };
        let controls = Controls {
            engine,
            base,
            stop,
            limit,
        };
        match controls.is_test_server(&config.server, &served.by) {
            true => Self::TestServer {
                is_reset: Cell::new(!config.codes.is_empty() && controls.reset()),
                controls,
            },
            false => Self::None,
        }
    }

    /// Returns the state in which each run meets the server.
    pub(super) fn state(&self) -> ServerState {
        match self {
            Self::Embedded(_) => ServerState::Fresh,
            Self::TestServer { is_reset, .. } if is_reset.get() => ServerState::Reset,
            Self::TestServer { .. } | Self::None => ServerState::Kept,
        }
    }

    /// Resets the server if that is possible, and returns the counters of a running one. Call it before each run.
    pub(super) fn before(&self) -> Option<Counts> {
        match self {
            Self::Embedded(by) => {
                by.reset();
                None
            }
            Self::TestServer { controls, is_reset } => {
                if is_reset.get() {
                    is_reset.set(controls.reset());
                }
                controls.counts()
            }
            Self::None => None,
        }
    }

    /// Returns what the server counted since `before`, the result of [`before`](Self::before). Returns `None` for a
    /// server without counters.
    pub(super) fn since(&self, before: Option<Counts>) -> Option<SeenByServer> {
        match self {
            Self::Embedded(by) => by.seen(),
            Self::TestServer { controls, .. } => {
                let (before, after) = (before?, controls.counts()?);
                Some(SeenByServer {
                    requests: after.requests.checked_sub(before.requests)?,
                    connections: after.connections.checked_sub(before.connections)?,
                    // A peak that has not risen may be from before this run, unless there were no requests before.
                    peak_in_flight: Some(after.peak_in_flight)
                        .filter(|&peak| before.requests == 0 || peak > before.peak_in_flight),
                })
            }
            Self::None => None,
        }
    }
}

impl Controls<'_> {
    /// Returns whether the server calls itself a test-server. Asks it, unless that is known.
    fn is_test_server(&self, server: &Server, by: &ServedBy) -> bool {
        match (server, by) {
            (_, ServedBy::External(name)) => name.is_test_server(),
            (Server::Custom(_), _) => {
                let asked = self
                    .engine
                    .client()
                    .server_name(self.base.root(), self.limit);
                let name = self.ask(asked).and_then(Result::ok);
                name.is_some_and(|name| ServerName::new(name).is_test_server())
            }
            (Server::Labelled(_) | Server::Remote | Server::Listed, _) => false,
        }
    }

    /// Requests `/__stats`. Returns `None` if the answer does not have the counters.
    fn counts(&self) -> Option<Counts> {
        let mut seen = Seen::default();
        let fetch = self.engine.client().fetch(self.base.stats(), &mut seen);
        let answer = self.ask(fetch)?.body.ok()?;
        serde_json::from_slice(&answer).ok()
    }

    /// Resets the server. Returns whether it allowed that.
    fn reset(&self) -> bool {
        let post = self.engine.client().post(self.base.reset());
        self.ask(post).unwrap_or(false)
    }

    /// Waits for the answer to a request. Returns `None` if the comparison is stopped before.
    fn ask<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        self.engine.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => None,
                answer = request => Some(answer),
            }
        })
    }
}
