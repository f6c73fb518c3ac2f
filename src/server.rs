//! Where flags come from: four labels everyone knows, or a base URL of one's own. Knows nothing of requests.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use test_server::Label;

/// Where flags come from, as named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// The site of the book, on the internet.
    Remote,
    /// One of the servers that delay and fail on purpose, on this machine.
    Labelled(Label),
    /// A base URL of one's own.
    Custom(BaseUrl),
}

/// The site behind REMOTE.
///
/// # Source
/// `SERVERS` of flags_common.py (*Fluent Python*, 1st edition).
const REMOTE: &str = "http://flupy.org/data/flags";

/// What is shown of a password.
const HIDDEN: &str = "***";

/// Why a word names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Neither a label nor a URL.
    #[error(
        "--server LABEL must be one of DELAY, ERROR, LOCAL, REMOTE (or an http:// or https:// URL)"
    )]
    Unknown,
    /// An http or https URL that is not one.
    #[error("{labels}: {0}", labels = Self::Unknown)]
    BadUrl(String),
    /// A URL to which `/br/br.gif` cannot be appended.
    #[error("--server URL must end with its path: without '?' (query) and '#' (fragment)")]
    NotABase,
}

impl Server {
    /// The server of a label in any case, or of a URL.
    ///
    /// ```
    /// use flags::server::Server;
    ///
    /// assert_eq!(Server::parse("remote")?.name(), "REMOTE");
    /// assert_eq!(Server::parse("http://[::1]:8001/flags/")?.name(), "CUSTOM");
    /// assert!(Server::parse("ftp://example.org").is_err());
    /// # Ok::<(), flags::server::ServerError>(())
    /// ```
    ///
    /// # Errors
    /// When it is neither, and when the URL has a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        if text.eq_ignore_ascii_case("REMOTE") {
            return Ok(Self::Remote);
        }
        let labelled = Label::ALL
            .into_iter()
            .find(|label| text.eq_ignore_ascii_case(label.name()));
        match labelled {
            Some(label) => Ok(Self::Labelled(label)),
            None => BaseUrl::parse(text).map(Self::Custom),
        }
    }

    /// The label, or CUSTOM for a URL of one's own.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Remote => "REMOTE",
            Self::Labelled(label) => label.name(),
            Self::Custom(_) => "CUSTOM",
        }
    }
}

/// An http or https URL to which `/br/br.gif` is appended.
///
/// Printed as it is asked, but for a password, which is shown as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The base that a URL stands for, its trailing slashes trimmed.
    ///
    /// # Errors
    /// When it is not an http or https URL with a host, and when it has a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        let scheme = text
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        if !matches!(scheme.as_deref(), Some("http" | "https")) {
            return Err(ServerError::Unknown);
        }
        if text
            .split_once("://")
            .is_some_and(|(_, rest)| rest.starts_with(['/', '\\']))
        {
            // The parser would take the first part of the path for the host.
            return Err(ServerError::BadUrl("empty host".to_owned()));
        }
        let mut url = Url::parse(text).map_err(|error| ServerError::BadUrl(error.to_string()))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerError::NotABase);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The site behind REMOTE.
    pub fn remote() -> Self {
        Self::parse(REMOTE).expect("a constant, parsed by a test")
    }

    /// Where a labelled server on this machine has its flags, by port.
    pub fn on_localhost(port: u16) -> Self {
        Self::parse(&format!("http://localhost:{port}/flags")).expect("only the port varies")
    }

    /// `{base}/{path}`.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.path()));
        url
    }

    /// `/` of the same server.
    pub fn root(&self) -> Url {
        let mut url = self.0.clone();
        url.set_path("/");
        url
    }

    /// The URL with its password, for another process of ours.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Where a test server tells what it has seen.
    pub fn stats(&self) -> Url {
        let mut url = self.0.clone();
        url.set_path("/__stats");
        url
    }

    /// Whether this is a URL as it is shown, and not as it was: its password is `***`.
    pub fn hides_password(&self) -> bool {
        self.0.password() == Some(HIDDEN)
    }

    /// Whether the host is the name `localhost`.
    pub fn is_localhost(&self) -> bool {
        self.0.host_str() == Some("localhost")
    }

    /// Whether the host is this machine, by name or by address: no proxy stands between.
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        self.is_localhost()
            || host.ends_with(".localhost")
            || address.is_ok_and(|a| a.is_loopback())
    }

    /// A URL with a host always has a path; that of a bare host is written `/` but is empty here.
    fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }
}

/// Without the password, as everywhere.
impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        if shown.password().is_some() {
            // Cannot fail: a URL that has a password can have another one.
            let _ = shown.set_password(Some(HIDDEN));
        }
        f.write_str(shown.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_server::Ports;

    const BR: &str = "br/br.gif";

    #[test]
    fn labels_are_known_in_any_case() {
        for (text, name) in [
            ("REMOTE", "REMOTE"),
            ("local", "LOCAL"),
            ("Delay", "DELAY"),
            ("eRRor", "ERROR"),
        ] {
            assert_eq!(Server::parse(text).unwrap().name(), name);
        }
        assert_eq!(BaseUrl::remote().to_string(), REMOTE);
        let bases =
            Label::ALL.map(|label| BaseUrl::on_localhost(Ports::default().of(label)).to_string());
        assert_eq!(
            bases,
            [8001, 8002, 8003].map(|port| format!("http://localhost:{port}/flags"))
        );
    }

    #[test]
    fn a_url_of_ones_own_is_trimmed_and_its_password_hidden() {
        for (text, shown, br_url) in [
            (
                "http://h:1/flags",
                "http://h:1/flags",
                "http://h:1/flags/br/br.gif",
            ),
            (
                "http://h:1/flags///",
                "http://h:1/flags",
                "http://h:1/flags/br/br.gif",
            ),
            (
                "HTTPS://Example.ORG",
                "https://example.org",
                "https://example.org/br/br.gif",
            ),
            ("http://h/", "http://h", "http://h/br/br.gif"),
            (
                "http://[::1]:8001/a%20b/",
                "http://[::1]:8001/a%20b",
                "http://[::1]:8001/a%20b/br/br.gif",
            ),
            (
                "http://me:secret@h/f",
                "http://me:***@h/f",
                "http://me:secret@h/f/br/br.gif",
            ),
            ("http://me@h/f", "http://me@h/f", "http://me@h/f/br/br.gif"),
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!(base.to_string(), shown);
            assert_eq!(base.join(BR).as_str(), br_url);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in [
            "",
            "BOOK",
            "localhost:8001",
            "ftp://h/",
            "http:h",
            "file:///tmp",
            "//h/f",
        ] {
            assert_eq!(Server::parse(text), Err(ServerError::Unknown), "{text}");
        }
        for (text, why) in [
            ("http://", "empty host"),
            ("http:///flags", "empty host"),
            ("http://h:99999/flags", "invalid port number"),
            ("https://a b/", "invalid international domain name"),
        ] {
            let error = Server::parse(text).unwrap_err().to_string();
            assert_eq!(error, format!("{}: {why}", ServerError::Unknown));
        }
        for text in ["http://h/f?x=1", "http://h/f#a", "http://h?", "http://h/#"] {
            assert_eq!(Server::parse(text), Err(ServerError::NotABase), "{text}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        for (text, loopback) in [
            ("http://localhost:1", true),
            ("http://LOCALHOST", true),
            ("http://flags.localhost", true),
            ("http://127.0.0.1", true),
            ("http://127.1.2.3:80", true),
            ("http://[::1]:8001", true),
            ("http://localhost.example.org", false),
            ("http://128.0.0.1", false),
            ("http://[::2]", false),
        ] {
            assert_eq!(
                BaseUrl::parse(text).unwrap().is_loopback(),
                loopback,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_or_print_a_password(
            text in "\\PC*|(https?://)?[a-z:@/?#\\[\\].0-9%]*",
            password in "[a-z]{12}",
        ) {
            let _ = Server::parse(&text);
            if let Ok(base) = BaseUrl::parse(&format!("http://me:{password}@{text}")) {
                let printed = format!("{base} {base:?}");
                prop_assert!(!printed.contains(&password));
                base.join(BR);
            }
        }
    }
}
