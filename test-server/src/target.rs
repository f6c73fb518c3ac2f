//! What a request is for: a flag, or any other path.
//!
//! The key of a target names it in all draws and counters. That of a flag is its code, with any method: published
//! numbers depend on it.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use crate::query::without_own_words;
use crate::ranges;
use crate::script::Content;
use crate::site::Site;
use crate::upstream::Upstream;

/// The target of a request to which the plan applies.
#[derive(Debug)]
pub(crate) struct Target {
    /// The code of a flag in lower case, or `METHOD path`.
    pub(crate) key: String,
    /// The path, without a query.
    pub(crate) path: String,
    is_flag: bool,
    origin: Origin,
}

/// Where the response without faults comes from.
#[derive(Debug)]
enum Origin {
    /// The flags of this server: a flag, if it exists.
    Flags(Option<Content>),
    /// No place: the path is not there.
    Nowhere,
    /// Another server.
    Upstream(Arc<Upstream>),
}

/// The response without faults.
#[derive(Debug)]
pub(crate) enum Usual {
    /// A body that faults can change.
    Content(Content),
    /// Any other response.
    Response(Response),
}

impl Target {
    /// Creates the target of a request for the flag of a code in lower case.
    pub(crate) fn flag(site: &Site, code: String) -> Self {
        Self {
            path: format!("/flags/{code}/{code}.gif"),
            origin: Origin::Flags(site.images.find(&code).cloned()),
            is_flag: true,
            key: code,
        }
    }

    /// Creates the target of a request for any other path. Its key has the query only if the site says so.
    pub(crate) fn other(site: &Site, method: &Method, uri: &Uri) -> Self {
        let path = uri.path().to_owned();
        let query = uri.query().filter(|_| site.query_in_keys);
        let query = query
            .map(without_own_words)
            .filter(|query| !query.is_empty());
        let key = match query {
            Some(query) => format!("{method} {path}?{query}"),
            None => format!("{method} {path}"),
        };
        Self {
            key,
            path,
            origin: Origin::Nowhere,
            is_flag: false,
        }
    }

    /// Returns the same target, answered by the upstream server.
    pub(crate) fn at(self, upstream: &Arc<Upstream>) -> Self {
        Self {
            origin: Origin::Upstream(Arc::clone(upstream)),
            ..self
        }
    }

    /// Returns whether requests for this target are forwarded, with their bodies.
    pub(crate) fn is_forwarded(&self) -> bool {
        matches!(self.origin, Origin::Upstream(_))
    }

    /// Returns the name in the access log: the code or the path, which have no blanks.
    pub(crate) fn log_name(&self) -> &str {
        if self.is_flag { &self.key } else { &self.path }
    }

    /// Returns the response without faults, to the forwarded request if the target is at an upstream server. Its body is
    /// read completely only if faults are to change it.
    pub(crate) async fn usual(&self, forwarded: Option<Request>, is_changed: bool) -> Usual {
        match (&self.origin, forwarded) {
            (Origin::Flags(Some(gif)), _) => Usual::Content(gif.clone()),
            (Origin::Flags(None), _) => {
                Usual::Response(not_found(&format!("no flag for {}", self.key)))
            }
            (Origin::Upstream(upstream), Some(mut request)) if is_changed => {
                // Faults write heads of their own, in which an encoding would be missing, and look at ranges themselves.
                for name in [header::ACCEPT_ENCODING, header::RANGE, header::IF_RANGE] {
                    request.headers_mut().remove(name);
                }
                read_completely(upstream.forward(request).await).await
            }
            (Origin::Upstream(upstream), Some(request)) => {
                Usual::Response(upstream.forward(request).await)
            }
            (Origin::Upstream(_) | Origin::Nowhere, _) => {
                Usual::Response(not_found(&format!("nothing at {}", self.path)))
            }
        }
    }
}

impl Usual {
    /// Returns the response to the request with this head.
    pub(crate) fn into_response(self, head: &Parts) -> Response {
        match self {
            Self::Content(content) => ranges::respond(Some(head), &content),
            Self::Response(response) => response,
        }
    }
}

/// The longest body that faults can change, in bytes.
const LONGEST_CONTENT: usize = 64 << 20;

/// Reads the body of a response with status 200. Other responses are returned as they are.
async fn read_completely(response: Response) -> Usual {
    if response.status() != StatusCode::OK {
        return Usual::Response(response);
    }
    let (head, body) = response.into_parts();
    let media_type = head.headers.get(header::CONTENT_TYPE).cloned();
    match axum::body::to_bytes(body, LONGEST_CONTENT).await {
        Ok(bytes) => Usual::Content(Content::new(
            bytes,
            media_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
        )),
        Err(error) => {
            let line = format!("502 Bad Gateway: the body cannot be changed: {error}\n");
            Usual::Response((StatusCode::BAD_GATEWAY, line).into_response())
        }
    }
}

/// Returns a 404 with this line.
pub(crate) fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{why}\n")).into_response()
}
