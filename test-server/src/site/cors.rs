//! Which responses pages of other sites may read (CORS), if the owner of the server lets them.
//!
//! They may read what the plan applies to: flags, routes, and all paths of an upstream server or a folder. They may not
//! read the page, which shows the plan and the counters, and the control paths only with a token.
//!
//! Written here because a layer of tower-http answers every OPTIONS request, also those that a route is for, and cannot
//! expose the headers that a response happens to have.
//!
//! # Source
//! The Fetch standard, sections 3.3 (HTTP extensions) and 3.3.6 (the headers that need not be exposed).

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::site::{Site, control};

/// The headers that a page may read of every response that it may read.
const ALWAYS_EXPOSED: [HeaderName; 7] = [
    header::CACHE_CONTROL,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::PRAGMA,
];

/// Returns whether a browser asks with this request if it may send another one.
pub(crate) fn is_preflight(head: &Parts) -> bool {
    let has = |name| head.headers.contains_key(name);
    head.method == Method::OPTIONS
        && has(header::ORIGIN)
        && has(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Returns whether this is a control path, or would be one: in front of another server, the others that begin so are its own.
pub(crate) fn is_reserved(site: &Site, path: &str) -> bool {
    control::is_path(path) || (site.has_own_paths() && path.starts_with("/__"))
}

/// Returns whether pages of other sites may read the response to this request, or send the one that it asks for.
pub(crate) fn admits(site: &Site, head: &Parts) -> bool {
    let path = head.uri.path();
    if is_reserved(site, path) {
        return site.access.wants_token();
    }
    let is_page = site.has_own_paths() && ["/", "/flags", "/flags/"].contains(&path);
    let wanted = head.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let wanted = wanted.filter(|_| is_preflight(head));
    let method = wanted.map_or(Some(head.method.as_str()), |method| method.to_str().ok());
    !is_page || method.is_some_and(|method| site.routes.may_answer(method, path))
}

/// Returns the response to a preflight request: the method and the headers that it asks for are allowed.
pub(crate) fn answer_preflight(request: &HeaderMap, is_admitted: bool) -> Response {
    let mut response = StatusCode::OK.into_response();
    if is_admitted {
        let headers = response.headers_mut();
        allow_origin(request, headers);
        for (asked, allowed) in [
            (
                header::ACCESS_CONTROL_REQUEST_METHOD,
                header::ACCESS_CONTROL_ALLOW_METHODS,
            ),
            (
                header::ACCESS_CONTROL_REQUEST_HEADERS,
                header::ACCESS_CONTROL_ALLOW_HEADERS,
            ),
        ] {
            if let Some(value) = request.get(&asked) {
                headers.insert(allowed, value.clone());
            }
            headers.append(header::VARY, asked.into());
        }
    }
    response
}

/// Lets the page that has sent a request read the response with all of its headers except those for browsers alone.
pub(crate) fn allow(request: &HeaderMap, response: &mut HeaderMap) {
    if !request.contains_key(header::ORIGIN) {
        // A cache must not give this response to a page of another site.
        vary_by_origin(response);
        return;
    }
    let mut names: Vec<_> = response
        .keys()
        .filter(|name| needs_exposure(name))
        .collect();
    // These are added later.
    names.extend([&header::DATE, &header::SERVER]);
    names.sort_by_key(|name| name.as_str());
    names.dedup();
    let names = names.iter().map(|name| name.as_str()).collect::<Vec<_>>();
    if let Ok(exposed) = HeaderValue::from_str(&names.join(", ")) {
        response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    allow_origin(request, response);
}

fn allow_origin(request: &HeaderMap, response: &mut HeaderMap) {
    if let Some(origin) = request.get(header::ORIGIN) {
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let allowed = HeaderValue::from_static("true");
        response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
        vary_by_origin(response);
    }
}

fn vary_by_origin(response: &mut HeaderMap) {
    let origin = HeaderValue::from_static("origin");
    let is_named = response
        .get_all(header::VARY)
        .iter()
        .any(|name| *name == origin);
    if !is_named {
        response.append(header::VARY, origin);
    }
}

fn needs_exposure(name: &HeaderName) -> bool {
    let is_about_reading = name.as_str().starts_with("access-control-");
    // Browsers never show cookies to pages, and they read `Vary` themselves.
    let is_for_browsers = [header::SET_COOKIE, header::VARY].contains(name);
    !is_about_reading && !is_for_browsers && !ALWAYS_EXPOSED.contains(name)
}
