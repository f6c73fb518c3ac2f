//! The control paths `/__...`, which read and change a running server. They are not counted and ignore the plan.
//!
//! `access` decides which requests may use them.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::matching::Filter;
use crate::plan::{Plan, PlanError};
use crate::script::ranges;
use crate::site::Site;

pub(crate) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    guarded(paths(), site)
}

/// Returns the routes without a guard.
pub(crate) fn paths() -> Router<Arc<Site>> {
    Router::new()
        .route("/__health", get(async || "ok\n"))
        .route("/__stats", get(stats))
        .route("/__requests", get(requests))
        .route("/__reset", post(reset))
        .route("/__plan", get(plan).put(set_plan).post(set_plan))
        .route("/__flag/{file}", get(flag))
}

/// Returns whether this is a control path.
pub(crate) fn is_path(path: &str) -> bool {
    let name = path.strip_prefix("/__").unwrap_or_default();
    let is_known = ["health", "stats", "requests", "reset", "plan"].contains(&name);
    is_known || name.starts_with("flag/")
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
    site.access.admits(headers, site.scheme())
}

pub(crate) fn forbidden(site: &Site) -> Response {
    site.access.refusal()
}

async fn stats(State(site): State<Arc<Site>>) -> Response {
    Json(site.counters.stats()).into_response()
}

/// Returns the recorded requests, oldest first, as JSON: those that all filters in the query admit.
async fn requests(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    if !site.journal.is_open() {
        let why =
            "requests are not recorded: start the server with --journal N or `Builder::journal`\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    };
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut requests = site.journal.requests();
    for (name, value) in form_urlencoded::parse(query) {
        match Filter::parse(&name, &value) {
            Ok(filter) => requests.retain(|request| filter.admits(request)),
            Err(why) => return (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
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
