//! Another server, to which requests are forwarded instead of being answered here.
//!
//! * `proxy`: forwards requests, with the feature `proxy`

#[cfg(feature = "proxy")]
mod proxy;

#[cfg(feature = "proxy")]
pub use proxy::{Upstream, UpstreamError};

/// Marks a response that comes from the upstream server, whose headers stay as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromUpstream;

/// Without the feature `proxy` there is no upstream server.
#[cfg(not(feature = "proxy"))]
#[derive(Debug)]
pub(crate) enum Upstream {}

#[cfg(not(feature = "proxy"))]
impl Upstream {
    pub(crate) fn url(&self) -> &str {
        match *self {}
    }

    pub(crate) fn is_at(&self, _: &crate::connection::listen::Addresses) -> bool {
        match *self {}
    }

    pub(crate) async fn forward(
        &self,
        _: axum::extract::Request,
        _: &'static str,
    ) -> axum::response::Response {
        match *self {}
    }
}
