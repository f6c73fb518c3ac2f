//! A running server: its sockets, its thread and its shutdown.
//!
//! The server has its own thread and its own runtime, so `start` and `stop` are ordinary blocking calls. A test needs
//! no runtime, and a client that blocks its runtime cannot block the server.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::access_log::AccessLog;
use crate::control;
use crate::counters::{Counters, Stats};
use crate::fault::MAX_DURATION;
use crate::group::Group;
use crate::images::Images;
use crate::journal::{Journal, RecordedRequest};
use crate::limits;
use crate::listen;
use crate::plan::{Plan, PlanError};
use crate::quotas::Quotas;
use crate::refusals::Refusals;
use crate::routes;
use crate::serve;
use crate::site::Site;
use crate::upstream::Upstream;

/// The default seed. With it and its default plan, ERROR serves 150 flags of AA...ZZ, answers 361 with 404 and fails
/// for 165, the same numbers as in the sample run of *Fluent Python*.
pub const DEFAULT_SEED: u64 = 35;

/// How long the head of a request may take by default: longer than any client needs, but not for ever.
pub const DEFAULT_HEADER_TIMEOUT: Duration = Duration::from_secs(300);

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct TestServer {
    site: Arc<Site>,
    addresses: Vec<SocketAddr>,
    on_loopback: bool,
    stopper: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The connections that keep the accept queue full under `backlog-full`.
    _fillers: Vec<TcpStream>,
}

/// The reason why a plan cannot be set on a running server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChangeError(&'static str);

impl TestServer {
    /// Starts a server with this plan on a free port of loopback. Clients can connect when this returns.
    ///
    /// # Errors
    /// If no port is available or no thread can be started.
    pub fn start(plan: Plan) -> io::Result<Self> {
        Self::builder().with_plan(plan).start()
    }

    /// Returns a builder with the default settings.
    ///
    /// ```
    /// use test_server::TestServer;
    ///
    /// let server = TestServer::builder().plan("25:reset,50:delay=uniform(100ms..2s)")?.seed(7).start()?;
    /// assert_ne!(server.port(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> Builder {
        Builder {
            name: "test-server".to_owned(),
            plan: Plan::normal(),
            seed: DEFAULT_SEED,
            port: 0,
            address: None,
            flags_dir: None,
            upstream: None,
            admin: false,
            access_log: false,
            report_refusals: false,
            header_timeout: DEFAULT_HEADER_TIMEOUT,
            draw_by_query: false,
            journal: 0,
            group: None,
            server_header: concat!("test-server/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Returns the base URL of the flags, `http://localhost:PORT/flags`. The URL of a flag is `{url}/br/br.gif`. In front
    /// of an upstream server, returns `http://localhost:PORT`.
    pub fn url(&self) -> String {
        let path = if self.site.upstream.is_some() {
            ""
        } else {
            "/flags"
        };
        if self.on_loopback {
            format!("http://localhost:{}{path}", self.port())
        } else {
            format!("http://{}{path}", self.addresses[0])
        }
    }

    /// Returns the port, which is the same on all addresses.
    pub fn port(&self) -> u16 {
        self.addresses[0].port()
    }

    /// Returns the addresses on which the server listens, at least one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Describes the current plan as a sentence without a subject, such as `answers at once`.
    pub fn describe(&self) -> String {
        let plan = self.site.plan().describe();
        match &self.site.upstream {
            Some(upstream) => format!("forwards to {} and {plan}", upstream.url()),
            None => plan,
        }
    }

    /// Returns the name of the server.
    pub fn name(&self) -> &str {
        &self.site.name
    }

    /// Returns the seed that decides which codes meet which faults.
    pub fn seed(&self) -> u64 {
        self.site.seed
    }

    /// Returns a copy of the current plan.
    pub fn plan(&self) -> Plan {
        Plan::clone(&self.site.plan())
    }

    /// Returns how long the plan delays the answer for a code or for another path, as far as that is known before: by
    /// its `delay` faults, on the first attempt. Other faults may take longer.
    ///
    /// ```
    /// use std::time::Duration;
    /// use test_server::TestServer;
    ///
    /// let server = TestServer::builder().plan("100:delay=500ms")?.start()?;
    /// assert_eq!(server.delay_of("br"), Duration::from_millis(500));
    /// assert_eq!(server.delay_of("GET /orders"), Duration::from_millis(500));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delay_of(&self, key: &str) -> Duration {
        let lower = key.to_ascii_lowercase();
        let key = if key.len() == 2 { &lower } else { key };
        self.site.plan().delay_of(self.site.seed, key)
    }

    /// Changes the plan for all later requests. Requests in flight keep the plan they started with.
    ///
    /// ```
    /// # use test_server::{Plan, TestServer};
    /// let server = TestServer::start(Plan::normal())?;
    /// server.set_plan("100:status=503+transient=2".parse()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the plan has a fault that can only be set at the start of a server (`backlog-full`).
    pub fn set_plan(&self, plan: Plan) -> Result<(), ChangeError> {
        control::check_changeable(&plan).map_err(ChangeError)?;
        self.site.set_plan(plan);
        Ok(())
    }

    /// Resets the counters, including the attempts that `transient` and `seq` depend on, and what `limit` counts.
    pub fn reset(&self) {
        self.site.reset();
    }

    /// Returns the counters since the start or the last reset.
    pub fn stats(&self) -> Stats {
        self.site.counters.stats()
    }

    /// Returns the last requests since the start or the last reset, oldest first: as many as [`Builder::journal`] says,
    /// without those for pages and control paths.
    ///
    /// ```
    /// use std::io::{Read as _, Write as _};
    /// use std::net::TcpStream;
    /// use test_server::TestServer;
    ///
    /// let server = TestServer::builder().journal(100).plan("100:status=503")?.start()?;
    /// let mut client = TcpStream::connect(("127.0.0.1", server.port()))?;
    /// write!(client, "POST /orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{{}}")?;
    /// client.read(&mut [0])?;
    ///
    /// let requests = server.requests();
    /// assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/orders"));
    /// assert_eq!((requests[0].body.as_slice(), requests[0].faults.as_slice()), (&b"{}"[..], &["status"][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn requests(&self) -> Vec<RecordedRequest> {
        let journal = self.site.journal.as_ref();
        journal.map(Journal::requests).unwrap_or_default()
    }

    /// Blocks until the counters meet `condition`, and returns them. Checks after each change instead of polling.
    ///
    /// ```
    /// use std::io::Write as _;
    /// use std::net::TcpStream;
    /// use std::time::Duration;
    /// use test_server::{Plan, TestServer};
    ///
    /// let server = TestServer::start(Plan::hold_until(2))?;
    /// let mut client = TcpStream::connect(("127.0.0.1", server.port()))?;
    /// write!(client, "GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    ///
    /// let stats = server.wait_until(Duration::from_secs(10), |stats| stats.in_flight == 1);
    /// assert_eq!(stats.map(|stats| stats.requests), Ok(1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The counters at the end of `timeout`, if they did not meet the condition by then.
    pub fn wait_until(
        &self,
        timeout: Duration,
        condition: impl FnMut(&Stats) -> bool,
    ) -> Result<Stats, Stats> {
        self.site.counters.wait_until(timeout, condition)
    }

    /// Stops the server, closes its connections and returns its counters. Does not wait for requests in flight. The
    /// port is free when this returns.
    pub fn stop(mut self) -> Stats {
        self.end();
        self.stats()
    }

    fn end(&mut self) {
        drop(self.stopper.take());
        if let Some(thread) = self.thread.take() {
            // An `Err` means that the server's thread panicked, which the panic hook has already reported.
            let _ = thread.join();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// The settings of a server to start. By default it answers every code at once, on a free port of loopback, with the
/// built-in flags.
#[derive(Debug, Clone)]
#[must_use = "a builder starts nothing until `start` is called"]
pub struct Builder {
    name: String,
    plan: Plan,
    seed: u64,
    port: u16,
    address: Option<IpAddr>,
    flags_dir: Option<PathBuf>,
    upstream: Option<Arc<Upstream>>,
    admin: bool,
    access_log: bool,
    report_refusals: bool,
    header_timeout: Duration,
    draw_by_query: bool,
    journal: usize,
    group: Option<Group>,
    server_header: String,
}

impl Builder {
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

    /// Sets how long the head of a request may take, at most 366 days, until the server closes its connection (default:
    /// [`DEFAULT_HEADER_TIMEOUT`]). Connections between two requests may stay idle for ever.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout.min(MAX_DURATION);
        self
    }

    /// Records the last `requests` requests, for [`TestServer::requests`] and `GET /__requests` (default: none).
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

    /// Starts the server. Clients can connect when this returns. Raises the limit of open files of the process.
    ///
    /// # Errors
    /// If the port is in use on one of the addresses, the folder of flags cannot be served, the `Server` header is
    /// not a valid header value, or no thread can be started. In these cases nothing is left running.
    pub fn start(self) -> io::Result<TestServer> {
        limits::raise_descriptor_limit();
        let server_header = HeaderValue::from_str(&self.server_header).map_err(io::Error::other)?;
        let images = match &self.flags_dir {
            Some(folder) => Images::read_from(folder).map_err(io::Error::other)?,
            None => Images::built_in(),
        };
        self.plan.prepare();
        let fills_backlog = self.plan.fills_the_backlog();
        let backlog = if fills_backlog { 0 } else { listen::BACKLOG };
        let listeners = match self.address {
            Some(address) => listen::bind_address(address, self.port, backlog)?,
            None => listen::bind_loopback(self.port, backlog)?,
        };
        let addresses = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<Vec<_>>>()?;
        let site = Arc::new(Site {
            name: self.name,
            plan: RwLock::new(Arc::new(self.plan)),
            seed: self.seed,
            images,
            upstream: self.upstream,
            counters: Arc::new(Counters::new()),
            quotas: Quotas::default(),
            journal: (self.journal > 0).then(|| Journal::new(self.journal)),
            control: self.admin || self.address.is_none_or(|address| address.is_loopback()),
            access_log: if self.access_log {
                Some(AccessLog::start()?)
            } else {
                None
            },
            header_timeout: self.header_timeout,
            query_in_keys: self.draw_by_query,
            refusals: Refusals::new(self.report_refusals),
        });

        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let fillers = if fills_backlog {
            listen::fill_backlog(&addresses)
        } else {
            Vec::new()
        };
        let listeners = {
            let _runtime_context = runtime.enter();
            let listeners = listeners.into_iter().map(tokio::net::TcpListener::from_std);
            listeners.collect::<io::Result<Vec<_>>>()?
        };
        let group = self.group.unwrap_or_default();
        group.join(&site, addresses[0].port());
        let (stopper, stopped) = oneshot::channel();
        let thread = {
            let site = Arc::clone(&site);
            let router = routes::router(Arc::clone(&site), group, server_header);
            let run = move || {
                if fills_backlog {
                    // Keeps the listeners open without accepting.
                    let _listeners = listeners;
                    runtime.block_on(async { drop(stopped.await) });
                } else {
                    runtime.block_on(serve_all(listeners, router, site, stopped));
                }
            };
            thread::Builder::new()
                .name(format!("test-server {}", addresses[0].port()))
                .spawn(run)?
        };
        Ok(TestServer {
            site,
            addresses,
            on_loopback: self.address.is_none(),
            stopper: Some(stopper),
            thread: Some(thread),
            _fillers: fillers,
        })
    }
}

/// Serves until the sender of `stopped` is dropped. The connections, also those whose handlers hang, end with the
/// runtime.
async fn serve_all(
    listeners: Vec<tokio::net::TcpListener>,
    router: Router,
    site: Arc<Site>,
    stopped: oneshot::Receiver<()>,
) {
    for listener in listeners {
        tokio::spawn(serve::serve(listener, router.clone(), Arc::clone(&site)));
    }
    let _ = stopped.await;
}
