//! A running proxy.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::relay::relay;
use super::shape::shapes;
use super::state::State;
use crate::connection::background::Background;
use crate::fault::Layer;
use crate::plan::Plan;
use crate::recording::counters::{OpenConnection, Stats};
use crate::server::ChangeError;
use crate::server::serve::accept;

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
    pub(super) background: Background,
    pub(crate) state: Arc<State>,
}

impl TcpProxy {
    /// Returns the name of the proxy.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Returns the port, which is the same on all addresses.
    pub fn port(&self) -> u16 {
        self.background.addresses().port()
    }

    /// Returns the URL of the proxy, `tcp://localhost:PORT`, or with the address on which it listens.
    pub fn url(&self) -> String {
        self.background.addresses().url("tcp")
    }

    /// Returns the addresses on which the proxy listens, at least one.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.background.addresses().all()
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
        self.state.set_plan(plan).map_err(ChangeError::new)
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
        self.background.stop();
        self.stats()
    }
}

/// Accepts connections for ever and relays each in a task of its own.
pub(super) async fn serve(listener: tokio::net::TcpListener, state: Arc<State>) {
    loop {
        let (client, _) = accept(&listener, &state.name, &state.refusals).await;
        let open = state.counters.connection_accepted();
        let counted = state.plan.count_connection();
        tokio::spawn(serve_connection(client, counted, open, Arc::clone(&state)));
    }
}

/// Relays a connection, by its number under its plan.
async fn serve_connection(
    client: TcpStream,
    (plan, number): (Arc<Plan>, u64),
    open: OpenConnection,
    state: Arc<State>,
) {
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
