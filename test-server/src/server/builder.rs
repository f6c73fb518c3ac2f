//! The settings of a server, and its start.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::http::HeaderValue;
use safe_text::writable_date;
use tokio::runtime;
use tokio::sync::oneshot;

use super::TestServer;
use super::certificates::Certificates;
use crate::connection::limits;
use crate::connection::listen;
use crate::connection::refusals::Refusals;
use crate::connection::tls::Tls;
use crate::content::folder::Folder;
use crate::content::images::Images;
use crate::content::route::{Response, RouteTable};
use crate::content::upstream::Upstream;
use crate::exchange::quotas::Quotas;
use crate::expectation::Expectations;
use crate::fault::MAX_DURATION;
use crate::matching::Matcher;
use crate::plan::{Plan, PlanError};
use crate::recording::access_log::AccessLog;
use crate::recording::counters::Counters;
use crate::recording::journal::Journal;
use crate::server::serve;
use crate::site::Site;
use crate::site::access::Access;
use crate::site::group::Group;
use crate::site::routes;

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
    name: String,
    plan: Plan,
    seed: u64,
    port: u16,
    address: Option<IpAddr>,
    flags_dir: Option<PathBuf>,
    upstream: Option<Arc<Upstream>>,
    pub(super) routes: Vec<(Matcher, Response)>,
    pub(super) root: Option<PathBuf>,
    pub(super) httpbin: bool,
    pub(super) certificates: Certificates,
    admin: bool,
    pub(super) hosts: Vec<String>,
    pub(super) token: Option<String>,
    pub(super) cors: bool,
    access_log: bool,
    report_refusals: bool,
    header_timeout: Duration,
    draw_by_query: bool,
    journal: usize,
    group: Option<Group>,
    server_header: String,
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
    /// If the port is in use on one of the addresses, the plan has a fault of TLS and the server has none, the folder of
    /// flags or of files cannot be served, the `Server` header is
    /// not a valid header value, or no thread can be started. In these cases nothing is left running.
    pub fn start(mut self) -> io::Result<TestServer> {
        limits::raise_descriptor_limit();
        let server_header = HeaderValue::from_str(&self.server_header).map_err(io::Error::other)?;
        let images = match &self.flags_dir {
            Some(folder) => Images::read_from(folder).map_err(io::Error::other)?,
            None => Images::built_in(),
        };
        let folder = match self.root.take() {
            Some(root) => Some(Arc::new(Folder::open(&root)?)),
            None => None,
        };
        let tls = self.certificates.make(self.address, &self.hosts)?;
        let check = self.plan.check_layers(tls.is_some());
        check.map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        self.plan.prepare();
        let fills_backlog = self.plan.fills_the_backlog();
        check_clock(SystemTime::now())?;
        let (listeners, addresses) = self.bind(if fills_backlog { 0 } else { listen::BACKLOG })?;
        let group = self.group.take().unwrap_or_default();
        let on_loopback = self.address.is_none();
        let site = Arc::new(self.into_site(images, folder, tls)?);

        limits::check_descriptors()?;
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
            on_loopback,
            stopper: Some(stopper),
            thread: Some(thread),
            _fillers: fillers,
        })
    }

    /// Listens. Returns the sockets with their addresses.
    fn bind(&self, backlog: i32) -> io::Result<(Vec<TcpListener>, Vec<SocketAddr>)> {
        let listeners = match self.address {
            Some(address) => listen::bind_address(address, self.port, backlog)?,
            None => listen::bind_loopback(self.port, backlog)?,
        };
        let addresses = listeners.iter().map(TcpListener::local_addr);
        let addresses = addresses.collect::<io::Result<Vec<_>>>()?;
        let upstream = self.upstream.as_ref();
        if upstream.is_some_and(|upstream| upstream.is_at(&addresses)) {
            let why = "a server cannot be its own upstream server";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Ok((listeners, addresses))
    }

    /// Returns the state that the handlers share.
    fn into_site(
        self,
        images: Images,
        folder: Option<Arc<Folder>>,
        tls: Option<Tls>,
    ) -> io::Result<Site> {
        let routes = RouteTable::default();
        for (matcher, response) in self.routes {
            routes.add_fixed(matcher, response);
        }
        let counters = Arc::new(Counters::new());
        let journal = Arc::new(Journal::new(self.journal));
        Ok(Site {
            name: self.name,
            plan: RwLock::new(Arc::new(self.plan)),
            seed: self.seed,
            images,
            routes,
            upstream: self.upstream,
            folder,
            httpbin: self.httpbin,
            tls,
            expectations: Arc::new(Expectations::new(
                Arc::clone(&journal),
                Arc::clone(&counters),
            )),
            counters,
            quotas: Quotas::default(),
            journal,
            access: Access {
                is_open: self.admin || self.address.is_none_or(|address| address.is_loopback()),
                hosts: self.hosts,
                token: self.token,
            },
            cors: self.cors,
            access_log: if self.access_log {
                Some(AccessLog::start()?)
            } else {
                None
            },
            header_timeout: self.header_timeout,
            query_in_keys: self.draw_by_query,
            refusals: Refusals::new(self.report_refusals),
        })
    }
}

/// Checks that answers can have a date. hyper panics at the first answer otherwise, and the client sees a reset.
fn check_clock(now: SystemTime) -> io::Result<()> {
    match now == writable_date(now) {
        true => Ok(()),
        false => Err(io::Error::other(
            "the clock of this machine is before 1970 or after 9999, and an answer needs a date",
        )),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_whose_dates_cannot_be_written_is_an_error() {
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(check_clock(SystemTime::UNIX_EPOCH).is_ok());
        for clock in [
            SystemTime::UNIX_EPOCH - day,
            SystemTime::UNIX_EPOCH + day * 3_000_000,
        ] {
            let error = check_clock(clock).unwrap_err().to_string();
            assert!(error.contains("before 1970 or after 9999"), "{error}");
        }
    }
}
