//! The control paths `/__...`, which read and change a running server. They are not counted and ignore the plan.
//!
//! They are open if the server listens on loopback alone or its owner opens them. A request must also address the
//! server as localhost or by IP address and must not come from a page of another site. Otherwise any page in a browser
//! on this machine could control the server.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::plan::{Plan, PlanError};
use crate::ranges;
use crate::site::Site;

pub(crate) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    let routes = Router::new()
        .route("/__health", get(async || "ok\n"))
        .route("/__stats", get(stats))
        .route("/__requests", get(requests))
        .route("/__reset", post(reset))
        .route("/__plan", get(plan).put(set_plan).post(set_plan))
        .route("/__flag/{file}", get(flag));
    guarded(routes, site)
}

/// Guards these routes: requests that may not control this server get 403.
pub(crate) fn guarded(routes: Router<Arc<Site>>, site: &Arc<Site>) -> Router<Arc<Site>> {
    routes.route_layer(from_fn_with_state(Arc::clone(site), guard))
}

async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if is_open(&site, request.headers()) {
        next.run(request).await
    } else {
        forbidden(&site)
    }
}

/// Returns whether a request may control this server.
pub(crate) fn is_open(site: &Site, headers: &HeaderMap) -> bool {
    let host = text(headers, "host").unwrap_or_default();
    let same_site = match text(headers, "origin") {
        Some(origin) => origin == format!("{}://{host}", site.scheme()),
        None => true,
    };
    // Browsers send Sec-Fetch-Site even with requests that have no Origin, such as those for images.
    let same_site_fetch = matches!(
        text(headers, "sec-fetch-site"),
        None | Some("same-origin" | "none")
    );
    is_open_to_own_pages(site, headers) && same_site && same_site_fetch
}

/// Returns whether a page of this server may control it if it is addressed by the host in these headers.
///
/// Does not check where the request comes from, which may be a link on another site. So it suffices for showing the
/// page, which the other site cannot read, but not for changing anything.
pub(crate) fn is_open_to_own_pages(site: &Site, headers: &HeaderMap) -> bool {
    site.control && is_address_or_localhost(text(headers, "host").unwrap_or_default())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Returns whether a host is localhost or an IP address.
///
/// Other names are not trusted: if evil.example resolves to 127.0.0.1, its pages and this server are the same site to a
/// browser.
fn is_address_or_localhost(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    if let Some(v6) = name.strip_prefix('[') {
        let address = v6.strip_suffix(']').map(str::parse::<Ipv6Addr>);
        return matches!(address, Some(Ok(_)));
    }
    name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok()
}

pub(crate) fn forbidden(site: &Site) -> Response {
    (StatusCode::FORBIDDEN, format!("{}\n", closed_reason(site))).into_response()
}

/// Returns the reason why a request may not control this server.
pub(crate) fn closed_reason(site: &Site) -> &'static str {
    if site.control {
        "the control paths accept only requests to localhost or an IP address, and none from pages of other sites"
    } else {
        "the control paths are closed: the server does not listen on loopback alone and was started without --admin"
    }
}

async fn stats(State(site): State<Arc<Site>>) -> Response {
    Json(site.counters.stats()).into_response()
}

/// Returns the recorded requests, oldest first, as JSON: those with the method and the path in the query, if it has them.
async fn requests(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let Some(journal) = &site.journal else {
        let why =
            "requests are not recorded: start the server with --journal N or `Builder::journal`\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    };
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut requests = journal.requests();
    for (name, value) in form_urlencoded::parse(query) {
        match &*name {
            "method" => requests.retain(|request| request.method == value),
            "path" => requests.retain(|request| request.path == value),
            _ => {
                let why = format!("unknown filter '{name}': use method or path\n");
                return (StatusCode::BAD_REQUEST, why).into_response();
            }
        }
    }
    Json(requests).into_response()
}

async fn reset(State(site): State<Arc<Site>>) -> StatusCode {
    site.reset();
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

/// Parses a plan and sets it.
///
/// # Errors
/// If the text is not a valid plan (400), or the plan cannot be set on a running server (409): the status and the
/// message of the response.
pub(crate) fn change_plan(site: &Site, text: &str) -> Result<Plan, (StatusCode, String)> {
    let plan: Plan = text
        .parse()
        .map_err(|error: PlanError| (StatusCode::BAD_REQUEST, error.to_string()))?;
    check_changeable(site, &plan).map_err(|why| (StatusCode::CONFLICT, why))?;
    site.set_plan(plan.clone());
    Ok(plan)
}

/// Checks that this plan can be set on a running server. The error is the reason why not.
pub(crate) fn check_changeable(site: &Site, plan: &Plan) -> Result<(), String> {
    if plan.fills_the_backlog() {
        return Err(
            "'backlog-full' can only be set when a server starts: this one already accepts connections"
                .to_owned(),
        );
    }
    plan.check_layers(site.tls.is_some())
}

async fn flag(State(site): State<Arc<Site>>, Path(file): Path<String>) -> Response {
    let gif = file
        .strip_suffix(".gif")
        .and_then(|code| site.images.find(code));
    match gif {
        Some(gif) => ranges::whole(gif),
        None => (StatusCode::NOT_FOUND, "no such flag\n").into_response(),
    }
}
