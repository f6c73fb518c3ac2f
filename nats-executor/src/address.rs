//! The servers that a URL names, and how it is shown.

use async_nats::ServerAddr;

use crate::error::ConnectError;

/// Returns the servers that a URL names; several are separated by commas.
pub(crate) fn addresses(url: &str) -> Result<Vec<ServerAddr>, ConnectError> {
    let parse = |part: &str| {
        part.trim()
            .parse::<ServerAddr>()
            .map_err(|error| ConnectError::Url {
                // Not only the part: a comma may be in a password.
                url: without_password(url),
                message: error.to_string(),
            })
    };
    url.split(',').map(parse).collect()
}

/// Returns the address without a user and a password.
pub(crate) fn without_user(address: ServerAddr) -> ServerAddr {
    let mut url = address.clone().into_inner();
    let removed = url.set_username("").and_then(|()| url.set_password(None));
    let without = removed.ok().and_then(|()| ServerAddr::from_url(url).ok());
    without.unwrap_or(address)
}

/// Returns the URL without users and passwords, also if it is no valid URL.
///
/// A password may contain a comma or an `@`, although it should be percent-encoded. So all is left out between the beginning of a
/// URL and the last `@` before the next one, which in a list without `://` may be the names of servers as well.
pub(crate) fn without_password(url: &str) -> String {
    let mut shown = String::new();
    let mut rest = url;
    while !rest.is_empty() {
        let next = (rest.match_indices(',').map(|(comma, _)| comma + 1))
            .find(|&start| starts_with_scheme(&rest[start..]));
        let (one, others) = rest.split_at(next.unwrap_or(rest.len()));
        let has_scheme = starts_with_scheme(one);
        let scheme = one
            .find("://")
            .filter(|_| has_scheme)
            .map_or(0, |end| end + 3);
        let host = one.rfind('@').map_or(scheme, |at| at + 1);
        // The `@` of a path is not before the scheme.
        shown += &one[..scheme];
        shown += &one[host.max(scheme)..];
        rest = others;
    }
    shown
}

fn starts_with_scheme(text: &str) -> bool {
    let schemes = ["nats://", "tls://", "ws://", "wss://"];
    schemes
        .iter()
        .any(|scheme| text.trim_start().starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, shown) in [
            ("nats://u:p@host:4222", "nats://host:4222"),
            ("tls://a,nats://u:p@b", "tls://a,nats://b"),
            ("tls://u:p@a,nats://v:q@b:1", "tls://a,nats://b:1"),
            ("nats://a:1,b:2", "nats://a:1,b:2"),
            ("u:p@host", "host"),
            ("token@host,other", "host,other"),
            ("nats://u:p,w@host", "nats://host"),
            ("nats://u:p@s,w@host,c", "nats://host,c"),
            ("nats://u:p://x@host", "nats://host"),
            ("http://u:p@host", "host"),
            ("", ""),
        ] {
            assert_eq!(without_password(url), shown, "{url}");
        }
    }
}
