//! From a request to the control paths of a server.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use percent_encoding::percent_decode_str;

use crate::site::access::Access;
use crate::site::{Site, control};
#[cfg(feature = "tcp")]
use crate::tcp;

/// A server or a proxy that a port controls. It is not kept alive.
#[derive(Debug, Clone)]
pub(super) enum Controlled {
    Server(Weak<Site>),
    #[cfg(feature = "tcp")]
    Proxy(Weak<tcp::State>),
}

impl Controlled {
    /// Returns the routes of its control paths, unless it has stopped.
    fn routes(&self) -> Option<Router> {
        match self {
            Self::Server(site) => Some(control::paths().with_state(site.upgrade()?)),
            #[cfg(feature = "tcp")]
            Self::Proxy(state) => Some(tcp::control::paths().with_state(state.upgrade()?)),
        }
    }
}

/// What requests to a port may reach, and who may send them.
#[derive(Debug)]
pub(super) struct Paths {
    /// By name, in the order in which they are listed.
    pub(super) controlled: Vec<(String, Controlled)>,
    pub(super) access: Access,
}

impl Paths {
    /// Responds to a request: for `/NAME/__...`, or for `/__...` if there is one name only.
    pub(super) async fn respond(self: Arc<Self>, mut request: Request<Body>) -> Response {
        if !self.access.admits(request.headers(), "http") {
            return self.access.refusal();
        }
        let Some((routes, path)) = self.find(request.uri()) else {
            let names: Vec<_> = self.controlled.iter().map(|(name, _)| &**name).collect();
            let names = names.join(", ");
            let why =
                format!("nothing here: use /NAME/__plan and so on, where NAME is one of {names}\n");
            return (StatusCode::NOT_FOUND, why).into_response();
        };
        *request.uri_mut() = Uri::from(path);
        let Ok(response) = TowerToHyperService::new(routes).call(request).await;
        response
    }

    /// Returns the routes of the server that a path begins with, and the rest of the path.
    fn find(&self, uri: &Uri) -> Option<(Router, PathAndQuery)> {
        let whole = uri.path_and_query()?.as_str();
        let (controlled, rest) = match (&self.controlled[..], whole.starts_with("/__")) {
            ([(_, only)], true) => (only, whole),
            _ => {
                let (segment, _) = whole[1..].split_once('/')?;
                let name = percent_decode_str(segment).decode_utf8().ok()?;
                let (_, found) = self.controlled.iter().find(|(own, _)| *own == name)?;
                (found, &whole[1 + segment.len()..])
            }
        };
        Some((controlled.routes()?, rest.parse().ok()?))
    }
}
