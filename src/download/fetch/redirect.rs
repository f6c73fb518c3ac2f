//! Decides where an answer redirects to.
//!
//! reqwest could follow redirects itself, but it removes the login only from the first request to another server. If that
//! server redirects to itself, it gets the login after all. Here each request of a chain is built anew.

use reqwest::header::LOCATION;
use reqwest::{Response, StatusCode, Url};

use crate::job::RequestLimits;

/// The most redirects that one request follows.
///
/// # Source
/// The default of reqwest.
const MOST: u32 = 10;

/// The reason why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There were ten before.
    #[error("too many redirects")]
    TooMany,
    /// It leads from https to http.
    #[error("from https to http, which --allow-downgrade allows")]
    Downgrade,
    /// It leads to a URL of another scheme.
    #[error("to a {0}: URL")]
    Scheme(String),
}

/// Returns the URL that `response`, the answer to a request for `url`, redirects to; `None` if it is not a redirect or does
/// not name a valid URL.
pub(super) fn location(response: &Response, url: &Url) -> Option<Url> {
    let is_redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let value = is_redirect.then(|| response.headers().get(LOCATION))??;
    // Letters beyond ASCII are not allowed there, but some servers send them.
    let text = str::from_utf8(value.as_bytes()).ok()?;
    url.join(text).ok()
}

/// Returns the URL of the next request: `location`, with the login of the first URL if it has the same origin, and
/// otherwise without one. A login in the location itself is dropped.
///
/// # Errors
/// [`Refusal`] if a redirect from `url` to `location` is not followed, after `before` others that began at `first`.
pub(super) fn check(
    mut location: Url,
    url: &Url,
    first: &Url,
    before: u32,
    limits: RequestLimits,
) -> Result<Url, Refusal> {
    match (url.scheme(), location.scheme()) {
        ("https", "http") if !limits.allow_downgrade => return Err(Refusal::Downgrade),
        (_, "http" | "https") => {}
        (_, other) => return Err(Refusal::Scheme(other.to_owned())),
    }
    if before >= MOST {
        return Err(Refusal::TooMany);
    }
    let (user, password) = match same_origin(first, &location) {
        true => (first.username(), first.password()),
        false => ("", None),
    };
    // An http URL has a host, so these cannot fail.
    let _ = location.set_username(user);
    let _ = location.set_password(password);
    Ok(location)
}

/// Returns whether two URLs have the same scheme, host and port. Only then may a login for one be sent to the other.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}
