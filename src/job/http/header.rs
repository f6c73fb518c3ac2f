//! The headers of `--header`: which may be set, and which go to no other server.

use reqwest::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderName, HeaderValue,
    IF_RANGE, PROXY_AUTHORIZATION, RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// The reason why a text is not a header. Does not contain it: its value may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// It has no colon, no name or no value, or one with signs that are not allowed there.
    #[error("must be a name, a colon and a value, such as 'Accept: image/gif'")]
    Invalid,
    /// The program sets it itself, or sends no body that it would be about.
    #[error("cannot be '{0}', which flags sets itself")]
    Reserved(HeaderName),
}

/// Parses `NAME: VALUE`. The value is not printed.
///
/// # Errors
/// [`HeaderError`] if the text is something else, or a header that describes the connection or the body.
pub(crate) fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let (name, value) = text.split_once(':').ok_or(HeaderError::Invalid)?;
    let name: HeaderName = name.parse().map_err(|_| HeaderError::Invalid)?;
    if is_reserved(&name) {
        return Err(HeaderError::Reserved(name));
    }
    let value = value.trim_matches([' ', '\t']);
    if value.is_empty() {
        return Err(HeaderError::Invalid);
    }
    let mut value: HeaderValue = value.parse().map_err(|_| HeaderError::Invalid)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Returns whether a header may be sent only to the servers that the user names, and not to those of redirects.
pub(super) fn is_credential(name: &HeaderName) -> bool {
    [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name) || name == "cookie2"
}

fn is_reserved(name: &HeaderName) -> bool {
    let reserved = [
        CONNECTION,
        CONTENT_LENGTH,
        EXPECT,
        HOST,
        IF_RANGE,
        RANGE,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    reserved.contains(name) || name == "keep-alive" || name == "proxy-connection"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        for (text, name, value) in [
            ("Accept: image/gif", "accept", "image/gif"),
            ("X-Key:  a: b \t", "x-key", "a: b"),
            ("Cookie:a=\"b\"", "cookie", "a=\"b\""),
        ] {
            let (parsed, header) = parse_header(text).unwrap();
            assert_eq!((parsed.as_str(), header.to_str().unwrap()), (name, value));
            assert!(!format!("{header:?}").contains(value));
        }
        assert_eq!(parse_header("x: ä").unwrap().1.as_bytes(), "ä".as_bytes());
    }

    #[test]
    fn errors_do_not_contain_the_value() {
        for text in [
            "secret",
            "",
            ": secret",
            "a b: secret",
            "a:",
            "a: ",
            "a: sec\nret",
            "a: secret\r\nb: c",
            "ä: secret",
        ] {
            let error = parse_header(text).unwrap_err().to_string();
            assert!(error.starts_with("must be a name"), "{text}: {error}");
        }
        for name in ["Host", "content-length", "Keep-Alive", "RANGE"] {
            let error = parse_header(&format!("{name}: secret")).unwrap_err();
            let name = name.to_lowercase();
            assert_eq!(
                error.to_string(),
                format!("cannot be '{name}', which flags sets itself")
            );
        }
    }
}
