//! Large bodies that are cut go on where they were, if the server shows that the file is still the same.

mod attempts;
#[cfg(unix)]
mod runs;

use std::sync::LazyLock;

use crate::support::raw::{AtTheEnd, RawServer};

/// The number of bytes before the cut.
const CUT: usize = (3 << 20) + 17;

/// Headers with which the rest can be requested.
const ETAG: &str = "etag: \"1\"\r\n";

/// Returns 5 MiB, in which no two places look the same.
fn content() -> Vec<u8> {
    static CONTENT: LazyLock<Vec<u8>> =
        LazyLock::new(|| (0..5_u32 << 18).flat_map(u32::to_le_bytes).collect());
    CONTENT.clone()
}

/// Returns the head of a whole body of this length with these headers.
fn head(headers: &str, length: usize) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    format!("{head}{headers}content-length: {length}\r\n\r\n").into_bytes()
}

/// Returns an answer with this whole body.
fn whole(headers: &str, body: &[u8]) -> Vec<u8> {
    [&head(headers, body.len()), body].concat()
}

/// Returns the beginning of that answer.
fn cut(headers: &str, body: &[u8], length: usize) -> Vec<u8> {
    [&head(headers, body.len()), &body[..length]].concat()
}

/// Returns an answer with the rest of a body from `first`, to be continued as this header says.
fn part(headers: &str, body: &[u8], first: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len() - first
    );
    [head.as_bytes(), &body[first..]].concat()
}

/// Returns the header of the rest of a body from `first`.
fn range(body: &[u8], first: usize) -> String {
    let (last, length) = (body.len() - 1, body.len());
    format!("content-range: bytes {first}-{last}/{length}\r\n")
}

/// Returns the rest that a request asks for, if it asks for one.
fn requested(head: &str) -> Option<usize> {
    let (_, range) = head.split_once("\r\nrange: bytes=")?;
    range.split_once("-\r\n")?.0.parse().ok()
}

/// Starts a server that cuts its first answer, and then answers as requested.
fn cutting(headers: &'static str, end: AtTheEnd) -> RawServer {
    RawServer::in_turn(move |number, head| {
        let body = content();
        match (number, requested(head)) {
            (0, _) => (cut(headers, &body, CUT), end),
            (_, None) => (whole(headers, &body), AtTheEnd::Closes),
            (_, Some(first)) => (
                part(&(range(&body, first) + headers), &body, first),
                AtTheEnd::Closes,
            ),
        }
    })
}
