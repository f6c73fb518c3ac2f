//! Requests for the rest of a body that was cut, and the answers that continue it.
//!
//! The rest may only follow the bytes that are there if both are of the same version of the file. A validator says that: the
//! server sends the rest only if the validator still holds, and otherwise the whole file. An answer that continues anywhere
//! else, or a file of another length, is not used. Knows nothing of disks.
//!
//! # Source
//! RFC 9110: 8.8 (validators), 13.1.5 (If-Range), 14 (ranges).

use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, DATE, ETAG, HeaderMap,
    HeaderName, IF_RANGE, LAST_MODIFIED, RANGE,
};
use reqwest::{RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};

/// What tells one version of a file from all others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Validator {
    /// A strong entity tag, with its quotes.
    Etag(String),
    /// The date of the last change, as the server wrote it.
    LastModified(String),
}

/// The request for the rest of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rest {
    /// The number of bytes that are there.
    pub(crate) offset: u64,
    /// The version of the file that they belong to.
    pub(crate) validator: Validator,
    /// The length of that version, if it is known.
    pub(crate) total: Option<u64>,
}

impl Validator {
    /// Returns the validator of a whole body with these headers, if the rest of it can be requested after a cut: not with an
    /// encoding, which servers may apply anew, and not from a server that says that it has no ranges.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        if is_encoded(headers) || text(headers, &ACCEPT_RANGES) == Some("none") {
            return None;
        }
        match text(headers, &ETAG) {
            // A weak tag may belong to several versions. A date must not be used beside a tag.
            Some(etag) => is_strong(etag).then(|| Self::Etag(etag.to_owned())),
            None => {
                let modified = text(headers, &LAST_MODIFIED)?;
                let date = |text| httpdate::parse_http_date(text).ok();
                let sent = date(text(headers, &DATE)?)?;
                // Within the second of a change, another one would have the same date.
                let age = sent.duration_since(date(modified)?).ok()?;
                (age >= Duration::from_secs(1)).then(|| Self::LastModified(modified.to_owned()))
            }
        }
    }
}

impl Rest {
    /// Adds the headers that request the rest, or the whole file if it has changed.
    pub(crate) fn add_to(&self, request: RequestBuilder) -> RequestBuilder {
        let (Validator::Etag(validator) | Validator::LastModified(validator)) = &self.validator;
        request
            .header(RANGE, format!("bytes={}-", self.offset))
            .header(IF_RANGE, validator)
            .header(ACCEPT_ENCODING, "identity")
    }

    /// Returns the length of the whole file if an answer has the rest of it, from the first byte that is missing to the last.
    pub(crate) fn length_in(&self, status: StatusCode, headers: &HeaderMap) -> Option<u64> {
        if status != StatusCode::PARTIAL_CONTENT || is_encoded(headers) {
            return None;
        }
        let (etag, modified) = (text(headers, &ETAG), text(headers, &LAST_MODIFIED));
        // A server may ignore If-Range. A 206 must have the ETag that a 200 would have, and may leave out Last-Modified.
        let is_same = match &self.validator {
            Validator::Etag(own) => etag == Some(own),
            Validator::LastModified(own) => etag.is_none() && modified.is_none_or(|of| of == own),
        };
        let (first, last, total) = content_range(text(headers, &CONTENT_RANGE)?)?;
        let total = total.or(self.total)?;
        let is_rest = first == self.offset && last.checked_add(1) == Some(total) && first <= last;
        let is_length = self.total.is_none_or(|length| length == total);
        (is_same && is_rest && is_length).then_some(total)
    }
}

/// Returns the first and the last position of a range of bytes, and the length of the whole if that is known.
fn content_range(value: &str) -> Option<(u64, u64, Option<u64>)> {
    let (unit, range) = value.trim().split_once(' ')?;
    let (positions, length) = range.trim().split_once('/')?;
    let (first, last) = positions.split_once('-')?;
    // The parser of numbers accepts a sign.
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    };
    let length = match length {
        "*" => None,
        length => Some(number(length)?),
    };
    let is_bytes = unit.eq_ignore_ascii_case("bytes");
    is_bytes.then_some((number(first)?, number(last)?, length))
}

fn is_strong(etag: &str) -> bool {
    etag.len() >= 2 && etag.starts_with('"') && etag.ends_with('"')
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Returns the value of a header, if it is text.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let line = |line: &&str| {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        };
        lines.iter().map(line).collect()
    }

    const DATE: &str = "date: Sat, 28 Nov 2026 12:00:01 GMT";

    #[test]
    fn only_a_validator_that_changes_with_every_byte_allows_a_range() {
        let etag = |text: &str| Some(Validator::Etag(text.to_owned()));
        let modified = "Sat, 28 Nov 2026 12:00:00 GMT";
        let earlier = format!("last-modified: {modified}");
        let dated = Some(Validator::LastModified(modified.to_owned()));
        for (lines, validator) in [
            (&["etag: \"a\""][..], etag("\"a\"")),
            (&["etag: \"\"", "content-encoding: identity"], etag("\"\"")),
            (&["etag: \"a\"", &earlier, DATE], etag("\"a\"")),
            (&["etag: \"a\"", "accept-ranges: bytes"], etag("\"a\"")),
            (&["etag: \"a\"", "accept-ranges: none"], None),
            (&["etag: \"a\"", "content-encoding: gzip"], None),
            (&["etag: W/\"a\""], None),
            (&["etag: W/\"a\"", &earlier, DATE], None),
            (&["etag: a"], None),
            (&[&earlier, DATE], dated),
            (&[&earlier], None),
            (&[&earlier, "date: Sat, 28 Nov 2026 12:00:00 GMT"], None),
            (&[&earlier, "date: Sat, 28 Nov 2026 11:00:00 GMT"], None),
            (&[&earlier, "date: soon"], None),
            (&["last-modified: once", DATE], None),
            (&[], None),
        ] {
            assert_eq!(Validator::of(&headers(lines)), validator, "{lines:?}");
        }
    }

    #[test]
    fn an_answer_continues_only_at_the_first_missing_byte_of_the_same_file() {
        let length = |total: Option<u64>, lines: &[&str]| {
            let rest = Rest {
                offset: 100,
                validator: Validator::Etag("\"a\"".to_owned()),
                total,
            };
            let lines = [&["etag: \"a\""], lines].concat();
            rest.length_in(StatusCode::PARTIAL_CONTENT, &headers(&lines))
        };
        for range in ["bytes 100-299/300", "BYTES  100-299/300 "] {
            let line = format!("content-range: {range}");
            assert_eq!(length(None, &[&line]), Some(300), "{range}");
            assert_eq!(length(Some(300), &[&line]), Some(300));
            assert_eq!(length(Some(301), &[&line]), None);
            assert_eq!(length(None, &[&line, "content-encoding: br"]), None);
        }
        assert_eq!(
            length(Some(300), &["content-range: bytes 100-299/*"]),
            Some(300)
        );
        for range in [
            "bytes 100-299/*",
            "bytes 99-299/300",
            "bytes 101-299/300",
            "bytes 0-299/300",
            "bytes 100-298/300",
            "bytes 100-300/300",
            "bytes +100-299/300",
            "bytes 100-99/100",
            "bytes 100-18446744073709551615/18446744073709551616",
            "bytes */300",
            "items 100-299/300",
            "100-299/300",
            "",
        ] {
            let line = format!("content-range: {range}");
            assert_eq!(length(None, &[&line]), None, "{range}");
        }
        assert_eq!(length(Some(300), &[]), None);
    }

    #[test]
    fn an_answer_of_another_version_does_not_continue_even_if_it_says_so() {
        let date = |day: u8| format!("Sat, {day} Nov 2026 12:00:00 GMT");
        let modified = |day| format!("last-modified: {}", date(day));
        let etag = Validator::Etag("\"a\"".to_owned());
        let dated = Validator::LastModified(date(21));
        for (validator, line, continues) in [
            (&etag, "etag: \"a\"", true),
            (&etag, "etag: \"b\"", false),
            (&etag, "x-etag: \"a\"", false),
            (&dated, &modified(21), true),
            (&dated, &modified(28), false),
            (&dated, "x: without", true),
            (&dated, "etag: \"new\"", false),
        ] {
            let rest = Rest {
                offset: 100,
                validator: validator.clone(),
                total: Some(300),
            };
            let lines = [line, "content-range: bytes 100-299/300"];
            let length = rest.length_in(StatusCode::PARTIAL_CONTENT, &headers(&lines));
            assert_eq!(length.is_some(), continues, "{line}");
        }
    }
}
