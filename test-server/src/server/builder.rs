//! The settings of a server.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::certificates::Certificates;
use crate::content::route::Response;
use crate::content::upstream::Upstream;
use crate::fault::MAX_DURATION;
use crate::matching::Matcher;
use crate::plan::{Plan, PlanError};
use crate::site::group::Group;

/// The default seed. With it and its default plan, ERROR serves 150 flags of AA...ZZ, answers 361 with 404 and fails
/// for 165, the same numbers as in the sample run of *Fluent Python*.
pub const DEFAULT_SEED: u64 = 35;

/// How long the head of a request may take by default: longer than any client needs, but not for ever.
pub const DEFAULT_HEADER_TIMEOUT: Duration = Duration::from_secs(300);

/// The settings of a server to start. By default it answers every code at once, on a free port of loopback, with the
/// built-in flags.
#[derive(Debug, Clone)]
#[must_use = "a builder starts nothing until `start` is called"]
pub struct Builder {
    pub(super) name: String,
    pub(super) plan: Plan,
    pub(super) seed: u64,
    pub(super) port: u16,
    pub(super) address: Option<IpAddr>,
    pub(super) flags_dir: Option<PathBuf>,
    pub(super) upstream: Option<Arc<Upstream>>,
    pub(super) routes: Vec<(Matcher, Response)>,
    pub(super) root: Option<PathBuf>,
    pub(super) httpbin: bool,
    pub(super) certificates: Certificates,
    pub(super) admin: bool,
    pub(super) hosts: Vec<String>,
    pub(super) token: Option<String>,
    pub(super) cors: bool,
    pub(super) access_log: bool,
    pub(super) report_refusals: bool,
    pub(super) header_timeout: Duration,
    pub(super) draw_by_query: bool,
    pub(super) journal: usize,
    pub(super) group: Option<Group>,
    pub(super) server_header: String,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            name: "test-server".to_owned(),
            plan: Plan::normal(),
            seed: DEFAULT_SEED,
            port: 0,
            address: None,
            flags_dir: None,
            upstream: None,
            routes: Vec::new(),
            root: None,
            httpbin: false,
            certificates: Certificates::None,
            admin: false,
            hosts: Vec::new(),
            token: None,
            cors: false,
            access_log: false,
            report_refusals: false,
            header_timeout: DEFAULT_HEADER_TIMEOUT,
            draw_by_query: false,
            journal: 0,
            group: None,
            server_header: concat!("test-server/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Sets the name that the page at `/` shows (default: `test-server`).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the plan from its text (default: [`Plan::normal`]).
    ///
    /// # Errors
    /// If the text is not a valid plan; the error points at the wrong word.
    pub fn plan(self, plan: &str) -> Result<Self, PlanError> {
        plan.parse().map(|plan| self.with_plan(plan))
    }

    /// Sets the plan (default: [`Plan::normal`]).
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// Sets the seed that decides which codes and other paths meet which faults (default: [`DEFAULT_SEED`]).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws faults by the query of a request as well, so that `GET /orders?page=1` and `GET /orders?page=2` may meet
    /// different ones (default: by method and path). Flags are always drawn by their code.
    pub fn draw_by_query(mut self) -> Self {
        self.draw_by_query = true;
        self
    }

    /// Sets the port (default: 0, which picks a free one).
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the only address to listen on (default: 127.0.0.1 and, if the machine has it, ::1).
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Serves files such as `br/br.gif` from this folder instead of the built-in flags. The folder is read once, at the
    /// start.
    pub fn flags_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.flags_dir = Some(folder.into());
        self
    }

    /// Forwards requests to another server instead of answering them, so that its clients meet the faults of the plan.
    ///
    /// All paths are those of the other server, except for the control paths. If it cannot be reached, the answer is 502
    /// with the reason.
    ///
    /// ```no_run
    /// use test_server::TestServer;
    ///
    /// let server = TestServer::builder()
    ///     .upstream("http://127.0.0.1:3000".parse()?)
    ///     .plan("25:reset,50:delay=200ms")?
    ///     .start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "proxy")]
    pub fn upstream(mut self, upstream: Upstream) -> Self {
        self.upstream = Some(Arc::new(upstream));
        self
    }

    /// Opens the control paths `/__...` to every client that reaches the server, also if it listens beyond loopback.
    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Writes a line per request to standard error: time, server, code (or path), faults, status, bytes, milliseconds.
    /// If standard error is not read, lines beyond a queue of 10,000 are dropped; no request waits.
    pub fn access_log(mut self) -> Self {
        self.access_log = true;
        self
    }

    /// Writes a line to standard error, at most once a minute, if the system refuses connections, such as when the
    /// process has no descriptor left. The connections wait.
    pub fn report_refusals(mut self) -> Self {
        self.report_refusals = true;
        self
    }

    /// Sets how long the head of a request may take, and the client's part of a TLS handshake, at most 366 days, until the
    /// server closes its connection (default: [`DEFAULT_HEADER_TIMEOUT`]). Connections between two requests may stay idle for ever.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout.min(MAX_DURATION);
        self
    }

    /// Records the last `requests` requests, for [`TestServer::requests`](crate::TestServer::requests)
    /// and `GET /__requests` (default: none).
    pub fn journal(mut self, requests: usize) -> Self {
        self.journal = requests;
        self
    }

    /// Adds the server to a group, whose servers list each other on their pages (default: a group of its own).
    pub fn group(mut self, group: &Group) -> Self {
        self.group = Some(group.clone());
        self
    }

    /// Sets the `Server` header of every response (default: `test-server/` and the version).
    pub fn server_header(mut self, value: impl Into<String>) -> Self {
        self.server_header = value.into();
        self
    }
}
