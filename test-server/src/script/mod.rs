//! The bytes to write to a connection instead of an HTTP response, for answers that no HTTP library would send.
//! Knows nothing of sockets; `connection` writes them.

use std::ops::Deref;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::random::fnv1a64;

pub(crate) mod ranges;

/// Bytes and pauses, followed by one way to end the connection.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) end: End,
}

/// One step of a script.
#[derive(Debug)]
pub(crate) enum Step {
    /// Writes all bytes at once.
    Write(Bytes),
    /// Writes single bytes, `every` apart.
    Drip { bytes: Bytes, every: Duration },
    /// Writes the bytes at this rate, counted from the start of the step.
    AtRate { bytes: Bytes, bytes_a_second: u64 },
    /// Writes the bytes at this rate, again and again, until the client closes the connection.
    Forever { bytes: Bytes, bytes_a_second: u64 },
}

/// The most pieces a second that a rate is divided into. Each piece has at least one byte.
const PIECES_A_SECOND: u64 = 50;

impl Step {
    /// Returns the bytes that the step writes, once or again and again.
    pub(crate) fn bytes(&self) -> &Bytes {
        match self {
            Self::Write(bytes)
            | Self::Drip { bytes, .. }
            | Self::AtRate { bytes, .. }
            | Self::Forever { bytes, .. } => bytes,
        }
    }

    /// Returns whether the step begins again when it has written its bytes.
    pub(crate) fn repeats(&self) -> bool {
        matches!(self, Self::Forever { .. })
    }

    /// Returns the length of the piece to write when this many bytes of the step have been written, and the pause
    /// before it.
    pub(crate) fn next_piece(&self, written: usize) -> (usize, Duration) {
        let left = self.bytes().len() - written;
        match self {
            Self::Write(_) => (left, Duration::ZERO),
            Self::Drip { .. } if written == 0 => (1, Duration::ZERO),
            Self::Drip { every, .. } => (1, *every),
            Self::AtRate { bytes_a_second, .. } | Self::Forever { bytes_a_second, .. } => {
                let length = (bytes_a_second / PIECES_A_SECOND).max(1);
                let length = usize::try_from(length).map_or(left, |length| length.min(left));
                // A piece may be sent when all its bytes are due, so no part of it is early.
                let pause = Duration::from_secs_f64(length as f64 / *bytes_a_second as f64);
                (length, pause)
            }
        }
    }
}

/// How a script ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Closes it in the ordinary way (FIN).
    Close,
    /// Resets it (RST).
    Reset,
    /// Keeps it open and writes nothing more, until the client closes it.
    Hang,
}

impl Script {
    /// Creates a script that writes nothing before this end.
    pub(crate) fn empty(end: End) -> Self {
        Self {
            steps: Vec::new(),
            end,
        }
    }

    /// Creates a script that writes these bytes before this end.
    pub(crate) fn bytes(bytes: impl Into<Bytes>, end: End) -> Self {
        Self {
            steps: vec![Step::Write(bytes.into())],
            end,
        }
    }

    /// Returns the status if the first bytes are an HTTP status line.
    pub(crate) fn status(&self) -> Option<u16> {
        let bytes = self.steps.first()?.bytes();
        let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        std::str::from_utf8(status).ok()?.parse().ok()
    }

    /// Appends a step.
    pub(crate) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// The body of a usual response, such as a flag, for faults that change it.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: HeaderValue,
    pub(crate) status: StatusCode,
    /// The other headers, without those about the length of the body and the connection.
    pub(crate) headers: HeaderMap,
    /// A strong validator in quotes, different for different bytes, or that of the headers.
    pub(crate) etag: HeaderValue,
}

impl Content {
    pub(crate) fn new(bytes: Bytes, media_type: HeaderValue) -> Self {
        let etag = HeaderValue::from_str(&format!("\"{:016x}\"", fnv1a64(&bytes)));
        Self {
            bytes,
            media_type,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    /// Returns the same content with another status and other headers, whose ETag, if they have one, is that of the
    /// content.
    pub(crate) fn with_head(self, status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            etag: headers.get(header::ETAG).cloned().unwrap_or(self.etag),
            status,
            headers,
            ..self
        }
    }
}

impl Content {
    /// Returns a response with the status and the headers of this content and with another body.
    pub(crate) fn with_body(&self, body: impl Into<Body>) -> Response {
        let mut response = (self.status, self.headers.clone(), body.into()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.media_type.clone());
        response
    }
}

impl Deref for Content {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

/// Returns the head of a response with this content. `framing` holds the header lines about its body, each with its
/// line end.
pub(crate) fn head(content: &Content, framing: &str) -> String {
    let (status, media_type) = (content.status, content.media_type.to_str());
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
    let own = content.headers.iter();
    let own = own.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    for (name, value) in [("content-type", media_type.unwrap_or_default())]
        .into_iter()
        .chain(own)
    {
        head += &format!("{name}: {value}\r\n");
    }
    head + framing + "\r\n"
}

/// Returns the head of a response whose body is this content.
pub(crate) fn head_for(content: &Content) -> String {
    head(content, &format!("content-length: {}\r\n", content.len()))
}

/// Returns the same head with `connection: close`.
pub(crate) fn last_head_for(content: &Content) -> String {
    let length = content.len();
    head(
        content,
        &format!("content-length: {length}\r\nconnection: close\r\n"),
    )
}

/// Returns the first `most` bytes, but at most all except the last one.
pub(crate) fn cut(whole: &Bytes, most: u64) -> Bytes {
    let all_but_one = whole.len().saturating_sub(1);
    whole.slice(..usize::try_from(most).map_or(all_but_one, |most| most.min(all_but_one)))
}

/// Returns head and body as one piece.
pub(crate) fn message(head: &str, body: &[u8]) -> Bytes {
    [head.as_bytes(), body].concat().into()
}
