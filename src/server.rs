//! The servers that flags come from: four labels, or a base URL given by the user; or those of the URLs of a list.
//!
//! A password or a token in a URL must never be printed. Knows nothing of requests.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use test_server::Label;

/// A server, as named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// The website of the book, on the internet.
    Remote,
    /// One of the test servers on this machine: LOCAL, DELAY or ERROR.
    Labelled(Label),
    /// A base URL given by the user.
    Custom(BaseUrl),
    /// The servers of a list, of which each line has its own.
    Listed,
}

/// The base URL of REMOTE.
///
/// # Source
/// `SERVERS` of flags_common.py (*Fluent Python*, 1st edition).
const REMOTE: &str = "http://flupy.org/data/flags";

/// The name of this machine.
pub(crate) const LOCALHOST: &str = "localhost";

/// The text printed in place of a password or a token.
const MASK: &str = "***";

/// The longest user name that is printed, in bytes. Tokens are longer.
const LONGEST_USER: usize = 16;

/// The reason why a word does not name a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// The word is neither a label nor an http or https URL.
    #[error(
        "--server LABEL must be one of DELAY, ERROR, LOCAL, REMOTE (or an http:// or https:// URL)"
    )]
    Unknown,
    /// The word begins like an http or https URL but does not parse as one. Holds the reason.
    #[error("{labels}: {0}", labels = Self::Unknown)]
    BadUrl(String),
    /// The URL has a query or a fragment, so `/br/br.gif` cannot be appended.
    #[error("--server URL must end with its path: without '?' (query) and '#' (fragment)")]
    NotABase,
}

impl Server {
    /// Parses a label, in any case, or a URL.
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
    /// [`ServerError`] if the text is neither, or if the URL has a query or a fragment.
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

    /// Returns the label, `CUSTOM` for a URL given by the user, or `LIST`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Remote => "REMOTE",
            Self::Labelled(label) => label.name(),
            Self::Custom(_) => "CUSTOM",
            Self::Listed => "LIST",
        }
    }
}

/// An http or https URL to which `/br/br.gif` is appended.
///
/// `Display` and `Debug` print the URL that is requested, with a password replaced by `***`. So is a user name that may be a
/// token: one without a password, which is then all that the server checks, or a long one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Parses a base URL and trims its trailing slashes.
    ///
    /// # Errors
    /// [`ServerError`] if the text is not an http or https URL with a host, or if it has a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        let mut url = parse_url(text)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerError::NotABase);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Returns the base URL of REMOTE.
    pub fn remote() -> Self {
        Self::parse(REMOTE).expect("a constant, parsed by a test")
    }

    /// Returns the base URL of a test server on this machine that listens on `port`.
    pub fn on_localhost(port: u16) -> Self {
        Self::parse(&format!("http://localhost:{port}/flags")).expect("only the port varies")
    }

    /// Returns `{base}/{path}`.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}/{path}", self.path()));
        url
    }

    /// Returns the URL of `/` on the same server.
    pub fn root(&self) -> Url {
        self.control("/")
    }

    /// Returns the URL with its password, to be passed to a child process of this program.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the URL of a test server's counters.
    pub fn stats(&self) -> Url {
        self.control("/__stats")
    }

    /// Returns the URL that resets a test server.
    pub fn reset(&self) -> Url {
        self.control("/__reset")
    }

    /// Returns the URL of another path on the server, without the user and the password: they are for flags.
    fn control(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url.set_query(None);
        // An http URL has a host, so these cannot fail.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }

    /// Returns whether the user name or the password is `***`: then the URL was copied from printed output, and the real one
    /// is lost.
    pub fn hides_login(&self) -> bool {
        self.0.password() == Some(MASK) || self.0.username() == MASK
    }

    /// Returns whether the host is the name `localhost`.
    pub fn is_localhost(&self) -> bool {
        self.0.host_str() == Some(LOCALHOST)
    }

    /// Returns whether the host is this machine, by name or by address, so that no proxy is needed.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Returns the path without trailing slashes. The URL parser gives a bare host the path `/`; here it is empty.
    fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }
}

/// Returns whether the host of a URL is this machine, by name or by address. The address 0.0.0.0 is, too: connecting to it
/// means connecting to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let name = host.strip_suffix('.').unwrap_or(host);
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
        .map(|address| address.to_canonical());
    name == LOCALHOST
        || name.ends_with(".localhost")
        || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

/// Hides the password and tokens, as `Display` does.
impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(shown(&self.0).trim_end_matches('/'))
    }
}

/// Parses an http or https URL.
///
/// # Errors
/// [`ServerError::Unknown`] if the text does not begin like one, [`ServerError::BadUrl`] if it does not go on like one.
pub(crate) fn parse_url(text: &str) -> Result<Url, ServerError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(ServerError::Unknown);
    };
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return Err(ServerError::Unknown);
    }
    if rest.starts_with(['/', '\\']) {
        // The URL parser would use the first part of the path as the host.
        return Err(ServerError::BadUrl("empty host".to_owned()));
    }
    Url::parse(text).map_err(|error| ServerError::BadUrl(error.to_string()))
}

/// Returns a URL as text in which a password, and a user name that may be a token, is `***`.
pub(crate) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    let user = shown.username();
    let may_be_token = shown.password().is_none() || user.len() > LONGEST_USER;
    // Setting them cannot fail: the URL already has them, so it can have others.
    if !user.is_empty() && may_be_token {
        let _ = shown.set_username(MASK);
    }
    if shown.password().is_some() {
        let _ = shown.set_password(Some(MASK));
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use test_server::Ports;

    const BR: &str = "br/br.gif";

    #[test]
    fn labels_are_recognised_in_any_case() {
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
    fn custom_urls_are_trimmed_and_their_passwords_hidden() {
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
            ("http://me@h/f", "http://***@h/f", "http://me@h/f/br/br.gif"),
            (
                "http://ghp_0123456789abcdef:x-oauth-basic@h/f",
                "http://***:***@h/f",
                "http://ghp_0123456789abcdef:x-oauth-basic@h/f/br/br.gif",
            ),
            (
                "http://:secret@h/f",
                "http://:***@h/f",
                "http://:secret@h/f/br/br.gif",
            ),
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!(base.to_string(), shown);
            assert_eq!(base.join(BR).as_str(), br_url);
        }
    }

    #[test]
    fn invalid_base_urls_are_rejected() {
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
    fn loopback_hosts_are_recognised_by_name_and_by_address() {
        for (text, loopback) in [
            ("http://localhost:1", true),
            ("http://LOCALHOST", true),
            ("http://flags.localhost", true),
            ("http://127.0.0.1", true),
            ("http://127.1.2.3:80", true),
            ("http://[::1]:8001", true),
            ("http://localhost.:1", true),
            ("http://flags.localhost.", true),
            ("http://0.0.0.0:1", true),
            ("http://[::]", true),
            ("http://[::ffff:127.0.0.1]:1", true),
            ("http://[::ffff:128.0.0.1]:1", false),
            ("http://localhost..", false),
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
        fn the_parser_never_panics_and_passwords_and_tokens_are_never_printed(
            text in "\\PC*|(https?://)?[a-z:@/?#\\[\\].0-9%]*",
            password in "[a-z]{12}",
        ) {
            let _ = Server::parse(&text);
            if let Ok(base) = BaseUrl::parse(&format!("http://me:{password}@{text}")) {
                let printed = format!("{base} {base:?}");
                prop_assert!(!printed.contains(&password));
                base.join(BR);
            }
            // Otherwise the text continues the login.
            let logins = [format!("{password}@"), format!("{password}{password}:x@")];
            for login in logins.into_iter().filter(|_| !text.contains('@')) {
                if let Ok(base) = BaseUrl::parse(&format!("http://{login}{text}")) {
                    let printed = format!("{base} {base:?}");
                    prop_assert!(!printed.contains(&password));
                }
            }
        }
    }
}
