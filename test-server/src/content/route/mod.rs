//! Routes that a test defines: which requests they answer, and how.
//!
//! * `response`: the response of a route
//! * `table`: the routes of a server

use std::sync::Arc;

use axum::body::Bytes;
use serde::Serialize;

use crate::matching::{Condition, Matcher, Request, matching_methods};

mod response;
mod table;

pub use response::Response;
pub(crate) use table::RouteTable;
use table::{Answer, Definition};

/// The reason why a text is not the pattern of a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RouteError(String);

/// Parses the pattern of a route.
pub(crate) fn parse_pattern(pattern: &str) -> Result<Matcher, RouteError> {
    let matcher = Matcher::parse(pattern).map_err(RouteError)?;
    if matcher.pattern.path().starts_with("/__") {
        let why = "the paths below /__ are those that control the server";
        return Err(RouteError(format!("'{pattern}': {why}")));
    }
    Ok(matcher)
}

/// A route of a server, made by [`TestServer::route`](crate::TestServer::route).
///
/// Each method changes the route at once, for all later requests, and returns it again. A route stays when this handle
/// is dropped. If several routes fit a request, the one made last answers it.
///
/// ```
/// use serde_json::json;
/// use test_server::{Plan, Response, TestServer};
///
/// let server = TestServer::start(Plan::normal())?;
/// server.route("POST /orders").status(201).json(json!({"id": 5}));
/// server.route("POST /orders").when_json(json!({})).status(422).body("an order needs items");
/// server.route("GET /orders/{id}").with(|request| match request.variable("id") {
///     Some("5") => Response::new(200).json(json!({"id": 5})),
///     _ => Response::new(404),
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Route {
    definition: Arc<Definition>,
}

impl Route {
    pub(crate) fn new(definition: Arc<Definition>) -> Self {
        Self { definition }
    }

    matching_methods!();

    /// Sets the status (default: 200).
    ///
    /// # Panics
    /// If it is not a number from 200 to 999.
    #[track_caller]
    pub fn status(&self, status: u16) -> Self {
        self.change(|response| response.status(status))
    }

    /// Adds a header.
    ///
    /// # Panics
    /// If the name or the value is not valid, or the header would contradict the length of the body.
    #[track_caller]
    pub fn header(&self, name: &str, value: &str) -> Self {
        self.change(|response| response.header(name, value))
    }

    /// Sets the body (default: none). It has no Content-Type unless `header` adds one.
    #[track_caller]
    pub fn body(&self, body: impl Into<Bytes>) -> Self {
        self.change(|response| response.body(body))
    }

    /// Sets the body to a value as JSON, with its Content-Type.
    ///
    /// # Panics
    /// If the value cannot be JSON: a map whose keys are not texts.
    #[track_caller]
    pub fn json(&self, value: impl Serialize) -> Self {
        self.change(|response| response.json(value))
    }

    /// Answers each request with what this function returns: a [`Response`], or a text.
    ///
    /// The function runs on the thread of the server, and no other request is answered meanwhile. If it panics, the
    /// connection is closed without an answer.
    pub fn with<R: Into<Response>>(
        &self,
        answer: impl Fn(&Request) -> R + Send + Sync + 'static,
    ) -> Self {
        let function = move |request: &Request| answer(request).into();
        self.definition
            .set_answer(Answer::Function(Arc::new(function)));
        self.clone()
    }

    /// Lets the route answer only this many requests. Later ones are answered as if it were not there, for
    /// example by a route made before it.
    pub fn up_to(&self, requests: u64) -> Self {
        self.definition.set_most(requests);
        self.clone()
    }

    /// Returns how many requests the route has answered. Those that met a fault instead are not among them.
    pub fn answered(&self) -> u64 {
        self.definition.answered()
    }

    #[track_caller]
    fn change(&self, change: impl FnOnce(Response) -> Response) -> Self {
        let response = match self.definition.answer() {
            Answer::Fixed(response) => response,
            Answer::Function(_) => Response::new(200),
        };
        self.definition.set_answer(Answer::Fixed(change(response)));
        self.clone()
    }

    fn add_condition(&self, condition: Condition) -> Self {
        self.definition.add_condition(condition);
        self.clone()
    }
}
