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

use crate::plan::Plan;
use crate::site::Site;

pub(crate) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    Router::new()
        .route("/__health", get(async || "ok\n"))
        .route("/__stats", get(stats))
        .route("/__reset", post(reset))
        .route("/__plan", get(plan).put(set_plan).post(set_plan))
        .route("/__flag/{file}", get(flag))
        .route_layer(from_fn_with_state(Arc::clone(site), guard))
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
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text("host").unwrap_or_default();
    let same_site = match text("origin") {
        Some(origin) => origin.strip_prefix("http://") == Some(host),
        None => true,
    };
    // Browsers say where a request comes from even where they send no Origin, as for an image.
    let from_here = matches!(text("sec-fetch-site"), None | Some("same-origin" | "none"));
    site.control && is_address_or_localhost(host) && same_site && from_here
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
    let why = if site.control {
        "control is only for those who call this server localhost or by its address, from its own pages"
    } else {
        "control is closed: the server does not listen on loopback alone, and --admin was not given"
    };
    (StatusCode::FORBIDDEN, format!("{why}\n")).into_response()
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
    let plan: Plan = match text.parse() {
        Ok(plan) => plan,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    match check_changeable(&plan) {
        Ok(()) => {
            let text = format!("{plan}\n");
            site.set_plan(plan);
            text.into_response()
        }
        Err(why) => (StatusCode::CONFLICT, format!("{why}\n")).into_response(),
    }
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
