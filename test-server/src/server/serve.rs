//! Accepts connections and serves HTTP on each of them.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::connection::Connection;
use crate::connection::refusals::Refusals;
use crate::connection::resting;
use crate::connection::transport::Transport;
use crate::exchange::ConnectionHandle;
use crate::exchange::tracked_body::{Part, Tracked};
use crate::fault::Layer;
use crate::plan::Plan;
use crate::recording::counters::OpenConnection;
use crate::site::Site;
use crate::site::stale::StaleState;

/// The pause after the system has refused a connection, for example because the process has no descriptor left.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Accepts connections for ever and serves each in a task of its own.
pub(crate) async fn serve(listener: TcpListener, router: Router, site: Arc<Site>) {
    loop {
        let (stream, peer) = accept(&listener, &site.name, &site.refusals).await;
        let open = site.counters.connection_accepted();
        // A head and its body are written separately. Nagle's algorithm would delay the body for 40 ms.
        let _ = stream.set_nodelay(true);
        let peer = peer.ip();
        let (router, site) = (router.clone(), Arc::clone(&site));
        if site.tls.is_some() {
            let counted = site.plan.count_connection();
            let accepted = Accepted { stream, peer, open };
            tokio::spawn(serve_encrypted(accepted, counted, router, site));
        } else {
            let connection = connect(Transport::Plain(stream), peer, open, &site);
            tokio::spawn(serve_connection(connection, router, site));
        }
    }
}

/// A connection that has been accepted, before its handshake.
struct Accepted {
    stream: TcpStream,
    peer: IpAddr,
    open: OpenConnection,
}

/// Performs the handshake of a connection, by its number under its plan, and serves it.
async fn serve_encrypted(
    accepted: Accepted,
    (plan, number): (Arc<Plan>, u64),
    router: Router,
    site: Arc<Site>,
) {
    let Accepted { stream, peer, open } = accepted;
    let Some(tls) = &site.tls else { return };
    let faults = plan.faults_of_connection(Layer::Handshake, site.seed, number);
    for fault in &faults {
        site.counters.record_fault_of_connection(fault.name());
    }
    let fault = faults
        .iter()
        .find(|fault| fault.layer() == Layer::Handshake);
    let handshake = tls.accept(stream, fault.copied(), site.header_timeout);
    let session = handshake.await;
    if let Some(session) = session {
        let transport = Transport::Tls(Box::new(session));
        let connection = connect(transport, peer, open, &site);
        serve_connection(connection, router, Arc::clone(&site)).await;
    }
}

/// Creates the connection of a transport with this address of its client.
fn connect(transport: Transport, peer: IpAddr, open: OpenConnection, site: &Site) -> Connection {
    let connection = Connection::new(transport, site.header_timeout, open);
    connection.handle().exchange().peer = Some(peer);
    connection
}

/// Accepts a connection. Errors of the system are reported under this name, and waited out.
pub(crate) async fn accept(
    listener: &TcpListener,
    name: &str,
    refusals: &Refusals,
) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                refusals.report(name, &error);
                tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
            }
        }
    }
}

/// Returns whether an error concerns only the connection that was to be accepted.
fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

async fn serve_connection(connection: Connection, router: Router, site: Arc<Site>) {
    let handle = connection.handle();
    let is_proxy = site.upstream.is_some();
    let service = TowerToHyperService::new(router);
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut request = with_handle(request, &handle);
        // Not a layer of the router, which would cost each request an allocation for a fault that few plans have.
        let stale_state = StaleState::of_next_response(&site, request.uri().path(), &handle);
        if let Some(state) = stale_state {
            request.extensions_mut().insert(state);
        }
        let (response, handle) = (service.call(request), handle.clone());
        async move {
            let response = response.await?;
            handle.complete_request();
            if let Some(state) = stale_state {
                state.enforce(&handle);
            }
            let tracked = |body| Tracked::new(body, handle, Part::Response);
            Ok::<_, Infallible>(response.map(tracked))
        }
    });
    let mut http = http1::Builder::new();
    // `Connection` has a timeout of its own, which does not close idle connections. An upstream server must see the
    // names of headers as they were spelled.
    http.header_read_timeout(None)
        .preserve_header_case(is_proxy);
    resting::serve(&http, connection, answer).await;
}

/// Prepares a request for its handler, and records on the connection when it has arrived.
fn with_handle(request: Request<Incoming>, handle: &ConnectionHandle) -> Request {
    handle.begin_request();
    let mut request = if request.body().is_end_stream() {
        handle.complete_request();
        request.map(Body::new)
    } else {
        let tracked = |body| {
            let body = Body::new(body);
            Body::new(Tracked::new(body, handle.clone(), Part::Request))
        };
        request.map(tracked)
    };
    request.extensions_mut().insert(ConnectInfo(handle.clone()));
    request
}
