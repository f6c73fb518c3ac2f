//! The most used paths of httpbin, with the feature `httpbin`.
//!
//! * `echo`: what a request contained, as JSON
//! * `paths`: which path is which, and its response

#[cfg(feature = "httpbin")]
mod echo;
#[cfg(feature = "httpbin")]
mod paths;

#[cfg(feature = "httpbin")]
pub(crate) use paths::{has_path, respond};

/// Without the feature `httpbin` there is no such path.
#[cfg(not(feature = "httpbin"))]
pub(crate) fn has_path(_: &str) -> bool {
    false
}

#[cfg(not(feature = "httpbin"))]
pub(crate) async fn respond(
    _: &crate::matching::Request,
    _: &Client<'_>,
) -> axum::response::Response {
    use axum::response::IntoResponse as _;

    axum::http::StatusCode::NOT_FOUND.into_response()
}

/// What a response depends on besides the request.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "httpbin"), allow(dead_code))]
pub(crate) struct Client<'a> {
    /// The address of the client.
    pub(crate) address: Option<std::net::IpAddr>,
    /// The scheme of the URLs of the server.
    pub(crate) scheme: &'static str,
    /// The seed of the server.
    pub(crate) seed: u64,
    /// The name of the target in all draws.
    pub(crate) key: &'a str,
}
