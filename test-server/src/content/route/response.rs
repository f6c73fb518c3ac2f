//! The response of a route.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

/// The response of a [`Route`](crate::Route).
///
/// ```
/// use test_server::Response;
///
/// let response = Response::new(201).header("location", "/orders/5").json(serde_json::json!({"id": 5}));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Response {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    /// The Content-Type, unless it is among the headers.
    media_type: Option<&'static str>,
}

impl Response {
    /// Creates a response without a body.
    ///
    /// # Panics
    /// If the status is not a number from 200 to 999.
    #[track_caller]
    pub fn new(status: u16) -> Self {
        Self {
            status: parse_status(status),
            headers: Vec::new(),
            body: Bytes::new(),
            media_type: None,
        }
    }

    /// Sets the status.
    ///
    /// # Panics
    /// If it is not a number from 200 to 999.
    #[track_caller]
    pub fn status(self, status: u16) -> Self {
        let status = parse_status(status);
        Self { status, ..self }
    }

    /// Adds a header.
    ///
    /// # Panics
    /// If the name or the value is not valid, or the header would contradict the length of the body.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let parsed = (name.parse::<HeaderName>().ok()).zip(HeaderValue::from_str(value).ok());
        let Some((name, value)) = parsed else {
            panic!("'{name}: {value}' is not a valid header");
        };
        if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&name) {
            panic!("{name} follows from the body; faults such as length-short send a wrong one");
        }
        self.headers.push((name, value));
        self
    }

    /// Sets the body. It has no Content-Type unless `header` adds one.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            media_type: None,
            ..self
        }
    }

    /// Sets the body to a value as JSON, with its Content-Type.
    ///
    /// # Panics
    /// If the value cannot be JSON: a map whose keys are not texts.
    #[track_caller]
    pub fn json(self, value: impl Serialize) -> Self {
        let body = match serde_json::to_vec(&value) {
            Ok(body) => body.into(),
            Err(error) => panic!("the value cannot be JSON: {error}"),
        };
        Self {
            body,
            media_type: Some("application/json"),
            ..self
        }
    }

    pub(super) fn into_http(self) -> axum::response::Response {
        let mut response = axum::response::Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if let Some(media_type) = self.media_type {
            let media_type = HeaderValue::from_static(media_type);
            headers.entry(header::CONTENT_TYPE).or_insert(media_type);
        }
        response
    }
}

/// A text is a response with status 200 and this body.
impl From<&str> for Response {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// A text is a response with status 200 and this body.
impl From<String> for Response {
    fn from(text: String) -> Self {
        let response = Self::new(200).body(text);
        Self {
            media_type: Some("text/plain; charset=utf-8"),
            ..response
        }
    }
}

/// A value is a response with status 200 and this body as JSON.
impl From<serde_json::Value> for Response {
    fn from(value: serde_json::Value) -> Self {
        Self::new(200).json(value)
    }
}

#[track_caller]
fn parse_status(status: u16) -> StatusCode {
    let parsed = StatusCode::from_u16(status).ok();
    match parsed.filter(|_| status >= 200) {
        Some(parsed) => parsed,
        None => panic!("the status of a response is a number from 200 to 999, not {status}"),
    }
}
