//! Which path of httpbin is which, and its response.
//!
//! What httpbin draws at random depends on the seed and the path here, so that a run can be repeated.
//!
//! # Source
//! <https://httpbin.org>, whose bounds and field names these are.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::content::httpbin::{Client, echo};
use crate::matching::Request;
use crate::random;

/// The longest delay of `/delay/N`.
const LONGEST_DELAY: f64 = 10.0;

/// The most bytes of `/bytes/N`.
const MOST_BYTES: usize = 100 << 10;

/// The most lines of `/stream/N`.
const MOST_LINES: u64 = 100;

/// The most redirects of `/redirect/N`.
const MOST_REDIRECTS: u64 = 100;

/// Returns whether this is a path of httpbin.
pub(crate) fn has_path(path: &str) -> bool {
    let segments = segments(path);
    match segments.as_slice() {
        ["get" | "post" | "put" | "patch" | "delete" | "headers" | "ip" | "user-agent"]
        | ["redirect-to"] => true,
        ["anything", ..] => true,
        ["status" | "delay" | "bytes" | "stream", value] => !value.is_empty(),
        [
            "redirect" | "relative-redirect" | "absolute-redirect",
            value,
        ] => !value.is_empty(),
        ["basic-auth", _, _] => true,
        _ => false,
    }
}

/// Returns the response to a request for a path of httpbin.
pub(crate) async fn respond(request: &Request, client: &Client<'_>) -> Response {
    let segments = segments(&request.path);
    match segments.as_slice() {
        [method @ ("get" | "post" | "put" | "patch" | "delete")] => {
            echo_of(method, request, client)
        }
        ["anything", ..] => {
            let mut map = echo::whole(request, client);
            map.insert("method".into(), request.method.clone().into());
            Json(map).into_response()
        }
        ["headers"] => Json(json!({"headers": echo::headers(request)})).into_response(),
        ["ip"] => Json(json!({"origin": echo::origin(client.address)})).into_response(),
        ["user-agent"] => {
            let agent = request.header("user-agent");
            Json(json!({"user-agent": agent})).into_response()
        }
        ["status", codes] => status(codes, client),
        ["delay", seconds] => delay(seconds, request, client).await,
        ["bytes", count] => bytes(count, request, client),
        ["stream", count] => stream(count, request, client),
        ["redirect-to"] => redirect_to(request),
        [
            kind @ ("redirect" | "relative-redirect" | "absolute-redirect"),
            count,
        ] => redirect(kind, count, request, client.scheme),
        ["basic-auth", user, password] => basic_auth(user, password, request),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Returns the segments of a path.
fn segments(path: &str) -> Vec<&str> {
    path.trim_start_matches('/').split('/').collect()
}

fn bad_request(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response()
}

fn echo_of(method: &str, request: &Request, client: &Client<'_>) -> Response {
    let method = method.to_ascii_uppercase();
    let is_head_of_get = request.method == "HEAD" && method == "GET";
    if request.method != method && !is_head_of_get {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, method)]).into_response();
    }
    let map = match method.as_str() {
        "GET" => echo::head(request, client),
        _ => echo::whole(request, client),
    };
    Json(map).into_response()
}

/// Answers with one of several statuses, such as `200,500` or `200:3,500:1` with weights.
fn status(codes: &str, client: &Client<'_>) -> Response {
    let mut weighted = Vec::new();
    for code in codes.split([',', '|']) {
        let (code, weight) = code.split_once(':').unwrap_or((code, "1"));
        let status = code
            .parse()
            .ok()
            .filter(|status| (200..=999).contains(status));
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let weight = weight
            .parse()
            .ok()
            .filter(|weight| *weight >= 0.0 && f64::is_finite(*weight));
        let Some(pair) = status.zip(weight) else {
            return bad_request("a status is a number from 200 to 999, such as 503 or 200:3,500:1");
        };
        weighted.push(pair);
    }
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut at = random::uniform(client.seed, &format!("{}/httpbin/status", client.key)) * total;
    let picked = weighted.iter().find(|(_, weight)| {
        at -= weight;
        at < 0.0
    });
    match picked.or(weighted.first()) {
        Some((status, _)) if status.is_redirection() => {
            (*status, [(header::LOCATION, "/redirect/1")]).into_response()
        }
        Some((status, _)) => status.into_response(),
        None => bad_request("a status is missing"),
    }
}

async fn delay(seconds: &str, request: &Request, client: &Client<'_>) -> Response {
    let seconds = seconds
        .parse()
        .ok()
        .filter(|seconds| *seconds >= 0.0 && f64::is_finite(*seconds));
    let Some(seconds) = seconds else {
        return bad_request("a delay is a number of seconds");
    };
    tokio::time::sleep(Duration::from_secs_f64(seconds.min(LONGEST_DELAY))).await;
    Json(echo::whole(request, client)).into_response()
}

fn bytes(count: &str, request: &Request, client: &Client<'_>) -> Response {
    let Ok(count) = count.parse::<usize>() else {
        return bad_request("the number of bytes is a whole number");
    };
    let seed = request
        .query_value("seed")
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(client.seed);
    let bytes: Bytes = (0..count.min(MOST_BYTES))
        .map(|at| (random::uniform(seed, &format!("{at}/httpbin/bytes")) * 256.0) as u8)
        .collect();
    ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response()
}

/// Answers with a line of JSON after another, in chunks.
fn stream(count: &str, request: &Request, client: &Client<'_>) -> Response {
    let Ok(count) = count.parse::<u64>() else {
        return bad_request("the number of lines is a whole number");
    };
    let mut map = echo::head(request, client);
    let lines = (0..count.min(MOST_LINES)).map(move |id| {
        map.insert("id".into(), id.into());
        Bytes::from(format!("{}\n", Value::from(map.clone())))
    });
    let body = Body::new(Lines(lines));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A body with a chunk for each line.
struct Lines<I>(I);

impl<I: Iterator<Item = Bytes> + Unpin> http_body::Body for Lines<I> {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let line = self.0.next();
        std::task::Poll::Ready(line.map(|line| Ok(http_body::Frame::data(line))))
    }
}

/// Redirects this many times, the last time to `/get`.
fn redirect(kind: &str, count: &str, request: &Request, scheme: &str) -> Response {
    let count = count
        .parse()
        .ok()
        .filter(|count| (1..=MOST_REDIRECTS).contains(count));
    let Some(count) = count else {
        return bad_request("the number of redirects is a whole number from 1 to 100");
    };
    let absolute = kind == "absolute-redirect"
        || request
            .query_value("absolute")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let name = if absolute {
        "absolute-redirect"
    } else {
        "relative-redirect"
    };
    let path = match count {
        1 => "/get".to_owned(),
        count => format!("/{name}/{}", count - 1),
    };
    let host = request.header("host").unwrap_or("localhost");
    let location = if absolute {
        format!("{scheme}://{host}{path}")
    } else {
        path
    };
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn redirect_to(request: &Request) -> Response {
    let url = request
        .query_value("url")
        .and_then(|url| HeaderValue::from_str(&url).ok());
    let Some(url) = url else {
        return bad_request("the query needs url=URL");
    };
    let status = request
        .query_value("status_code")
        .and_then(|code| code.parse().ok());
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status
        .filter(StatusCode::is_redirection)
        .unwrap_or(StatusCode::FOUND);
    (status, [(header::LOCATION, url)]).into_response()
}

fn basic_auth(user: &str, password: &str, request: &Request) -> Response {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let (user, password) = (decode(user), decode(password));
    let packed = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Basic "));
    let given = packed.and_then(|packed| BASE64_STANDARD.decode(packed.trim()).ok());
    if given.as_deref() != Some(format!("{user}:{password}").as_bytes()) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Fake Realm\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    Json(json!({"authenticated": true, "user": user})).into_response()
}
