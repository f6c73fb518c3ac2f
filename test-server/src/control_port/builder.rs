//! The settings of a port of control paths, and its start.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::ControlPort;
use super::paths::{Controlled, Paths};
use crate::connection::background::Background;
use crate::connection::refusals::Refusals;
use crate::connection::{limits, listen};
use crate::server::serve::accept;
use crate::server::{DEFAULT_HEADER_TIMEOUT, TestServer};
use crate::site::access::Access;
#[cfg(feature = "tcp")]
use crate::tcp::TcpProxy;

/// The settings of a port of control paths to open. By default it is a free port of loopback.
#[derive(Debug, Clone)]
#[must_use = "a builder opens nothing until `start` is called"]
pub struct ControlPortBuilder {
    port: u16,
    address: Option<IpAddr>,
    admin: bool,
    hosts: Vec<String>,
    token: Option<String>,
    report_refusals: bool,
    controlled: Vec<(String, Controlled)>,
}

impl ControlPortBuilder {
    pub(super) fn new() -> Self {
        Self {
            port: 0,
            address: None,
            admin: false,
            hosts: Vec::new(),
            token: None,
            report_refusals: false,
            controlled: Vec::new(),
        }
    }

    /// Adds the control paths of this server, below its name.
    pub fn server(mut self, server: &TestServer) -> Self {
        let controlled = Controlled::Server(Arc::downgrade(&server.site));
        self.controlled.push((server.name().to_owned(), controlled));
        self
    }

    /// Adds the control paths of this proxy, below its name: `/__stats`, `/__reset`, `/__plan` and `/__health`.
    #[cfg(feature = "tcp")]
    pub fn proxy(mut self, proxy: &TcpProxy) -> Self {
        let controlled = Controlled::Proxy(Arc::downgrade(&proxy.state));
        self.controlled.push((proxy.name().to_owned(), controlled));
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

    /// As [`Builder::admin`](crate::Builder::admin).
    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// As [`Builder::allow_host`](crate::Builder::allow_host).
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// As [`Builder::token`](crate::Builder::token).
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// As [`Builder::report_refusals`](crate::Builder::report_refusals).
    pub fn report_refusals(mut self) -> Self {
        self.report_refusals = true;
        self
    }

    /// Opens the port. Clients can connect when this returns.
    ///
    /// # Errors
    /// If the port is in use, two servers have the same name, or no thread can be started. In these cases nothing is left
    /// running.
    pub fn start(self) -> io::Result<ControlPort> {
        limits::raise_descriptor_limit();
        if let Some(name) = self.name_used_twice() {
            let why = format!(
                "two servers are called '{name}', and the control port needs different names"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let sockets = listen::bind(self.address, self.port, listen::BACKLOG)?;
        let is_loopback = self.address.is_none_or(|address| address.is_loopback());
        let paths = Arc::new(Paths {
            controlled: self.controlled,
            access: Access {
                is_open: self.admin || is_loopback,
                hosts: self.hosts,
                token: self.token,
            },
        });
        let refusals = Arc::new(Refusals::new(self.report_refusals));
        let serve = move |listener| {
            drop(tokio::spawn(serve(
                listener,
                paths.clone(),
                refusals.clone(),
            )))
        };
        let background = Background::start("control port", sockets, serve)?;
        Ok(ControlPort { background })
    }

    fn name_used_twice(&self) -> Option<&str> {
        let mut names = self.controlled.iter().map(|(name, _)| name.as_str());
        names.find(|name| {
            let same = self.controlled.iter().filter(|(other, _)| other == name);
            same.count() > 1
        })
    }
}

/// Accepts connections for ever and serves the control paths on each of them.
async fn serve(listener: tokio::net::TcpListener, paths: Arc<Paths>, refusals: Arc<Refusals>) {
    loop {
        let (stream, _) = accept(&listener, "the control port", &refusals).await;
        // A head and its body are written separately.
        let _ = stream.set_nodelay(true);
        let paths = Arc::clone(&paths);
        tokio::spawn(async move {
            let respond = service_fn(move |request: Request<Incoming>| {
                let response = Arc::clone(&paths).respond(request.map(Body::new));
                async move { Ok::<_, Infallible>(response.await) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(DEFAULT_HEADER_TIMEOUT);
            // An error ends the connection, and its client sees that.
            let _ = http.serve_connection(TokioIo::new(stream), respond).await;
        });
    }
}
