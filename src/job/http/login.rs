//! The `Authorization` header of a name and a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;

/// The reason why a name and a password are not a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadLogin;

impl BadLogin {
    /// Returns what is wrong, in words.
    pub(super) fn reason(self) -> &'static str {
        "a login must not contain ':'"
    }
}

/// Returns the value of an `Authorization` header. It is not printed.
///
/// # Errors
/// If the name contains a colon, where the password would begin.
///
/// # Source
/// RFC 7617, 2.
pub(crate) fn basic(name: &str, password: &str) -> Result<HeaderValue, BadLogin> {
    if name.contains(':') {
        return Err(BadLogin);
    }
    let encoded = STANDARD.encode(format!("{name}:{password}"));
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))
        .expect("base64 has only letters, digits and three signs");
    value.set_sensitive(true);
    Ok(value)
}
