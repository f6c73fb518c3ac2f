//! What one line of a list asks for, as text or as a JSON object. Knows nothing of names that are safe.

use reqwest::Url;
use serde::Deserialize;

use crate::item::expected::{Checksum, Expected};
use crate::server::{ServerError, parse_url};

/// The form of all lines of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A URL, and after a tab, if wanted, the name of its file.
    Text,
    /// A JSON object.
    Json,
}

/// What a line asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) url: Url,
    /// The name of the file as it is in the list; empty if it has none.
    pub(super) name: String,
    pub(super) expected: Expected,
}

/// The fields of a line in JSON. Others are ignored: lists come from programs that know more of their files.
#[derive(Deserialize)]
struct Fields {
    url: String,
    name: Option<String>,
    sha256: Option<String>,
    size: Option<u64>,
}

impl Form {
    /// Returns the form of a list whose first line is this one, without the space around it.
    pub(super) fn of(line: &[u8]) -> Self {
        match line.first() {
            Some(b'{') => Self::Json,
            Some(_) | None => Self::Text,
        }
    }

    /// Returns what a line asks for, without the space around it, or why it cannot be used.
    pub(super) fn parse(self, line: &[u8]) -> Result<Wanted, String> {
        let text = str::from_utf8(line).map_err(|_| "the line is not valid UTF-8")?;
        match (self, Self::of(line)) {
            (Self::Json, Self::Json) => parse_json(text),
            (Self::Text, Self::Text) => parse_text(text),
            (Self::Json, Self::Text) => {
                Err("not a JSON object, as the first line of the list is".to_owned())
            }
            (Self::Text, Self::Json) => {
                Err("a JSON object, but the first line of the list is not".to_owned())
            }
        }
    }
}

fn parse_text(text: &str) -> Result<Wanted, String> {
    let (url, name) = text.split_once('\t').unwrap_or((text, ""));
    Ok(Wanted {
        url: parse_address(url)?,
        name: name.trim().to_owned(),
        expected: Expected::default(),
    })
}

fn parse_json(text: &str) -> Result<Wanted, String> {
    let fields: Fields = serde_json::from_str(text).map_err(|error| {
        // To serde, every line is the first.
        let error = error
            .to_string()
            .replace(" at line 1 column ", " at column ");
        format!("not usable JSON: {error}")
    })?;
    let url = parse_address(&fields.url)?;
    let sha256 = match fields.sha256.as_deref() {
        None => None,
        Some(text) => {
            Some(Checksum::parse(text.trim()).ok_or("the sha256 is not 64 hexadecimal digits")?)
        }
    };
    Ok(Wanted {
        url,
        name: fields.name.unwrap_or_default().trim().to_owned(),
        expected: Expected {
            sha256,
            size: fields.size,
        },
    })
}

/// The longest URL that can be sent.
const LONGEST_URL: usize = u16::MAX as usize - 1;

/// Parses a URL, and removes its fragment, which is never sent.
fn parse_address(text: &str) -> Result<Url, String> {
    let text = text.trim();
    // The parser would remove some of them, and request another URL.
    if text.contains(char::is_control) {
        return Err("not a URL: it contains control characters".to_owned());
    }
    let mut url = parse_url(text).map_err(|error| match error {
        ServerError::BadUrl(reason) => format!("not a URL: {reason}"),
        ServerError::Unknown | ServerError::NotABase => "not an http:// or https:// URL".to_owned(),
    })?;
    url.set_fragment(None);
    match url.as_str().len() > LONGEST_URL {
        true => Err(format!("the URL is longer than {LONGEST_URL} bytes")),
        false => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn reason(line: &str) -> String {
        Form::Json.parse(line.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_json_line_may_have_a_name_a_checksum_and_a_size_and_fields_of_other_programs() {
        let line = format!(
            r#"{{"url": " http://x/a#f ", "name": "b", "sha256": "{SUM}", "size": 7, "tags": [1]}}"#
        );
        let wanted = Form::Json.parse(line.as_bytes()).unwrap();
        assert_eq!(
            (wanted.url.as_str(), wanted.name.as_str()),
            ("http://x/a", "b")
        );
        let expected = Expected {
            sha256: Checksum::parse(SUM),
            size: Some(7),
        };
        assert_eq!(wanted.expected, expected);
        let line = br#"{"url":"http://x/a","name":null,"sha256":null,"size":null}"#;
        let wanted = Form::Json.parse(line).unwrap();
        assert!(wanted.name.is_empty() && wanted.expected.is_empty());
    }

    #[test]
    fn each_bad_json_line_says_why() {
        for (line, why) in [
            (
                "{",
                "not usable JSON: EOF while parsing an object at column 1",
            ),
            (
                r#"{"name":"a"}"#,
                "not usable JSON: missing field `url` at column 12",
            ),
            (
                r#"{"url":"http://x/a","size":-1}"#,
                "not usable JSON: invalid value: integer `-1`, expected u64 at column 29",
            ),
            (
                r#"{"url":"http://x/a","size":"7"}"#,
                "not usable JSON: invalid type: string \"7\", expected u64 at column 30",
            ),
            (r#"{"url":"ftp://x/a"}"#, "not an http:// or https:// URL"),
            (r#"{"url":"http://"}"#, "not a URL: empty host"),
            (
                r#"{"url":"http://x/a","sha256":"12"}"#,
                "the sha256 is not 64 hexadecimal digits",
            ),
            (
                r#"{"url":"http://x/a","sha256":""}"#,
                "the sha256 is not 64 hexadecimal digits",
            ),
            (
                "http://x/a",
                "not a JSON object, as the first line of the list is",
            ),
            ("[]", "not a JSON object, as the first line of the list is"),
        ] {
            assert_eq!(reason(line), why, "{line}");
        }
        let twice = reason(r#"{"url":"http://x/a","url":"http://x/b"}"#);
        assert!(twice.contains("duplicate field `url`"), "{twice}");
        let mixed = Form::Text.parse(br#"{"url":"http://x/a"}"#).unwrap_err();
        assert_eq!(
            mixed,
            "a JSON object, but the first line of the list is not"
        );
    }
}
