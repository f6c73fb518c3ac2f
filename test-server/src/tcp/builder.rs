//! The settings of a proxy, and its start.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use super::proxy::{TcpProxy, serve};
use super::state::{State, check_plan, why_not_for_tcp};
use crate::connection::background::Background;
use crate::connection::refusals::Refusals;
use crate::connection::{limits, listen};
use crate::plan::{Plan, PlanError};
use crate::recording::counters::Counters;
use crate::recording::current_plan::CurrentPlan;
use crate::server::DEFAULT_SEED;

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

impl TcpBuilder {
    pub(super) fn new(upstream: String) -> Self {
        Self {
            name: "tcp".to_owned(),
            upstream,
            plan: Plan::normal(),
            seed: DEFAULT_SEED,
            port: 0,
            address: None,
            report_refusals: false,
        }
    }

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
            Some(fault) => Err(PlanError::at_fault(text, fault, why_not_for_tcp(fault))),
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
        let (host, port) = split(&self.upstream).map_err(invalid)?;
        let sockets = listen::bind(self.address, self.port, listen::BACKLOG)?;
        if sockets.1.are_reached_by(host, port) {
            return Err(invalid(
                "a server cannot be its own upstream server".to_owned(),
            ));
        }
        let counters = Arc::new(Counters::new());
        let state = Arc::new(State {
            name: self.name,
            upstream: self.upstream,
            plan: CurrentPlan::new(self.plan, Arc::clone(&counters)),
            seed: self.seed,
            counters,
            refusals: Refusals::new(self.report_refusals),
        });
        let serve = {
            let state = Arc::clone(&state);
            move |listener| drop(tokio::spawn(serve(listener, Arc::clone(&state))))
        };
        let background = Background::start("tcp proxy", sockets, serve)?;
        Ok(TcpProxy { background, state })
    }
}

/// Splits an address into its host and its port.
fn split(address: &str) -> Result<(&str, u16), String> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| {
        let port: u16 = port.parse().ok()?;
        (!host.is_empty() && port > 0).then_some((host, port))
    });
    parts.ok_or_else(|| format!("'{address}' is not an address such as 127.0.0.1:5432"))
}

impl TcpProxy {
    /// Returns a builder of a proxy in front of the server at this `HOST:PORT`. The host is looked up for each
    /// connection.
    pub fn builder(upstream: impl Into<String>) -> TcpBuilder {
        TcpBuilder::new(upstream.into())
    }
}
