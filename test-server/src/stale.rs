//! `stale`: closes a connection after its last response, whatever that responds to.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::connection::ConnectionHandle;
use crate::fault::Argument;
use crate::plan::Plan;
use crate::script::{End, Script};
use crate::site::Site;

/// The state of a connection that has used up its responses. An extension of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StaleState {
    /// This response is the last one.
    LastResponse,
    /// An earlier response was the last one.
    Closed,
}

/// Counts the response to this request if the plan of the server has `stale`, and closes the connection after the last
/// one. Requests that were pipelined behind the last response get none.
pub(crate) async fn count_response(
    State(site): State<Arc<Site>>,
    ConnectInfo(handle): ConnectInfo<ConnectionHandle>,
    mut request: Request,
    next: Next,
) -> Response {
    let state = count(&site.plan(), &handle);
    if let Some(state) = state {
        request.extensions_mut().insert(state);
    }
    let response = next.run(request).await;
    if state == Some(StaleState::Closed) {
        handle.write_script(Script::empty(End::Close), None);
    }
    response
}

fn count(plan: &Plan, handle: &ConnectionHandle) -> Option<StaleState> {
    let Argument::Stale { responses, late } = *plan.server_wide()?.argument() else {
        return None;
    };
    match handle.count_response().cmp(&responses) {
        Ordering::Less => None,
        Ordering::Equal => {
            handle.close_after_response(late);
            Some(StaleState::LastResponse)
        }
        Ordering::Greater => Some(StaleState::Closed),
    }
}
