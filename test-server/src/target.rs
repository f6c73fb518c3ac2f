//! What a request is for: a flag, or any other path.
//!
//! The key of a target names it in all draws and counters. That of a flag is its code, whatever the method: published
//! numbers depend on it.

use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use crate::site::Site;

/// The target of a request to which the plan applies.
#[derive(Debug)]
pub(crate) struct Target {
    /// The code of a flag in lower case, or `METHOD path`.
    pub(crate) key: String,
    /// The path, without a query.
    pub(crate) path: String,
    /// The flag, if the target is one that exists.
    pub(crate) flag: Option<Bytes>,
    is_flag: bool,
}

impl Target {
    /// Creates the target of a request for the flag of a code in lower case.
    pub(crate) fn flag(site: &Site, code: String) -> Self {
        Self {
            path: format!("/flags/{code}/{code}.gif"),
            flag: site.images.find(&code),
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
            flag: None,
            is_flag: false,
        }
    }

    /// Returns the name in the access log: the code or the path, which have no blanks.
    pub(crate) fn log_name(&self) -> &str {
        if self.is_flag { &self.key } else { &self.path }
    }

    /// Returns the response without faults.
    pub(crate) fn usual_response(&self) -> Response {
        match &self.flag {
            Some(gif) => ([(header::CONTENT_TYPE, "image/gif")], gif.clone()).into_response(),
            None if self.is_flag => not_found(&format!("no flag for {}", self.key)),
            None => not_found(&format!("nothing at {}", self.path)),
        }
    }
}

/// Returns a query without the words that are for this server: the plan of the request and the number of redirects.
fn without_own_words(query: &str) -> String {
    let is_own = |pair: &&str| pair.starts_with("plan=") || pair.starts_with("hop=");
    let others: Vec<_> = query.split('&').filter(|pair| !is_own(pair)).collect();
    others.join("&")
}

/// Returns a 404 with this line.
pub(crate) fn not_found(why: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{why}\n")).into_response()
}
