//! The proxy that a request goes through. The environment names it, and the decision is made for each request anew,
//! redirects included.
//!
//! Fails closed: a user who sets a proxy may have to use it. A value that is not a proxy is therefore an error, and never a
//! reason to connect directly. Servers on this machine need no proxy, and a proxy elsewhere could not reach them.

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, OnceLock};

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use safe_text::visible;

use crate::server::is_loopback;

/// A port at which nothing can listen, so connecting to it always fails. Requests that need an unusable proxy go there.
const NOWHERE: &str = "http://127.0.0.1:0";

/// The proxies of a process.
pub(crate) struct Proxies {
    http: Setting,
    https: Setting,
    /// Matches each host that `NO_PROXY` does not name.
    included: Matcher,
}

/// The proxy for one scheme, if a variable is set.
type Setting = Option<Result<Proxy, ProxyError>>;

/// The way that a request takes.
#[derive(Debug)]
pub(crate) enum Route<'a> {
    /// To the server of its URL.
    Direct,
    /// Through this proxy.
    Proxy(&'a Proxy),
    /// Nowhere: the environment names something that is not a proxy.
    Unusable(&'a ProxyError),
}

/// The reason why the value of a variable is not a proxy. Hides a login in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is '{value}', {reason}; use http://HOST:PORT")]
pub struct ProxyError {
    variable: &'static str,
    value: String,
    reason: &'static str,
}

/// A proxy. Prints its host and port, never its login.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: Url,
}

impl Proxies {
    /// Returns the proxies that the environment of this process names.
    pub(crate) fn of_this_process() -> &'static Arc<Self> {
        static PROXIES: OnceLock<Arc<Proxies>> = OnceLock::new();
        PROXIES.get_or_init(|| Arc::new(Self::new(std::env::var_os)))
    }

    /// Reads the proxies from the variables that `value_of` returns.
    ///
    /// The first name that is set counts, even if it is empty, and a scheme without a proxy of its own has that of
    /// `ALL_PROXY`. A program that serves HTTP (CGI) gets none, because its clients can set `HTTP_PROXY`.
    ///
    /// # Source
    /// The names and their order are those of curl, as reqwest reads them.
    fn new(value_of: impl Fn(&'static str) -> Option<OsString>) -> Self {
        let first = |names: [&'static str; 2]| {
            let set = names
                .into_iter()
                .find_map(|name| Some((name, value_of(name)?)));
            set.filter(|(_, value)| !value.is_empty())
        };
        let is_cgi = value_of("REQUEST_METHOD").is_some();
        let setting = |names| {
            let named = first(names).or_else(|| first(["ALL_PROXY", "all_proxy"]));
            let (variable, value) = named.filter(|_| !is_cgi)?;
            Some(Proxy::parse(variable, &value.to_string_lossy()))
        };
        let excluded = first(["NO_PROXY", "no_proxy"]).map(|(_, value)| value);
        let excluded = excluded.unwrap_or_default().to_string_lossy().into_owned();
        Self {
            http: setting(["HTTP_PROXY", "http_proxy"]),
            https: setting(["HTTPS_PROXY", "https_proxy"]),
            included: Matcher::builder().all(NOWHERE).no(excluded).build(),
        }
    }

    /// Returns the way that a request for `url` takes.
    pub(crate) fn route(&self, url: &Url) -> Route<'_> {
        let setting = match url.scheme() {
            "https" => &self.https,
            _ => &self.http,
        };
        match setting {
            Some(_) if is_loopback(url) || self.is_excluded(url) => Route::Direct,
            Some(Ok(proxy)) => Route::Proxy(proxy),
            Some(Err(error)) => Route::Unusable(error),
            None => Route::Direct,
        }
    }

    /// Returns the proxy that a request for `url` goes through, if any.
    pub(crate) fn proxy(&self, url: &Url) -> Option<&Proxy> {
        match self.route(url) {
            Route::Proxy(proxy) => Some(proxy),
            Route::Direct | Route::Unusable(_) => None,
        }
    }

    /// Checks that requests for `url` do not need an unusable proxy.
    ///
    /// # Errors
    /// [`ProxyError`] if they do.
    pub(crate) fn check(&self, url: &Url) -> Result<(), ProxyError> {
        match self.route(url) {
            Route::Unusable(error) => Err(error.clone()),
            Route::Direct | Route::Proxy(_) => Ok(()),
        }
    }

    /// Returns these proxies as reqwest uses them.
    pub(super) fn for_client(self: &Arc<Self>) -> reqwest::Proxy {
        let proxies = Arc::clone(self);
        reqwest::Proxy::custom(move |url| match proxies.route(url) {
            Route::Direct => None,
            Route::Proxy(proxy) => Some(proxy.url.to_string()),
            Route::Unusable(_) => Some(NOWHERE.to_owned()),
        })
    }

    /// Returns whether `NO_PROXY` names the host of `url`.
    fn is_excluded(&self, url: &Url) -> bool {
        let uri = url
            .host_str()
            .and_then(|host| format!("http://{host}").parse().ok());
        uri.is_some_and(|uri: Uri| self.included.intercept(&uri).is_none())
    }
}

/// Hides the logins of the proxies.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { http, https, .. } = self;
        f.debug_struct("Proxies")
            .field("http", http)
            .field("https", https)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Parses the value of a variable. Without a scheme, it is that of an http proxy.
    fn parse(variable: &'static str, value: &str) -> Result<Self, ProxyError> {
        let wrong = |reason| ProxyError {
            variable,
            value: without_login(value),
            reason,
        };
        let text = match value.contains("://") {
            true => value.to_owned(),
            false => format!("http://{value}"),
        };
        if text
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("socks"))
        {
            return Err(wrong("and SOCKS proxies are not supported"));
        }
        let not_a_proxy = || wrong("which is not a proxy");
        // The URL parser would take the first part of a path for the host.
        if text
            .split("://")
            .nth(1)
            .is_none_or(|rest| rest.starts_with(['/', '\\']))
        {
            return Err(not_a_proxy());
        }
        let url = Url::parse(&text).map_err(|_| not_a_proxy())?;
        let proxy = Self { url };
        match matches!(proxy.url.scheme(), "http" | "https") && proxy.is_accepted_by_the_client() {
            true => Ok(proxy),
            false => Err(not_a_proxy()),
        }
    }

    /// Returns whether the HTTP client takes the URL for a proxy. It ignores any other and connects directly.
    fn is_accepted_by_the_client(&self) -> bool {
        self.matcher()
            .intercept(&Uri::from_static("http://flags.example"))
            .is_some()
    }

    /// Returns the `Proxy-Authorization` header, if the proxy has a login.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let intercept = self
            .matcher()
            .intercept(&Uri::from_static("http://flags.example"));
        intercept?.basic_auth().cloned()
    }

    fn matcher(&self) -> Matcher {
        Matcher::builder().all(self.url.to_string()).build()
    }

    /// Returns the host, without the brackets of an IPv6 address, and the port, if the connection to the proxy is not
    /// itself encrypted.
    pub(super) fn plain_address(&self) -> Option<(&str, u16)> {
        let host = self
            .url
            .host_str()?
            .trim_start_matches('[')
            .trim_end_matches(']');
        let port = self.url.port_or_known_default()?;
        (self.url.scheme() == "http").then_some((host, port))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => write!(f, "{host}:{port}"),
            None => f.write_str(host),
        }
    }
}

/// Hides the login, as `Display` does.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Returns the value of a variable with everything before its last `@` hidden, which may be a login.
fn without_login(value: &str) -> String {
    match value.rsplit_once('@') {
        Some((_, host)) => format!("***@{}", visible(host)),
        None => visible(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::new(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    /// Returns the way to `url` in words.
    fn way(proxies: &Proxies, url: &str) -> String {
        match proxies.route(&Url::parse(url).unwrap()) {
            Route::Direct => "direct".to_owned(),
            Route::Proxy(proxy) => proxy.to_string(),
            Route::Unusable(error) => error.to_string(),
        }
    }

    const HTTP: &str = "http://flags.example/br.gif";
    const HTTPS: &str = "https://flags.example/br.gif";

    #[test]
    fn each_scheme_has_its_own_proxy_or_that_of_all() {
        for (variables, http, https) in [
            (&[][..], "direct", "direct"),
            (&[("http_proxy", "http://a:1")], "a:1", "direct"),
            (&[("HTTPS_PROXY", "a")], "direct", "a:80"),
            (&[("https_proxy", "https://a")], "direct", "a:443"),
            (&[("all_proxy", "a:1"), ("HTTP_PROXY", "b:2")], "b:2", "a:1"),
            (
                &[("HTTP_PROXY", "a:1"), ("http_proxy", "b:2")],
                "a:1",
                "direct",
            ),
            (
                &[("HTTP_PROXY", ""), ("http_proxy", "b:2")],
                "direct",
                "direct",
            ),
            (
                &[("ALL_PROXY", "http://[::1]:1/path")],
                "[::1]:1",
                "[::1]:1",
            ),
            (&[("ALL_PROXY", "HTTP://a:1")], "a:1", "a:1"),
            (
                &[("ALL_PROXY", "a:1"), ("REQUEST_METHOD", "GET")],
                "direct",
                "direct",
            ),
        ] {
            let proxies = proxies(variables);
            let ways = [HTTP, HTTPS].map(|url| way(&proxies, url));
            assert_eq!(ways, [http, https], "{variables:?}");
        }
    }

    #[test]
    fn this_machine_and_excluded_hosts_are_reached_directly() {
        let proxies = proxies(&[
            ("ALL_PROXY", "a:1"),
            ("no_proxy", "flags.example, 192.0.2.0/24,.example.org"),
        ]);
        for host in [
            "localhost",
            "LOCALHOST.",
            "flags.localhost",
            "127.0.0.1",
            "127.9.8.7:80",
            "[::1]",
            "0.0.0.0",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:0.0.0.0]",
            "2130706433",
            "flags.example",
            "sub.flags.example",
            "192.0.2.7",
            "www.example.org",
        ] {
            assert_eq!(
                way(&proxies, &format!("http://{host}/")),
                "direct",
                "{host}"
            );
        }
        for host in [
            "notflags.example",
            "192.0.3.7",
            "[::2]",
            "[::ffff:1.2.3.4]",
            "localhost.example",
        ] {
            assert_eq!(way(&proxies, &format!("http://{host}/")), "a:1", "{host}");
        }
    }

    #[test]
    fn a_value_that_is_not_a_proxy_is_an_error_that_hides_a_login() {
        for (value, shown) in [
            (":::", ":::"),
            ("foo://", "foo://"),
            ("ftp://h:1", "ftp://h:1"),
            ("http://", "http://"),
            ("http://:8080", "http://:8080"),
            ("h:99999", "h:99999"),
            ("http://h:port", "http://h:port"),
            ("two words", "two words"),
            ("/run/proxy", "/run/proxy"),
            ("h\u{202e}:1", r"h\u{202e}:1"),
            ("http://me:secret@", "***@"),
            ("me:sec@ret@h:port", "***@h:port"),
        ] {
            let way = way(&proxies(&[("http_proxy", value)]), HTTP);
            let expected =
                format!("http_proxy is '{shown}', which is not a proxy; use http://HOST:PORT");
            assert_eq!(way, expected);
        }
        for value in ["SOCKS5://h:1", "socks5h://me:secret@h:1", "socks4://h"] {
            let way = way(&proxies(&[("ALL_PROXY", value)]), HTTPS);
            assert!(way.contains("and SOCKS proxies are not supported"), "{way}");
            assert!(!way.contains("secret"), "{way}");
        }
    }

    #[test]
    fn the_login_of_a_proxy_is_sent_but_not_shown() {
        let proxies = proxies(&[("http_proxy", "http://alice:sec%20ret@a:1")]);
        let url = Url::parse(HTTP).unwrap();
        let proxy = proxies.proxy(&url).unwrap();
        assert_eq!(proxy.authorization().unwrap(), "Basic YWxpY2U6c2VjIHJldA==");
        let shown = format!("{proxy} {proxy:?} {proxies:?}");
        assert!(
            !shown.contains("alice") && !shown.contains("ret"),
            "{shown}"
        );
    }
}
