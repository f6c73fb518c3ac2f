//! Forwards requests to an upstream server and passes its responses on.
//!
//! Bodies are streamed in both directions. Status, headers and their spelling stay as they are, except for the headers
//! that concern one connection only. An upgrade, such as to a WebSocket, becomes a tunnel.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::FromUpstream;
use crate::connection::listen::Addresses;
use crate::exchange::ConnectionHandle;
use crate::exchange::broken_body::BrokenBody;
use crate::fault::OwnWords;

/// The headers that concern one connection only (RFC 9110, section 7.6.1).
const OF_CONNECTION: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The most headers of a response. The HTTP library reserves 64 bytes for each, for every response.
const MOST_HEADERS: usize = 1_000;

/// The server behind a proxy. Parsed from a URL such as `http://127.0.0.1:3000`.
#[derive(Debug, Clone)]
pub struct Upstream {
    url: String,
    authority: Authority,
    adds_x_forwarded: bool,
    client: Client<HttpConnector, Body>,
}

/// The reason why a text is not the URL of an upstream server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not the URL of an upstream server, such as http://127.0.0.1:3000: http only, and no path"
)]
pub struct UpstreamError(String);

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(url: &str) -> Result<Self, UpstreamError> {
        let wrong = || UpstreamError(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let is_root = uri.path() == "/" && uri.query().is_none();
        if uri.scheme() != Some(&Scheme::HTTP) || !is_root {
            return Err(wrong());
        }
        let mut connector = HttpConnector::new();
        // A head and its body are written separately.
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .http1_preserve_header_case(true)
            .http1_max_headers(MOST_HEADERS)
            .build(connector);
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            authority: uri.authority().cloned().ok_or_else(wrong)?,
            adds_x_forwarded: false,
            client,
        })
    }
}

impl Upstream {
    /// Adds `X-Forwarded-For` with the address of the client to each request, behind those that it has, and
    /// `X-Forwarded-Host` and `X-Forwarded-Proto` unless it has them.
    #[must_use]
    pub fn with_x_forwarded(self) -> Self {
        Self {
            adds_x_forwarded: true,
            ..self
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether the upstream server is at one of these addresses. Each request would be forwarded for ever.
    pub(crate) fn is_at(&self, addresses: &Addresses) -> bool {
        let port = self.authority.port_u16().unwrap_or(80);
        addresses.are_reached_by(self.authority.host(), port)
    }

    /// Forwards a request, which has come over this scheme, and returns the response: that of the upstream server, or 502
    /// with the reason if there is none.
    pub(crate) async fn forward(&self, mut request: Request, scheme: &'static str) -> Response {
        let handle = request
            .extensions_mut()
            .remove::<ConnectInfo<ConnectionHandle>>();
        let upgrade = hyper::upgrade::on(&mut request);
        *request.uri_mut() = match self.uri_for(request.uri()) {
            Ok(uri) => uri,
            Err(error) => return self.bad_gateway(&error),
        };
        *request.version_mut() = axum::http::Version::HTTP_11;
        remove_headers_of_connection(request.headers_mut());
        if self.adds_x_forwarded {
            let peer = handle
                .as_ref()
                .and_then(|ConnectInfo(handle)| handle.exchange().peer);
            add_x_forwarded(request.headers_mut(), peer, scheme);
        }
        let mut response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return self.bad_gateway(&error),
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if let Some(ConnectInfo(handle)) = &handle {
                handle.become_tunnel();
            }
            tokio::spawn(tunnel(upgrade, hyper::upgrade::on(&mut response)));
        }
        remove_headers_of_connection(response.headers_mut());
        response.extensions_mut().insert(FromUpstream);
        response.map(|body| match handle {
            Some(ConnectInfo(handle)) => Body::new(BrokenBody::new(body, handle)),
            None => Body::new(body),
        })
    }

    /// Returns the URL of a request at the upstream server, without the words in its query that are for this server.
    fn uri_for(&self, uri: &Uri) -> Result<Uri, axum::http::Error> {
        let path = uri.path();
        let path_and_query = match uri.query().map(|query| OwnWords::Reserved.without(query)) {
            Some(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        };
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(PathAndQuery::try_from(path_and_query)?)
            .build()
    }

    fn bad_gateway(&self, error: &dyn Error) -> Response {
        let why = Causes(error);
        let line = format!("502 Bad Gateway: no answer from {}: {why}\n", self.url);
        (StatusCode::BAD_GATEWAY, line).into_response()
    }
}

/// Removes the headers that concern one connection only, except those of an upgrade.
fn remove_headers_of_connection(headers: &mut HeaderMap) {
    let upgrade = headers.get(header::UPGRADE).cloned();
    let words = headers.get_all(header::CONNECTION).iter();
    let words: String = words
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| [value, ","])
        .collect();
    let is_upgrade = |word: &str| word.trim().eq_ignore_ascii_case("upgrade");
    let keeps_upgrade = words.split(',').any(is_upgrade);
    for name in words.split(',') {
        headers.remove(name.trim());
    }
    for name in OF_CONNECTION {
        headers.remove(name);
    }
    if let Some(upgrade) = upgrade.filter(|_| keeps_upgrade) {
        headers.insert(header::UPGRADE, upgrade);
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Adds the headers that say for whom a request is forwarded.
fn add_x_forwarded(headers: &mut HeaderMap, peer: Option<IpAddr>, scheme: &'static str) {
    let clients = headers.get_all("x-forwarded-for").iter();
    let clients = clients.filter_map(|value| value.to_str().ok().map(str::to_owned));
    let clients: Vec<String> = clients.chain(peer.map(|peer| peer.to_string())).collect();
    if let Ok(value) = HeaderValue::try_from(clients.join(", ")) {
        headers.insert("x-forwarded-for", value);
    }
    if let Some(host) = headers.get(header::HOST).cloned() {
        headers.entry("x-forwarded-host").or_insert(host);
    }
    let proto = HeaderValue::from_static(scheme);
    headers.entry("x-forwarded-proto").or_insert(proto);
}

/// Passes bytes in both directions until both sides have ended.
async fn tunnel(client: OnUpgrade, upstream: OnUpgrade) {
    let (Ok(client), Ok(upstream)) = (client.await, upstream.await) else {
        return;
    };
    let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
    // If one side breaks, both connections end, which their peers see.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
}

/// Prints an error with its causes.
struct Causes<'a>(&'a dyn Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
