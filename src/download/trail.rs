//! The trail of a request: whether the connection that failed came from the pool, and the redirects before the answer.
//!
//! A pooled connection may be stale, which is no fault of the server, so a request that breaks on one is sent again. One
//! that breaks on a connection of its own has met a fault. reqwest does not report which of the two happened. An error
//! has the local address of its connection, however, and a layer around the connector notes the address of each
//! connection that the request itself opens. If the two are equal, the connection was not from the pool.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::Error as SendError;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpInfo};
use program::causes;
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{StatusCode, Url};
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static TRAIL: RefCell<Trail>;
}

/// The notes about one request.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    /// The local address of the connection that the request opened last and has used only once.
    opened: Option<SocketAddr>,
    /// The status of the last redirect.
    pub redirect: Option<StatusCode>,
    /// The URL of the last redirect. An error of the HTTP client names the URL of the request, and a request that times out
    /// has none, but the address that refuses a connection, and the proxy in between, are those of this one.
    pub url: Option<Url>,
}

/// The reason why a redirect is not followed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("from https to http, which --allow-downgrade allows")]
    Downgrade,
    #[error("to a {0}: URL")]
    Scheme(String),
}

/// Runs `request` and returns its result with its trail.
pub(super) async fn followed<F: Future>(request: F) -> (F::Output, Trail) {
    let noted = async {
        let result = request.await;
        (result, TRAIL.with(RefCell::take))
    };
    TRAIL.scope(RefCell::default(), noted).await
}

/// Forgets the redirects of an attempt before the request is sent again. Call it inside [`followed`].
pub(super) fn restart() {
    TRAIL.with(|trail| {
        let mut trail = trail.borrow_mut();
        (trail.redirect, trail.url) = (None, None);
    });
}

/// Returns the URL of the last redirect, if there was one. Call it inside [`followed`].
pub(super) fn redirected_to() -> Option<Url> {
    TRAIL.with(|trail| trail.borrow().url.clone())
}

/// Returns whether the connection on which a request failed came from the pool. Call it inside [`followed`], and once for
/// each failure: what the request has opened until now counts as pooled afterwards, because other requests may have used
/// it since.
pub(super) fn was_pooled(error: &reqwest::Error) -> bool {
    let failed = causes(error).find_map(|cause| cause.downcast_ref::<SendError>());
    let used = failed
        .and_then(SendError::connect_info)
        .and_then(local_address);
    let opened = TRAIL.with(|trail| trail.borrow_mut().opened.take());
    // Without an address it is unknown, and one request too many does less harm than a lost flag.
    used.is_none() || used != opened
}

/// Returns the local address of a connection.
fn local_address(connected: &Connected) -> Option<SocketAddr> {
    let mut extras = hyper::http::Extensions::new();
    connected.get_extras(&mut extras);
    extras.get::<HttpInfo>().map(HttpInfo::local_addr)
}

/// Returns the policy for redirects: up to ten are followed, only to http and https, and from https to http only with
/// `allow_downgrade`.
pub(super) fn redirect_policy(allow_downgrade: bool) -> Policy {
    Policy::custom(move |attempt| {
        // Missing only outside `followed`. A connection on which an answer has arrived counts as pooled from now on.
        let _ = TRAIL.try_with(|trail| {
            *trail.borrow_mut() = Trail {
                opened: None,
                redirect: Some(attempt.status()),
                url: Some(attempt.url().clone()),
            };
        });
        match refusal(&attempt, allow_downgrade) {
            Some(refusal) => attempt.error(refusal),
            None => follow(attempt),
        }
    })
}

/// Follows a redirect, unless there were ten before.
fn follow(attempt: Attempt<'_>) -> Action {
    Policy::default().redirect(attempt)
}

fn refusal(attempt: &Attempt<'_>, allow_downgrade: bool) -> Option<Refusal> {
    let from = attempt.previous().last().map(|url| url.scheme());
    match (from, attempt.url().scheme()) {
        (Some("https"), "http") if !allow_downgrade => Some(Refusal::Downgrade),
        (_, "http" | "https") => None,
        (_, other) => Some(Refusal::Scheme(other.to_owned())),
    }
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
            let _ = TRAIL.try_with(|trail| {
                trail.borrow_mut().opened = local_address(&connection.connected());
            });
            Ok(connection)
        })
    }
}
