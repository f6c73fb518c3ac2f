//! A running proxy, its settings and its thread.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::oneshot;

use super::relay::relay;
use super::shape::shapes;
use crate::connection::limits;
use crate::connection::listen;
use crate::connection::refusals::Refusals;
use crate::fault::Layer;
use crate::plan::{Plan, PlanError};
use crate::recording::counters::{Counters, OpenConnection, Stats};
use crate::server::serve::accept;
use crate::server::{ChangeError, DEFAULT_SEED};

/// A proxy for connections of any protocol, which runs until it is stopped or dropped.
///
/// It accepts connections on loopback, connects to another server for each, and passes the bytes on under the faults
/// `tcp-...` of its plan. The faults of a connection depend on the seed and on the number of the connection since the
/// start, the last reset or the last change of the plan.
///
/// ```
/// use std::io::Read as _;
/// use std::net::{TcpListener, TcpStream};
/// use test_server::TcpProxy;
///
/// let database = TcpListener::bind("127.0.0.1:0")?;
/// let proxy = TcpProxy::builder(database.local_addr()?.to_string())
///     .plan("100:tcp-reset+transient=1")?
///     .start()?;
/// let mut client = TcpStream::connect(proxy.addresses()[0])?;
/// assert!(client.read(&mut [0]).is_err(), "the first connection is reset");
/// assert_eq!(proxy.stats().injected["tcp-reset"], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TcpProxy {
    state: Arc<State>,
    addresses: Vec<SocketAddr>,
    stopper: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The settings of a proxy to start. By default it changes nothing, and listens on a free port of loopback.
#[derive(Debug, Clone)]
#[must_use = "a builder starts nothing until `start` is called"]
pub struct TcpBuilder {
    name: String,
    upstream: String,
    plan: Plan,
    seed: u64,
    port: u16,
    address: Option<IpAddr>,
    report_refusals: bool,
}

/// What the connections share. Only the plan and the counters change.
#[derive(Debug)]
struct State {
    name: String,
    upstream: String,
    plan: RwLock<Arc<Plan>>,
    seed: u64,
    counters: Arc<Counters>,
    refusals: Refusals,
}

impl TcpBuilder {
    /// Sets the name in messages (default: `tcp`).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the plan from its text (default: [`Plan::normal`]).
    ///
    /// # Errors
    /// If the text is not a valid plan, or has a fault of requests; the error points at the wrong word.
    pub fn plan(mut self, text: &str) -> Result<Self, PlanError> {
        let plan: Plan = text.parse()?;
        match plan.not_for_tcp() {
            Some(fault) => Err(PlanError::at_word(text, fault, why_not_for_tcp(fault))),
            None => {
                self.plan = plan;
                Ok(self)
            }
        }
    }

    /// Sets the plan (default: [`Plan::normal`]). It may have the faults `tcp-...`, `transient` and `seq`.
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// Sets the seed that decides which connections meet which faults (default: [`DEFAULT_SEED`]).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
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

    /// Writes a line to standard error, at most once a minute, if the system refuses connections or the other server
    /// cannot be reached.
    pub fn report_refusals(mut self) -> Self {
        self.report_refusals = true;
        self
    }

    /// Starts the proxy. Clients can connect when this returns. The other server need not run yet.
    ///
    /// # Errors
    /// If the port is in use, the address of the other server is not `HOST:PORT` or is that of the proxy, the plan has a
    /// fault of requests, or no thread can be started. In these cases nothing is left running.
    pub fn start(self) -> io::Result<TcpProxy> {
        limits::raise_descriptor_limit();
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        check_plan(&self.plan).map_err(invalid)?;
        let listeners = match self.address {
            Some(address) => listen::bind_address(address, self.port, listen::BACKLOG)?,
            None => listen::bind_loopback(self.port, listen::BACKLOG)?,
        };
        let addresses = listeners.iter().map(TcpListener::local_addr);
        let addresses = addresses.collect::<io::Result<Vec<_>>>()?;
        check_upstream(&self.upstream, &addresses).map_err(invalid)?;
        let state = Arc::new(State {
            name: self.name,
            upstream: self.upstream,
            plan: RwLock::new(Arc::new(self.plan)),
            seed: self.seed,
            counters: Arc::new(Counters::new()),
            refusals: Refusals::new(self.report_refusals),
        });
        limits::check_descriptors()?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listeners = {
            let _runtime_context = runtime.enter();
            let listeners = listeners.into_iter().map(tokio::net::TcpListener::from_std);
            listeners.collect::<io::Result<Vec<_>>>()?
        };
        let (stopper, stopped) = oneshot::channel::<()>();
        let thread = {
            let state = Arc::clone(&state);
            let run = move || {
                runtime.block_on(async {
                    for listener in listeners {
                        tokio::spawn(serve(listener, Arc::clone(&state)));
                    }
                    let _ = stopped.await;
                });
            };
            thread::Builder::new()
                .name(format!("tcp proxy {}", addresses[0].port()))
                .spawn(run)?
        };
        Ok(TcpProxy {
            state,
            addresses,
            stopper: Some(stopper),
            thread: Some(thread),
        })
    }
}

impl TcpProxy {
    /// Returns a builder of a proxy in front of the server at this `HOST:PORT`. The host is looked up for each
    /// connection.
    pub fn builder(upstream: impl Into<String>) -> TcpBuilder {
        TcpBuilder {
            name: "tcp".to_owned(),
            upstream: upstream.into(),
            plan: Plan::normal(),
            seed: DEFAULT_SEED,
            port: 0,
            address: None,
            report_refusals: false,
        }
    }

    /// Returns the name of the proxy.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Returns the port, which is the same on all addresses.
    pub fn port(&self) -> u16 {
        self.addresses[0].port()
    }

    /// Returns the addresses on which the proxy listens, at least one.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns the seed that decides which connections meet which faults.
    pub fn seed(&self) -> u64 {
        self.state.seed
    }

    /// Returns a copy of the current plan.
    pub fn plan(&self) -> Plan {
        Plan::clone(&self.state.plan())
    }

    /// Describes the proxy as a sentence without a subject, such as `passes connections on to 127.0.0.1:5432`.
    pub fn describe(&self) -> String {
        let of_connections = self.state.plan().describe_connections();
        format!(
            "passes connections on to {}{of_connections}",
            self.state.upstream
        )
    }

    /// Changes the plan for all later connections, whose numbers begin anew. Open connections keep their faults.
    ///
    /// # Errors
    /// If the plan has a fault of requests.
    pub fn set_plan(&self, plan: Plan) -> Result<(), ChangeError> {
        check_plan(&plan).map_err(ChangeError::new)?;
        let mut current = self
            .state
            .plan
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(plan);
        self.state.counters.begin_plan();
        Ok(())
    }

    /// Resets the counters and the numbers of connections.
    pub fn reset(&self) {
        self.state.counters.reset();
    }

    /// Returns the counters since the start or the last reset: `connections`, `open_connections` and `injected`. Those of
    /// requests stay 0.
    pub fn stats(&self) -> Stats {
        self.state.counters.stats()
    }

    /// Blocks until the counters meet `condition`, and returns them. Checks after each change instead of polling.
    ///
    /// # Errors
    /// The counters at the end of `timeout`, if they did not meet the condition by then.
    pub fn wait_until(
        &self,
        timeout: Duration,
        condition: impl FnMut(&Stats) -> bool,
    ) -> Result<Stats, Stats> {
        self.state.counters.wait_until(timeout, condition)
    }

    /// Stops the proxy, closes its connections and returns its counters. The port is free when this returns.
    pub fn stop(mut self) -> Stats {
        self.end();
        self.stats()
    }

    fn end(&mut self) {
        drop(self.stopper.take());
        if let Some(thread) = self.thread.take() {
            // An `Err` means that the thread panicked, which the panic hook has already reported.
            let _ = thread.join();
        }
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.end();
    }
}

impl State {
    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn check_plan(plan: &Plan) -> Result<(), String> {
    plan.not_for_tcp()
        .map_or(Ok(()), |fault| Err(why_not_for_tcp(fault)))
}

fn why_not_for_tcp(fault: &str) -> String {
    format!("'{fault}' is not for TCP: use tcp-..., transient and seq")
}

/// Checks that a text is the address of another server than the one at these addresses.
fn check_upstream(upstream: &str, addresses: &[SocketAddr]) -> Result<(), String> {
    let address = upstream.rsplit_once(':').and_then(|(host, port)| {
        let port: u16 = port.parse().ok()?;
        (!host.is_empty() && port > 0).then_some((host, port))
    });
    let (host, port) =
        address.ok_or_else(|| format!("'{upstream}' is not an address such as 127.0.0.1:5432"))?;
    let host = host.trim_matches(['[', ']']);
    let is_own = addresses.iter().any(|address| {
        let is_loopback = host == "localhost" && address.ip().is_loopback();
        address.port() == port && (host.parse() == Ok(address.ip()) || is_loopback)
    });
    if is_own {
        return Err("a server cannot be its own upstream server".to_owned());
    }
    Ok(())
}

/// Accepts connections for ever and relays each in a task of its own.
async fn serve(listener: tokio::net::TcpListener, state: Arc<State>) {
    loop {
        let (client, _) = accept(&listener, &state.name, &state.refusals).await;
        let open = state.counters.connection_accepted();
        let number = state.counters.count_connection_of_plan();
        tokio::spawn(serve_connection(client, number, open, Arc::clone(&state)));
    }
}

/// Relays a connection, by its number since the plan was set.
async fn serve_connection(client: TcpStream, number: u64, open: OpenConnection, state: Arc<State>) {
    let plan = state.plan();
    let faults = plan.faults_of_connection(Layer::Tcp, state.seed, number);
    for fault in &faults {
        state.counters.record_fault_of_connection(fault.name());
    }
    let (to_client, to_server) = shapes(&faults, state.seed, &format!("connection {number}"));
    match TcpStream::connect(&state.upstream).await {
        Ok(server) => {
            // Small pieces are not to be joined to larger ones.
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            relay(client, server, &to_client, &to_server).await;
        }
        Err(error) => {
            state
                .refusals
                .report_upstream(&state.name, &state.upstream, &error);
            // As close as an accepted connection comes to a refused one.
            let _ = client.set_zero_linger();
            drop(client);
        }
    }
    drop(open);
}
