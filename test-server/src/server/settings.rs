//! Further settings of a server: what it serves instead of flags, and who may use it.

#[cfg(feature = "files")]
use std::path::PathBuf;

#[cfg(feature = "tls")]
use super::certificates::Certificates;
#[cfg(feature = "tls")]
use crate::connection::tls::Authority;
use crate::content::route::{self, Response, RouteError};
use crate::server::Builder;

impl Builder {
    /// Adds a route that is there from the start. The pattern is as in [`TestServer::route`](crate::TestServer::route).
    ///
    /// # Errors
    /// If the pattern is not valid, or its path begins with `/__`.
    pub fn route(mut self, pattern: &str, response: Response) -> Result<Self, RouteError> {
        self.routes.push((route::parse_pattern(pattern)?, response));
        Ok(self)
    }

    /// Serves the files of this folder instead of flags and the page, with types, ranges and ETags, for GET and HEAD. A
    /// folder in it is its `index.html`. Only regular files are served, and no link leads out of the folder.
    #[cfg(feature = "files")]
    pub fn root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.root = Some(folder.into());
        self
    }

    /// Answers the most used paths of httpbin as well: `/get`, `/post`, `/put`, `/patch`, `/delete`, `/anything`,
    /// `/headers`, `/ip`, `/user-agent`, `/status/N`, `/delay/N`, `/bytes/N`, `/stream/N`, `/redirect/N`,
    /// `/redirect-to?url=URL` and `/basic-auth/USER/PASSWORD`.
    #[cfg(feature = "httpbin")]
    pub fn httpbin(mut self) -> Self {
        self.httpbin = true;
        self
    }

    /// Serves over TLS, with a certificate for localhost, for the address to listen on and for the hosts of
    /// [`Self::allow_host`], by an authority made at the start. Clients must trust [`TestServer::ca_pem`](crate::TestServer::ca_pem).
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Self {
        self.certificates = Certificates::Own;
        self
    }

    /// Serves over TLS, with a certificate by this authority.
    #[cfg(feature = "tls")]
    pub fn tls_from(mut self, authority: &Authority) -> Self {
        self.certificates = Certificates::Of(authority.clone());
        self
    }

    /// Lets the control paths be used by requests that address the server by this name, such as that of a service in
    /// Docker Compose, besides localhost and IP addresses.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Opens the control paths to requests with the header `Authorization: Bearer TOKEN`, from everywhere, and to no
    /// others: `admin` and `allow_host` have no effect then. The page has no controls. Without a character, it opens them
    /// to no request.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Lets pages of all other sites read the responses with all of their headers, and answers their preflight requests
    /// (CORS), which meet no fault, are not counted, and are in the journal. The page is not among the responses, and the
    /// control paths only with a token. What a fault sends instead of a head, such as `garbage`, has no such headers.
    #[cfg(feature = "cors")]
    pub fn cors(mut self) -> Self {
        self.cors = true;
        self
    }
}
