//! A running server: its sockets, its thread, its end.
//!
//! The server has a thread and a runtime of its own, so `start` and `stop` are ordinary blocking calls: a test needs no
//! runtime, and a client that blocks its own cannot block the server.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::http::HeaderValue;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::access_log::AccessLog;
use crate::connection::{Connections, Wire};
use crate::control;
use crate::counters::{Counters, Stats};
use crate::group::Group;
use crate::images::Images;
use crate::limits;
use crate::listen;
use crate::plan::{Plan, PlanError};
use crate::routes;
use crate::site::Site;

/// The seed of a server that is given none: with it, ERROR serves 150 flags of AA...ZZ, misses 361 and fails 165 times,
/// the very numbers of the sample run in *Fluent Python*.
pub const DEFAULT_SEED: u64 = 35;

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct TestServer {
    site: Arc<Site>,
    addresses: Vec<SocketAddr>,
    on_loopback: bool,
    stopper: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Those that keep the queue full, where nobody is to be accepted.
    _crowd: Vec<TcpStream>,
}

/// Why a running server cannot come under a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChangeError(&'static str);

impl TestServer {
    /// A server under this plan on a free port of loopback, ready when returned.
    ///
    /// # Errors
    /// When no port can be had or no thread be started.
    pub fn start(plan: Plan) -> io::Result<Self> {
        Self::builder().with_plan(plan).start()
    }

    /// A server to be described further.
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
            admin: false,
            access_log: false,
            group: None,
            server_header: concat!("test-server/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// The base URL of the flags, `http://localhost:PORT/flags`; a flag is at `{url}/br/br.gif`.
    pub fn url(&self) -> String {
        if self.on_loopback {
            format!("http://localhost:{}/flags", self.port())
        } else {
            format!("http://{}/flags", self.addresses[0])
        }
    }

    /// The port, the same on all addresses.
    pub fn port(&self) -> u16 {
        self.addresses[0].port()
    }

    /// The addresses listened on, at least one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What a client has to expect here, as a sentence without a subject: `answers at once`.
    pub fn describe(&self) -> String {
        self.site.plan().describe()
    }

    /// What the server calls itself.
    pub fn name(&self) -> &str {
        &self.site.name
    }

    /// What decides which codes meet which fault.
    pub fn seed(&self) -> u64 {
        self.site.seed
    }

    /// How codes are treated now.
    pub fn plan(&self) -> Plan {
        Plan::clone(&self.site.plan())
    }

    /// Treats codes like this from now on. Requests that are being answered go on as they began.
    ///
    /// ```
    /// # use test_server::{Plan, TestServer};
    /// let server = TestServer::start(Plan::normal())?;
    /// server.set_plan("100:status=503+transient=2".parse()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a fault of the plan is only for a server that is started with it.
    pub fn set_plan(&self, plan: Plan) -> Result<(), ChangeError> {
        control::check_changeable(&plan).map_err(ChangeError)?;
        self.site.set_plan(plan);
        Ok(())
    }

    /// Begins to count anew, and to count the attempts at each code.
    pub fn reset(&self) {
        self.site.counters.reset();
    }

    /// What the server has seen so far.
    pub fn stats(&self) -> Stats {
        self.site.counters.stats()
    }

    /// Ends the server, whatever it is in the middle of, and returns what it has seen. Its port is free afterwards.
    pub fn stop(mut self) -> Stats {
        self.end();
        self.stats()
    }

    fn end(&mut self) {
        drop(self.stopper.take());
        if let Some(thread) = self.thread.take() {
            // An `Err` is a panic of the server's thread, which has been reported there.
            let _ = thread.join();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// A server yet to be started: by default under no plan, on a free port of loopback, with the built-in flags.
#[derive(Debug, Clone)]
#[must_use = "a builder starts nothing until `start` is called"]
pub struct Builder {
    name: String,
    plan: Plan,
    seed: u64,
    port: u16,
    address: Option<IpAddr>,
    flags_dir: Option<PathBuf>,
    admin: bool,
    access_log: bool,
    group: Option<Group>,
    server_header: String,
}

impl Builder {
    /// What the server calls itself on its page at `/` (default: `test-server`).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How codes are treated, in the plan language (default: normally).
    ///
    /// # Errors
    /// When the text is no plan; the error points at the word.
    pub fn plan(self, plan: &str) -> Result<Self, PlanError> {
        plan.parse().map(|plan| self.with_plan(plan))
    }

    /// How codes are treated (default: [`Plan::normal`]).
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// What decides which codes meet which fault (default: [`DEFAULT_SEED`]).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The port (default: 0, a free one).
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The one address to listen on (default: 127.0.0.1 and, where there is one, ::1).
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// A folder with files such as `br/br.gif` to serve instead of the built-in flags, read once at the start.
    pub fn flags_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.flags_dir = Some(folder.into());
        self
    }

    /// Opens the control paths `/__...` to everyone who reaches the server, where it does not listen on loopback alone.
    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Writes a line per request to standard error: time, server, code (or path), faults,
    /// status, bytes, milliseconds. Lines that nobody reads are left out in the end.
    pub fn access_log(mut self) -> Self {
        self.access_log = true;
        self
    }

    /// Names this server on the pages of the others of this group, and them on its own (default: it stands alone).
    pub fn group(mut self, group: &Group) -> Self {
        self.group = Some(group.clone());
        self
    }

    /// The `Server` header of every answer (default: `test-server/` and the version).
    pub fn server_header(mut self, value: impl Into<String>) -> Self {
        self.server_header = value.into();
        self
    }

    /// Starts the server; it can be connected to when this returns. Raises the limit of open files of the process.
    ///
    /// # Errors
    /// When the port is taken on any of the addresses, when the folder of flags cannot be served, when the `Server` header
    /// is not a header value, or when no thread can be started. Nothing is left running then.
    pub fn start(self) -> io::Result<TestServer> {
        limits::raise_descriptor_limit();
        let server_header = HeaderValue::from_str(&self.server_header).map_err(io::Error::other)?;
        let images = match &self.flags_dir {
            Some(folder) => Images::read_from(folder).map_err(io::Error::other)?,
            None => Images::built_in(),
        };
        let full = self.plan.fills_the_backlog();
        let backlog = if full { 0 } else { listen::BACKLOG };
        let listeners = match self.address {
            Some(address) => listen::on_address(address, self.port, backlog)?,
            None => listen::on_loopback(self.port, backlog)?,
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
            counters: Arc::new(Counters::new()),
            control: self.admin || self.address.is_none_or(|address| address.is_loopback()),
            access_log: if self.access_log {
                Some(AccessLog::start()?)
            } else {
                None
            },
        });

        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let crowd = if full {
            listen::fill(&addresses)
        } else {
            Vec::new()
        };
        let listeners = {
            let _watched_by = runtime.enter();
            let listeners = listeners.into_iter().map(tokio::net::TcpListener::from_std);
            listeners.collect::<io::Result<Vec<_>>>()?
        };
        let group = self.group.unwrap_or_default();
        group.join(&site, addresses[0].port());
        let (stopper, stopped) = oneshot::channel();
        let thread = {
            let site = Arc::clone(&site);
            let router = routes::router(Arc::clone(&site), group, server_header);
            let work = move || {
                if full {
                    // The listeners stay, and nobody accepts.
                    let _listeners = listeners;
                    runtime.block_on(async { drop(stopped.await) });
                } else {
                    runtime.block_on(serve(listeners, router, site, stopped));
                }
            };
            thread::Builder::new()
                .name(format!("test-server {}", addresses[0].port()))
                .spawn(work)?
        };
        Ok(TestServer {
            site,
            addresses,
            on_loopback: self.address.is_none(),
            stopper: Some(stopper),
            thread: Some(thread),
            _crowd: crowd,
        })
    }
}

/// Serves until the other end of `stopped` is dropped. Connections end with the runtime, hung handlers included.
async fn serve(
    listeners: Vec<tokio::net::TcpListener>,
    router: Router,
    site: Arc<Site>,
    stopped: oneshot::Receiver<()>,
) {
    for listener in listeners {
        let connections = Connections::new(listener, Arc::clone(&site.counters));
        let service = router.clone().into_make_service_with_connect_info::<Wire>();
        tokio::spawn(async move { axum::serve(connections, service).await });
    }
    let _ = stopped.await;
}
