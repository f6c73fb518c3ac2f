//! Ranges and conditions of requests: which part of a body a client asks for, and whether it has the body already.
//!
//! # Source
//! RFC 9110, sections 13 and 14. A request for several ranges gets the whole body, which section 14.2 allows. There is no
//! Last-Modified, so a date in `If-Range` never holds.

use std::ops::Range;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::script::Content;

/// What a request wants of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Whole,
    /// These bytes, at least one.
    Part(Range<usize>),
    /// Bytes behind the end.
    Unsatisfiable,
}

/// Returns what a request wants of this content, without a look at `If-Range`.
pub(crate) fn wanted(head: Option<&Parts>, content: &Content) -> Wanted {
    // Ranges are defined for GET alone, and for what would be a 200.
    let head = head.filter(|head| head.method == Method::GET && content.status == StatusCode::OK);
    let Some(text) = head.and_then(|head| text(&head.headers, &header::RANGE)) else {
        return Wanted::Whole;
    };
    parse(text, content.len()).unwrap_or(Wanted::Whole)
}

/// Parses `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-LAST_BYTES`. Returns `None` for anything else.
fn parse(text: &str, length: usize) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return None,
        (true, false) => length.saturating_sub(number(last)?)..length,
        (false, true) => number(first)?..length,
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(if range.is_empty() {
        Wanted::Unsatisfiable
    } else {
        Wanted::Part(range)
    })
}

/// Returns a number of digits alone, or the largest one if it is larger.
fn number(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Returns whether the condition of a range holds: that the client has a part of the body with this ETag.
fn range_condition_holds(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    // Compared strongly; ours are never weak.
    headers
        .get(header::IF_RANGE)
        .is_none_or(|condition| condition == etag)
}

/// Returns whether a list of ETags, such as that of `If-None-Match`, has this one.
fn lists(headers: &HeaderMap, name: &HeaderName, etag: &HeaderValue) -> Option<bool> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let etag = etag.to_str().ok()?;
    let is_same = |listed: &str| matches!(listed.trim().trim_start_matches("W/"), tag if tag == "*" || tag == etag);
    Some(values.any(|value| {
        let value = value.to_str().unwrap_or_default();
        value.split(',').any(is_same)
    }))
}

/// Returns the response to a request for this content, or for a part of it.
pub(crate) fn respond(head: Option<&Parts>, content: &Content) -> Response {
    let Some(request) = head else {
        return whole(content);
    };
    let headers = &request.headers;
    if lists(headers, &header::IF_MATCH, &content.etag) == Some(false) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    if lists(headers, &header::IF_NONE_MATCH, &content.etag) == Some(true) {
        let etag = [(header::ETAG, content.etag.clone())];
        return (StatusCode::NOT_MODIFIED, etag).into_response();
    }
    if !range_condition_holds(headers, &content.etag) {
        return whole(content);
    }
    respond_to_range(head, content)
}

/// Returns the response to a request for a part of this content, without a look at its conditions.
pub(crate) fn respond_to_range(head: Option<&Parts>, content: &Content) -> Response {
    match wanted(head, content) {
        Wanted::Whole => whole(content),
        Wanted::Part(range) => part(content, range),
        Wanted::Unsatisfiable => {
            let all = [(header::CONTENT_RANGE, format!("bytes */{}", content.len()))];
            (StatusCode::RANGE_NOT_SATISFIABLE, all).into_response()
        }
    }
}

/// Returns a response with all of this content.
pub(crate) fn whole(content: &Content) -> Response {
    let response = (content.status, content.bytes.clone()).into_response();
    with_fields_of(content, response)
}

/// Returns a response with a part of this content.
pub(crate) fn part(content: &Content, range: Range<usize>) -> Response {
    let (last, all) = (range.end - 1, content.len());
    let of_range = format!("bytes {}-{last}/{all}", range.start);
    let status = StatusCode::PARTIAL_CONTENT;
    let of_range = [(header::CONTENT_RANGE, of_range)];
    let response = (status, of_range, content.slice(range)).into_response();
    with_fields_of(content, response)
}

/// Adds the headers of this content to a response, in place: a map of their own would be one more allocation for each
/// request.
fn with_fields_of(content: &Content, mut response: Response) -> Response {
    let fields = response.headers_mut();
    fields.extend(content.headers.clone());
    fields.insert(header::CONTENT_TYPE, content.media_type.clone());
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(header::ETAG, content.etag.clone());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_parsed_as_the_standard_says() {
        let part = |range| Some(Wanted::Part(range));
        for (text, wanted) in [
            ("bytes=0-0", part(0..1)),
            ("bytes=2-5", part(2..6)),
            ("Bytes = 2-5", part(2..6)),
            ("bytes=2-", part(2..10)),
            ("bytes=2-99", part(2..10)),
            ("bytes=9-9", part(9..10)),
            ("bytes=-3", part(7..10)),
            ("bytes=-99", part(0..10)),
            ("bytes=0-99999999999999999999999", part(0..10)),
            ("bytes=10-", Some(Wanted::Unsatisfiable)),
            ("bytes=10-20", Some(Wanted::Unsatisfiable)),
            ("bytes=-0", Some(Wanted::Unsatisfiable)),
            ("bytes=5-2", None),
            ("bytes=-", None),
            ("bytes=0-1,4-5", None),
            ("bytes=a-b", None),
            ("bytes=+1-2", None),
            ("bytes 0-1", None),
            ("lines=0-1", None),
            ("", None),
        ] {
            assert_eq!(parse(text, 10), wanted, "{text}");
        }
        assert_eq!(parse("bytes=0-", 0), Some(Wanted::Unsatisfiable));
    }
}
