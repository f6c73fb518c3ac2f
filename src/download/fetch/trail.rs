//! The trail of a request: whether the connection that failed came from the pool.
//!
//! A pooled connection may be stale, which is no fault of the server, so a request that breaks on one is sent again. One
//! that breaks on a connection of its own has met a fault. reqwest does not report which of the two happened. An error
//! has the local address of its connection, however, and a layer around the connector notes the address of each
//! connection that the request itself opens. If the two are equal, the connection was not from the pool.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::Error as SendError;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpInfo};
use program::causes;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// The local address of the connection that the request opened last and has used only once.
    static TRAIL: Cell<Option<SocketAddr>>;
}

/// Runs `request` with a trail of its own.
pub(super) async fn followed<F: Future>(request: F) -> F::Output {
    TRAIL.scope(Cell::new(None), request).await
}

/// Notes that an answer has arrived: the connection that the request has opened counts as pooled from now on. Call it inside
/// [`followed`].
pub(super) fn answered() {
    TRAIL.with(|trail| trail.set(None));
}

/// Returns whether the request has opened a connection, on which no answer has arrived yet. Call it inside [`followed`].
pub(super) fn has_opened() -> bool {
    TRAIL.with(|trail| trail.get().is_some())
}

/// Returns whether the connection on which a request failed came from the pool. Call it inside [`followed`], and once for
/// each failure: what the request has opened until now counts as pooled afterwards, because other requests may have used
/// it since.
pub(super) fn was_pooled(error: &reqwest::Error) -> bool {
    let failed = causes(error).find_map(|cause| cause.downcast_ref::<SendError>());
    let used = failed
        .and_then(SendError::connect_info)
        .and_then(local_address);
    let opened = TRAIL.with(Cell::take);
    // Without an address it is unknown, and one request too many does less harm than a lost flag.
    used.is_none() || used != opened
}

/// Returns the local address of a connection.
fn local_address(connected: &Connected) -> Option<SocketAddr> {
    let mut extras = hyper::http::Extensions::new();
    connected.get_extras(&mut extras);
    extras.get::<HttpInfo>().map(HttpInfo::local_addr)
}

/// A layer that notes the connections that a request opens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noting;

/// A connector with this layer.
#[derive(Debug, Clone)]
pub(super) struct NotingConnector<S>(S);

impl<S> Layer<S> for Noting {
    type Service = NotingConnector<S>;

    fn layer(&self, connector: S) -> Self::Service {
        NotingConnector(connector)
    }
}

impl<S, T> Service<T> for NotingConnector<S>
where
    S: Service<T>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let connecting = self.0.call(target);
        Box::pin(async move {
            let connection = connecting.await?;
            // Missing if another connection became free before this one was open: this one then goes to the pool.
            let _ = TRAIL.try_with(|trail| trail.set(local_address(&connection.connected())));
            Ok(connection)
        })
    }
}
