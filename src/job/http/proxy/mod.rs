//! The proxy that a request goes through. `--proxy` or the environment names it, and the decision is made for each request
//! anew, redirects included.
//!
//! Fails closed: a user who sets a proxy may have to use it. A value that is not a proxy is therefore an error, and never a
//! reason to connect directly. Servers on this machine need no proxy, and a proxy elsewhere could not reach them, so that of
//! the environment is not used for them. That of `--proxy` is: it was set for this run.

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, OnceLock};

use hyper::header::HeaderValue;
use hyper::{StatusCode, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Url};
use safe_text::visible;
use tokio::sync::OnceCell;

use crate::server::is_loopback;

/// A port at which nothing can listen, so connecting to it always fails. Requests that need an unusable proxy go there.
const NOWHERE: &str = "http://127.0.0.1:0";

/// The proxies of a process.
pub(crate) struct Proxies {
    http: Setting,
    https: Setting,
    /// Matches each host that `NO_PROXY` does not name.
    included: Matcher,
    /// Whether requests to this machine go through the proxy as well.
    of_this_machine: bool,
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
    /// The status with which it refuses tunnels, `None` inside if that is unknown. Empty until it was asked for.
    pub(crate) refusal: OnceCell<Option<StatusCode>>,
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
    /// `ALL_PROXY`. `HTTP_PROXY` is ignored in a program that serves HTTP (CGI), because its clients can set it.
    ///
    /// # Source
    /// The names and their order are those of curl, as reqwest reads them.
    fn new(value_of: impl Fn(&'static str) -> Option<OsString>) -> Self {
        let is_cgi = value_of("REQUEST_METHOD").is_some();
        let value_of = |name| value_of(name).filter(|_| !(is_cgi && name == "HTTP_PROXY"));
        let first = |names: [&'static str; 2]| {
            let set = names
                .into_iter()
                .find_map(|name| Some((name, value_of(name)?)));
            set.filter(|(_, value)| !value.is_empty())
        };
        let setting = |names| {
            let named = first(names).or_else(|| first(["ALL_PROXY", "all_proxy"]));
            let (variable, value) = named?;
            Some(Proxy::parse(variable, &value.to_string_lossy()))
        };
        Self {
            http: setting(["HTTP_PROXY", "http_proxy"]),
            https: setting(["HTTPS_PROXY", "https_proxy"]),
            included: included(&value_of),
            of_this_machine: false,
        }
    }

    /// Returns the proxy of `--proxy` for all requests, or none if its value is empty. Hosts that `NO_PROXY` names are still
    /// requested directly.
    ///
    /// # Errors
    /// [`ProxyError`] if the value is not a proxy.
    pub(crate) fn of_option(value: &str) -> Result<Self, ProxyError> {
        let proxy = match value.is_empty() {
            true => None,
            false => Some(Proxy::parse("--proxy URL", value)?),
        };
        Ok(Self {
            http: proxy.clone().map(Ok),
            https: proxy.map(Ok),
            included: included(&|name| std::env::var_os(name)),
            of_this_machine: true,
        })
    }

    /// Returns the way that a request for `url` takes.
    pub(crate) fn route(&self, url: &Url) -> Route<'_> {
        let setting = match url.scheme() {
            "https" => &self.https,
            _ => &self.http,
        };
        match setting {
            Some(_) if is_loopback(url) && !self.of_this_machine => Route::Direct,
            Some(_) if self.is_excluded(url) => Route::Direct,
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

    /// Makes the client use these proxies, instead of what it would read from the environment itself.
    pub(crate) fn add_to(self: &Arc<Self>, builder: ClientBuilder) -> ClientBuilder {
        let builder = builder.no_proxy();
        if self.http.is_none() && self.https.is_none() {
            // A client with a proxy asks for the route of each request.
            return builder;
        }
        let proxies = Arc::clone(self);
        builder.proxy(reqwest::Proxy::custom(move |url| {
            match proxies.route(url) {
                Route::Direct => None,
                Route::Proxy(proxy) => Some(proxy.url.to_string()),
                Route::Unusable(_) => Some(NOWHERE.to_owned()),
            }
        }))
    }

    /// Returns whether `NO_PROXY` names the host of `url`.
    fn is_excluded(&self, url: &Url) -> bool {
        let uri = url
            .host_str()
            .and_then(|host| format!("http://{host}").parse().ok());
        uri.is_some_and(|uri: Uri| self.included.intercept(&uri).is_none())
    }
}

/// Returns a matcher of each host that `NO_PROXY` does not name.
fn included(value_of: &impl Fn(&'static str) -> Option<OsString>) -> Matcher {
    let set = ["NO_PROXY", "no_proxy"].into_iter().find_map(value_of);
    let excluded = set.unwrap_or_default().to_string_lossy().into_owned();
    Matcher::builder().all(NOWHERE).no(excluded).build()
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
        let proxy = Self {
            url,
            refusal: OnceCell::new(),
        };
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
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
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
    pub(crate) fn plain_address(&self) -> Option<(&str, u16)> {
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
mod tests;
