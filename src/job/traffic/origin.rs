//! The server of a URL: its scheme, host and port.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;

use reqwest::Url;

/// The scheme, host and port of a URL, as a hash: a list may have a million of them. If two origins had the same hash, one
/// would wait for the other, and nothing worse. The hash is keyed, so that this cannot be caused on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin(u64);

impl Origin {
    /// Returns the origin of a URL.
    pub(crate) fn of(url: &Url) -> Self {
        static KEYS: OnceLock<RandomState> = OnceLock::new();
        let parts = (url.scheme(), url.host_str(), url.port_or_known_default());
        Self(KEYS.get_or_init(RandomState::new).hash_one(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_host_and_port_make_an_origin_and_nothing_else() {
        let origin = |url| Origin::of(&Url::parse(url).unwrap());
        let one = origin("http://h/a");
        for same in ["http://h:80/b?c", "HTTP://H", "http://me:secret@h/"] {
            assert!(one == origin(same), "{same}");
        }
        for other in ["https://h/a", "http://h:81/a", "http://i/a", "https://h:80"] {
            assert!(one != origin(other), "{other}");
        }
    }
}
