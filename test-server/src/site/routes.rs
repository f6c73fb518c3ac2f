//! From a request to its response: a flag or any other path under the plan, the page, or a control path.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http_body::Body as _;

use crate::content::upstream::FromUpstream;
use crate::site::Site;
use crate::site::control;
use crate::site::cors;
use crate::site::group::Group;
use crate::site::page;
use crate::site::target::{Needs, Target, not_found};
use crate::site::under_plan::{self, Logged};

/// The beginning of the control paths, whose requests are not recorded.
const CONTROL_PATHS: &str = "/__";

/// Returns the routes of a server in this group. Every response gets `server_header` as its `Server` header.
pub(crate) fn router(site: Arc<Site>, group: Group, server_header: HeaderValue) -> Router {
    let add_server_header = move |mut response: Response| {
        if response.extensions().get::<FromUpstream>().is_none() {
            let headers = response.headers_mut();
            // A route may have one of its own.
            headers
                .entry(header::SERVER)
                .or_insert_with(|| server_header.clone());
        }
        std::future::ready(response)
    };
    let own = match site.has_own_paths() {
        false => Router::new(),
        true => Router::new()
            .route("/flags/{code}/{file}", get(flag).fallback(not_get))
            .merge(
                page::routes(&site, group)
                    .layer(from_fn_with_state(Arc::clone(&site), route_or_page)),
            ),
    };
    let routes = own.merge(control::routes(&site)).fallback(other);
    let mut routes = with_cors(routes, &site);
    if site.access_log.is_some() {
        routes = routes.layer(from_fn_with_state(Arc::clone(&site), log_others));
    }
    let routes = routes.layer(map_response(add_server_header));
    routes.with_state(site)
}

/// Lets pages of other sites read responses, if they may, and answers what they ask before.
fn with_cors(routes: Router<Arc<Site>>, site: &Arc<Site>) -> Router<Arc<Site>> {
    match site.cors {
        true => routes.layer(from_fn_with_state(Arc::clone(site), share)),
        false => routes,
    }
}

async fn share(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let is_admitted = cors::admits(&site, &head);
    let asked = head.headers.clone();
    if cors::is_preflight(&head) {
        let is_recorded = !cors::is_reserved(&site, head.uri.path());
        let request = Request::from_parts(head, body);
        let answer = async |_| cors::answer_preflight(&asked, is_admitted);
        return match is_recorded {
            true => under_plan::respond_aside(&site, request, answer).await,
            false => answer(request).await,
        };
    }
    let mut response = next.run(Request::from_parts(head, body)).await;
    if is_admitted {
        cors::allow(&asked, response.headers_mut());
    }
    response
}

/// Logs the requests to which the plan does not apply: pages and control paths.
async fn log_others(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let Some(log) = &site.access_log else {
        return next.run(request).await;
    };
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if response.extensions().get::<Logged>().is_none() {
        let mut entry = log.begin(&site.name, &path);
        entry.status = Some(response.status().as_u16());
        entry.bytes = response.body().size_hint().lower();
    }
    response
}

async fn flag(
    State(site): State<Arc<Site>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    match path {
        Ok(Path((code, file))) if is_flag_path(&code, &file) => {
            let target = Target::flag(&site, code).or_route(&site, request.method());
            under_plan::respond(&site, &target, request).await
        }
        _ if is_routed(&site, &request) => other(State(site), request).await,
        _ => {
            let why = "no such file: a flag has a path such as /flags/br/br.gif, in lower case";
            under_plan::respond_aside(&site, request, async |_| not_found(why)).await
        }
    }
}

/// Responds to a request for the path of a flag with a method other than GET or HEAD, which only a route can answer.
async fn not_get(State(site): State<Arc<Site>>, request: Request) -> Response {
    if is_routed(&site, &request) {
        return other(State(site), request).await;
    }
    let allowed = [(header::ALLOW, "GET,HEAD")];
    let refused = async |_| (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response();
    under_plan::respond_aside(&site, request, refused).await
}

/// Lets a route answer in place of a page.
async fn route_or_page(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if is_routed(&site, &request) {
        return other(State(site), request).await;
    }
    if request.uri().path().starts_with(CONTROL_PATHS) {
        return next.run(request).await;
    }
    under_plan::respond_aside(&site, request, |request| next.run(request)).await
}

fn is_routed(site: &Site, request: &Request) -> bool {
    let path = request.uri().path();
    site.routes.may_answer(request.method().as_str(), path)
}

/// Responds to a request for any other path. The plan does not apply below `/flags/`, where `redirect-missing` leads,
/// and not to unknown control paths.
async fn other(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (path, method) = (request.uri().path(), request.method());
    let target = match code_of_flag(path) {
        Some(code) => Target::flag(&site, code.to_owned()),
        None => Target::other(&site, method, request.uri()),
    };
    let target = target.at_site(&site).or_route(&site, method);
    let is_control = path.starts_with(CONTROL_PATHS);
    let is_reserved = is_control || path.starts_with("/flags/") && site.has_own_paths();
    if is_reserved && target.needs() == Needs::Nothing {
        let refused = not_found(&format!("nothing at {path}"));
        return match is_control {
            true => refused,
            false => under_plan::respond_aside(&site, request, async |_| refused).await,
        };
    }
    under_plan::respond(&site, &target, request).await
}

/// Returns the code in the path of a flag, such as `/flags/br/br.gif`.
fn code_of_flag(path: &str) -> Option<&str> {
    let (code, file) = path.strip_prefix("/flags/")?.split_once('/')?;
    is_flag_path(code, file).then_some(code)
}

fn is_flag_path(code: &str, file: &str) -> bool {
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase());
    is_code && file.strip_suffix(".gif") == Some(code)
}
