//! How requests reach their servers: with which headers and logins, through which proxy, and which certificates and
//! versions of HTTP are accepted.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `header`: the headers of `--header`
//! * `login`: a name and a password as a header
//! * `netrc`: the logins of a netrc file
//! * `proxy`: the proxy that a request goes through
//! * `tls`: a TLS configuration that costs nothing until it is used

use std::fmt;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Url};
use rustls::ClientConfig;

mod header;
mod login;
mod netrc;
pub(crate) mod proxy;
pub(crate) mod tls;

pub(crate) use header::parse_header;
pub(crate) use login::basic;
pub(crate) use netrc::Netrc;

use self::header::is_credential;
use self::proxy::Proxies;
use self::tls::TlsSettings;

/// How the requests of a run reach their servers. Prints no header and no login.
#[derive(Clone)]
pub struct HttpSettings {
    /// The headers of all requests.
    headers: HeaderMap,
    /// The headers of requests to the servers that the user names, and not to those of redirects.
    credentials: HeaderMap,
    netrc: Option<Netrc>,
    proxies: Arc<Proxies>,
    tls: ClientConfig,
    insecure: bool,
    http2: bool,
}

/// No headers and no logins, the proxies of the environment, the certificates of the system, and HTTP/1.1.
impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            headers: HeaderMap::new(),
            credentials: HeaderMap::new(),
            netrc: None,
            proxies: Arc::clone(Proxies::of_this_process()),
            tls: tls::default_config(),
            insecure: false,
            http2: false,
        }
    }
}

impl HttpSettings {
    /// Returns the same settings with this header besides the others.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        match is_credential(&name) {
            true => self.credentials.append(name, value),
            false => self.headers.append(name, value),
        };
        self
    }

    /// Returns the same settings with these logins, each for its host.
    pub(crate) fn with_netrc(self, netrc: Netrc) -> Self {
        Self {
            netrc: Some(netrc),
            ..self
        }
    }

    /// Returns the same settings with these proxies.
    pub(crate) fn with_proxies(self, proxies: Proxies) -> Self {
        Self {
            proxies: Arc::new(proxies),
            ..self
        }
    }

    /// Returns the same settings with these of TLS.
    pub(crate) fn with_tls(self, tls: TlsSettings) -> Self {
        Self {
            insecure: tls.insecure,
            http2: tls.http2,
            tls: tls::client_config(tls),
            ..self
        }
    }

    /// Returns the same settings without headers and logins.
    pub(crate) fn without_credentials(&self) -> Self {
        Self {
            headers: HeaderMap::new(),
            credentials: HeaderMap::new(),
            netrc: None,
            ..self.clone()
        }
    }

    /// Adds the headers and the login of a request for `url`. After a redirect to another origin, `is_elsewhere`: then the
    /// only login that it may have is that of a netrc file for its host.
    ///
    /// A login in the URL comes before that of the options, and that before one of a netrc file.
    pub(crate) fn add_to(
        &self,
        request: RequestBuilder,
        url: &Url,
        is_elsewhere: bool,
    ) -> RequestBuilder {
        if self.headers.is_empty() && self.credentials.is_empty() && self.netrc.is_none() {
            return request;
        }
        let mut headers = self.headers.clone();
        if !is_elsewhere {
            headers.extend(self.credentials.clone());
        }
        if !url.username().is_empty() || url.password().is_some() {
            headers.remove(AUTHORIZATION);
        } else if !headers.contains_key(AUTHORIZATION) {
            let netrc = self.netrc.as_ref();
            let login = netrc.and_then(|netrc| netrc.authorization(url, is_elsewhere));
            headers.extend(login.map(|login| (AUTHORIZATION, login.clone())));
        }
        request.headers(headers)
    }

    /// Returns the proxies.
    pub(crate) fn proxies(&self) -> &Arc<Proxies> {
        &self.proxies
    }

    /// Returns the configuration of TLS.
    pub(crate) fn tls(&self) -> ClientConfig {
        self.tls.clone()
    }

    /// Returns whether every certificate is accepted.
    pub(crate) fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Returns whether HTTP/2 is used where a server offers it.
    pub(crate) fn has_http2(&self) -> bool {
        self.http2
    }
}

/// Prints neither headers nor logins.
impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("proxies", &self.proxies)
            .field("insecure", &self.insecure)
            .field("http2", &self.http2)
            .finish_non_exhaustive()
    }
}
