//! Gives back the buffers of connections that rest between two requests.
//!
//! The HTTP library allocates 16 KB of buffers for a connection and keeps them until it ends. Clients with pools leave
//! thousands of connections idle. So the library is taken off a connection that has been idle for a while, and put on it
//! again when bytes arrive.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep};

use crate::connection::Connection;
use crate::exchange::ConnectionHandle;

/// How long a connection keeps its buffers after a response: at least this long, and at most twice as long.
const PATIENCE: Duration = Duration::from_millis(200);

/// Serves HTTP on a connection until it ends. An error ends it, and its client sees that.
pub(crate) async fn serve<S, B>(http: &Builder, mut connection: Connection, mut service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    loop {
        let Some(rested) = serve_until_idle(http, connection, service).await else {
            return;
        };
        (connection, service) = rested;
        connection.record_rest();
        connection.wait_for_bytes().await;
    }
}

/// Serves HTTP on a connection until it has been idle for a while. Returns `None` if it ends before.
///
/// What the HTTP library has allocated ends with this function, not only with the rest after it.
async fn serve_until_idle<S, B>(
    http: &Builder,
    connection: Connection,
    service: S,
) -> Option<(Connection, S)>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: http_body::Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let handle = connection.handle();
    let served = http.serve_connection(TokioIo::new(connection), service);
    let mut served = Box::new(served.with_upgrades());
    if until_idle(&mut served, &handle).await == After::Ended {
        return None;
    }
    // There are none after an upgrade, and then the connection has ended here.
    let parts = (*served).into_parts()?;
    let mut connection = parts.io.into_inner();
    connection.read_again(&parts.read_buf);
    Some((connection, parts.service))
}

/// What came after the last request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// The connection has ended.
    Ended,
    /// The connection has been idle for a while.
    Idle,
}

/// Serves a connection until it ends or has been idle for a while.
async fn until_idle<F: Future + Unpin>(served: &mut F, handle: &ConnectionHandle) -> After {
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    let mut requests = 0;
    poll_fn(|context| {
        if Pin::new(&mut *served).poll(context).is_ready() {
            return Poll::Ready(After::Ended);
        }
        let Some(answered) = handle.idle_after() else {
            return Poll::Pending;
        };
        // The timer is not moved at each request, which would cost more than the buffers are worth.
        loop {
            let timer = timer.get_or_insert_with(|| {
                requests = answered;
                Box::pin(sleep(PATIENCE))
            });
            ready!(timer.as_mut().poll(context));
            if requests == answered {
                return Poll::Ready(After::Idle);
            }
            requests = answered;
            timer.as_mut().reset(Instant::now() + PATIENCE);
        }
    })
    .await
}
