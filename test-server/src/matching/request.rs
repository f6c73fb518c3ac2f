//! A request, as routes and expectations see it.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::request;
use serde::de::DeserializeOwned;

use crate::matching::pattern::pairs;
use crate::recording::journal::RecordedRequest;

/// A request with its whole body, for the functions given to [`Route::with`](crate::Route::with) and
/// [`Route::when`](crate::Route::when).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Request {
    /// The method, such as `POST`.
    pub method: String,
    /// The path as it was sent, without the query.
    pub path: String,
    /// The query as it was sent, without the `?`; empty if there is none.
    pub query: String,
    /// The headers in order of their first occurrence, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    pub(super) variables: Vec<(String, String)>,
}

impl Request {
    /// Creates a request from its head and its whole body.
    pub(crate) fn new(head: &request::Parts, body: Bytes) -> Self {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = head.headers.iter();
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body,
            variables: Vec::new(),
        }
    }

    /// Creates a request from a recorded one.
    pub(crate) fn recorded(request: &RecordedRequest) -> Self {
        let path = request.path.as_str();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method: request.method.clone(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: request.headers.clone(),
            body: request.body.clone().into(),
            variables: Vec::new(),
        }
    }

    /// Returns the first value of a header. Upper and lower case are the same in its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(&**value))
    }

    /// Returns the first value of a word in the query, decoded: `2` for `page` in `?page=2`.
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut pairs = pairs(&self.query).into_iter();
        pairs.find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Returns a variable of the path, decoded: `5` for `id` if the route is `GET /orders/{id}` and the path
    /// `/orders/5`.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.variables.iter();
        variables.find_map(|(known, value)| (known == name).then_some(&**value))
    }

    /// Returns the body as text, in which bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Parses the body as JSON.
    ///
    /// # Errors
    /// If the body is not JSON, or not that of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.body)
    }

    pub(super) fn has_query_value(&self, name: &str, value: &str) -> bool {
        let pairs = pairs(&self.query);
        pairs.iter().any(|(n, v)| n == name && v == value)
    }

    pub(super) fn has_header(&self, name: &str, value: &str) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value)
    }
}
