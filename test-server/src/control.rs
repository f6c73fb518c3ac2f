//! The paths by which a server is watched and steered: `/__...`. Never counted, never subject to the plan.
//!
//! They are open on loopback, or where the owner opens them; and only to whoever calls the server by an address or as
//! localhost, from no other site: else any page in a browser on this machine could steer it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::plan::{Plan, PlanError};
use crate::site::Site;

pub(crate) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    let routes = Router::new()
        .route("/__health", get(async || "ok\n"))
        .route("/__stats", get(stats))
        .route("/__reset", post(reset))
        .route("/__plan", get(plan).put(set_plan).post(set_plan))
        .route("/__flag/{file}", get(flag));
    guarded(routes, site)
}

/// Closes these routes to all but those who may steer this server.
pub(crate) fn guarded(routes: Router<Arc<Site>>, site: &Arc<Site>) -> Router<Arc<Site>> {
    routes.route_layer(from_fn_with_state(Arc::clone(site), guard))
}

async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if is_open(&site, request.headers()) {
        next.run(request).await
    } else {
        closed(&site)
    }
}

/// Whether a request may steer this server.
pub(crate) fn is_open(site: &Site, headers: &HeaderMap) -> bool {
    let host = text(headers, "host").unwrap_or_default();
    let same_site = match text(headers, "origin") {
        Some(origin) => origin.strip_prefix("http://") == Some(host),
        None => true,
    };
    // Browsers say where a request comes from even where they send no Origin, as for an image.
    let from_here = matches!(
        text(headers, "sec-fetch-site"),
        None | Some("same-origin" | "none")
    );
    is_open_to_own_pages(site, headers) && same_site && from_here
}

/// Whether a page of this server, called as these headers say, may steer it.
///
/// Says nothing of where the request comes from: it may be a link on another site. So it is enough for showing a page,
/// which that other site cannot read, and for nothing else.
pub(crate) fn is_open_to_own_pages(site: &Site, headers: &HeaderMap) -> bool {
    site.control && is_address_or_localhost(text(headers, "host").unwrap_or_default())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// A name could be anyone's: a page on evil.example that resolves to 127.0.0.1 is of the same site as itself.
fn is_address_or_localhost(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

pub(crate) fn closed(site: &Site) -> Response {
    (StatusCode::FORBIDDEN, format!("{}\n", why_closed(site))).into_response()
}

/// What those are told who may not steer this server.
pub(crate) fn why_closed(site: &Site) -> &'static str {
    if site.control {
        "control is only for those who call this server localhost or by its address, from its own pages"
    } else {
        "control is closed: the server does not listen on loopback alone, and --admin was not given"
    }
}

async fn stats(State(site): State<Arc<Site>>) -> Response {
    Json(site.counters.stats()).into_response()
}

async fn reset(State(site): State<Arc<Site>>) -> StatusCode {
    site.counters.reset();
    StatusCode::NO_CONTENT
}

async fn plan(State(site): State<Arc<Site>>) -> String {
    format!("{}\n", site.plan())
}

async fn set_plan(State(site): State<Arc<Site>>, text: String) -> Response {
    match change_plan(&site, &text) {
        Ok(plan) => format!("{plan}\n").into_response(),
        Err((status, why)) => (status, format!("{why}\n")).into_response(),
    }
}

/// Puts a server under the plan of this text.
///
/// # Errors
/// The status and the reason to refuse it with.
pub(crate) fn change_plan(site: &Site, text: &str) -> Result<Plan, (StatusCode, String)> {
    let plan: Plan = text
        .parse()
        .map_err(|error: PlanError| (StatusCode::BAD_REQUEST, error.to_string()))?;
    check_changeable(&plan).map_err(|why| (StatusCode::CONFLICT, why.to_owned()))?;
    site.set_plan(plan.clone());
    Ok(plan)
}

/// Whether a running server can come under this plan.
pub(crate) fn check_changeable(plan: &Plan) -> Result<(), &'static str> {
    if plan.fills_the_backlog() {
        return Err(
            "'backlog-full' is for a server that is started with it: this one already accepts",
        );
    }
    Ok(())
}

async fn flag(State(site): State<Arc<Site>>, Path(file): Path<String>) -> Response {
    let gif = file
        .strip_suffix(".gif")
        .and_then(|code| site.images.find(code));
    match gif {
        Some(gif) => ([(header::CONTENT_TYPE, "image/gif")], gif).into_response(),
        None => (StatusCode::NOT_FOUND, "no such flag\n").into_response(),
    }
}
