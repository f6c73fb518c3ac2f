//! A running server: its sockets, its thread and its shutdown.
//!
//! The server has its own thread and its own runtime, so `start` and `stop` are ordinary blocking calls. A test needs
//! no runtime, and a client that blocks its runtime cannot block the server.
//!
//! * `serve`: accepts connections and serves HTTP on each of them
//! * `certificates`: where the certificates of a server come from
//! * `builder`: the settings of a server
//! * `settings`: further settings of a server
//! * `start`: starts a server with its settings
//! * `testing`: the routes and the expectations of a server in a test
//! * `label`: LOCAL, DELAY and ERROR, their ports and their plans

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::connection::background::Background;
#[cfg(feature = "tls")]
use crate::connection::tls::Tls;
use crate::plan::Plan;
use crate::recording::counters::Stats;
use crate::recording::journal::RecordedRequest;
use crate::site::Site;
use crate::site::control;

mod builder;
mod certificates;
pub(crate) mod label;
pub(crate) mod serve;
mod settings;
mod start;
mod testing;

pub use builder::{Builder, DEFAULT_HEADER_TIMEOUT, DEFAULT_SEED};

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct TestServer {
    pub(crate) site: Arc<Site>,
    background: Background,
    /// Whether `stop` has checked the expectations.
    is_checked: bool,
    /// The connections that keep the accept queue full under `backlog-full`.
    _fillers: Vec<TcpStream>,
}

/// The reason why a plan cannot be set on a running server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChangeError(String);

impl ChangeError {
    #[cfg(feature = "tcp")]
    pub(crate) fn new(why: String) -> Self {
        Self(why)
    }
}

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
        Builder::new()
    }

    /// Returns the base URL of the flags, `http://localhost:PORT/flags`. The URL of a flag is `{url}/br/br.gif`. In front
    /// of an upstream server or a folder, and with the paths of httpbin, returns `http://localhost:PORT`. With TLS, the
    /// URL begins with `https`.
    pub fn url(&self) -> String {
        let has_flags = self.site.has_own_paths() && !self.site.httpbin;
        self.base_url() + if has_flags { "/flags" } else { "" }
    }

    /// Returns the URL of the server without a path, to which those of routes and control paths can be appended:
    /// `http://localhost:PORT`, or with TLS `https://localhost:PORT`.
    pub fn base_url(&self) -> String {
        self.background.addresses().url(self.site.scheme())
    }

    /// Returns the certificate of the authority that has signed the certificate of this server, in PEM. Returns `None`
    /// without TLS.
    ///
    /// ```
    /// use test_server::TestServer;
    ///
    /// let server = TestServer::builder().tls().start()?;
    /// assert!(server.url().starts_with("https://localhost:"));
    /// assert!(server.ca_pem().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn ca_pem(&self) -> Option<&str> {
        self.site.tls.as_ref().map(Tls::ca_pem)
    }

    /// Returns the port, which is the same on all addresses.
    pub fn port(&self) -> u16 {
        self.background.addresses().port()
    }

    /// Returns the addresses on which the server listens, at least one.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.background.addresses().all()
    }

    /// Describes the current plan as a sentence without a subject, such as `answers at once`.
    pub fn describe(&self) -> String {
        let plan = self.site.plan().describe();
        let httpbin = if self.site.httpbin {
            "answers as httpbin, "
        } else {
            ""
        };
        match (&self.site.upstream, &self.site.folder) {
            (Some(upstream), _) => format!("{httpbin}forwards to {} and {plan}", upstream.url()),
            (None, Some(folder)) => {
                format!("{httpbin}serves {} and {plan}", folder.path().display())
            }
            (None, None) if self.site.httpbin => format!("answers as httpbin and {plan}"),
            (None, None) => plan,
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
    /// If the plan has a fault that can only be set at the start of a server (`backlog-full`), or one of TLS on a server
    /// without it.
    pub fn set_plan(&self, plan: Plan) -> Result<(), ChangeError> {
        control::check_changeable(&self.site, &plan).map_err(ChangeError)?;
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

    /// Returns the last requests since the start or the last reset, oldest first: as many as [`Builder::journal`] says, and
    /// from the first expectation on all. Requests that are refused are among them, and those for control paths are not.
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
        self.site.journal.requests()
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
    /// port is free when this returns. Expectations are checked before, while requests can still come.
    ///
    /// # Panics
    /// If an expectation is not met, as when the server is dropped.
    #[track_caller]
    pub fn stop(mut self) -> Stats {
        let unmet = self.unmet();
        self.is_checked = true;
        self.background.stop();
        let stats = self.stats();
        if let Some(message) = unmet {
            panic!("{message}");
        }
        stats
    }
}

impl Drop for TestServer {
    /// Stops the server.
    ///
    /// # Panics
    /// If an expectation is not met, unless the thread is panicking.
    fn drop(&mut self) {
        // Before the end: a check may wait for requests. `stop` has made it already.
        let is_checked = self.is_checked || thread::panicking();
        let unmet = (!is_checked).then(|| self.unmet()).flatten();
        self.background.stop();
        if let Some(message) = unmet {
            panic!("{message}");
        }
    }
}
