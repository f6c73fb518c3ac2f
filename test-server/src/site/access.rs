//! Who may use the control paths.
//!
//! They are open if the server listens on loopback alone or its owner opens them. A request must also address the
//! server as localhost, by IP address or by a name that the owner has allowed, and must not come from a page of another
//! site. Otherwise any page in a browser on this machine could control the server. A token replaces all of this: what
//! knows the token is trusted, and nothing else is.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;

/// Who may use the control paths of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    /// Whether the paths are open at all, without a token.
    pub(crate) is_open: bool,
    /// The names of hosts, besides localhost, by which the server may be addressed.
    pub(crate) hosts: Vec<String>,
    pub(crate) token: Option<String>,
}

impl Access {
    /// Returns whether a request with these headers may control the server, whose URLs have this scheme.
    pub(crate) fn admits(&self, headers: &HeaderMap, scheme: &str) -> bool {
        if let Some(token) = &self.token {
            return given_token(headers).is_some_and(|given| is_same(given, token.as_bytes()));
        }
        let host = text(headers, "host").unwrap_or_default();
        let same_site = match text(headers, "origin") {
            Some(origin) => origin == format!("{scheme}://{host}"),
            None => true,
        };
        // Browsers send Sec-Fetch-Site even with requests that have no Origin, such as those for images.
        let same_site_fetch = matches!(
            text(headers, "sec-fetch-site"),
            None | Some("same-origin" | "none")
        );
        self.admits_own_pages(headers) && same_site && same_site_fetch
    }

    /// Returns whether a page of this server may control it if it is addressed by the host in these headers.
    ///
    /// Does not check where the request comes from, which may be a link on another site. So it suffices for showing the
    /// page, which the other site cannot read, but not for changing anything.
    pub(crate) fn admits_own_pages(&self, headers: &HeaderMap) -> bool {
        let host = text(headers, "host").unwrap_or_default();
        self.is_open && self.token.is_none() && self.knows(host)
    }

    /// Returns whether a token is needed.
    pub(crate) fn wants_token(&self) -> bool {
        self.token.is_some()
    }

    /// Returns the response to a request that may not control this server.
    pub(crate) fn refusal(&self) -> Response {
        let line = format!("{}\n", self.closed_reason());
        if self.wants_token() {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
            (StatusCode::UNAUTHORIZED, challenge, line).into_response()
        } else {
            (StatusCode::FORBIDDEN, line).into_response()
        }
    }

    /// Returns the reason why a request may not control this server.
    pub(crate) fn closed_reason(&self) -> &'static str {
        if self.wants_token() {
            "the control paths accept only requests with the header `Authorization: Bearer TOKEN`, with the token of --token"
        } else if self.is_open {
            "the control paths accept only requests to localhost, an IP address or a host of --allow-host, and none from \
             pages of other sites"
        } else {
            "the control paths are closed: the server does not listen on loopback alone and was started without --admin"
        }
    }

    /// Returns whether the server may be addressed by this host.
    ///
    /// Other names are not trusted: if evil.example resolves to 127.0.0.1, its pages and this server are the same site
    /// to a browser.
    fn knows(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        if let Some(v6) = name.strip_prefix('[') {
            let address = v6.strip_suffix(']').map(str::parse::<Ipv6Addr>);
            return matches!(address, Some(Ok(_)));
        }
        let mut hosts = self.hosts.iter();
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<Ipv4Addr>().is_ok()
            || hosts.any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Returns the token in the headers of a request, if there is exactly one.
///
/// # Source
/// RFC 9110, section 11.4, and RFC 6750, section 2.1: the scheme has no case, and blanks stand behind it.
fn given_token(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.as_bytes();
    let (scheme, rest) = value.split_at(value.iter().position(|&byte| byte == b' ')?);
    let is_alone = values.next().is_none();
    (is_alone && scheme.eq_ignore_ascii_case(b"bearer")).then(|| rest.trim_ascii())
}

/// Compares a token in a time that does not tell how much of it is right, or how long it should be.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let has_length = given.len() == token.len();
    let compared = if has_length { given } else { token };
    bool::from(compared.ct_eq(token)) && has_length && !token.is_empty()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}
