//! The reasons why an item could not be fetched, and the failures that are shown for them.

use std::time::Duration;

use program::WriteError;
use reqwest::StatusCode;

use crate::download::cause::{describe, kind_of, write_kind};
use crate::download::fetch::redirect::Refusal;
use crate::job::http::proxy::ProxyError;
use crate::record::{Failure, Kind};

/// The reason why one flag could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server does not have this flag (404). A retry will not help.
    #[error("not found")]
    NotFound,
    /// The server answered with a status other than 200 and 404.
    #[error("HTTP error {}", status_text(*.0))]
    Status(StatusCode),
    /// The connection was refused. Holds the host and the port.
    #[error("nothing listens at {0}")]
    Refused(String),
    /// The environment names something that is not a proxy, and the request needs one.
    #[error(transparent)]
    Proxy(ProxyError),
    /// The proxy refused to open a tunnel to the server. Holds the status of its refusal, if that is known.
    #[error("the proxy refused to open a tunnel{}", .0.map(tunnel_status).unwrap_or_default())]
    NoTunnel(Option<StatusCode>),
    /// No connection was established within this time.
    #[error("no connection within {0:?}")]
    ConnectTimedOut(Duration),
    /// No complete answer arrived within this time, connecting included.
    #[error("no complete answer within {0:?}")]
    TimedOut(Duration),
    /// The answer redirects to where it is not followed.
    #[error(transparent)]
    Redirect(#[from] Refusal),
    /// The answer does not say where its body ends.
    #[error("neither Content-Length nor chunks say where the body ends")]
    Unframed,
    /// The body is larger than this many bytes.
    #[error("more than {0} bytes")]
    TooBig(u64),
    /// Only the rest of the body was requested, and the answer is not that. A request for the whole may succeed.
    #[error("the answer does not continue the body where it was cut")]
    NotContinued,
    /// The receiver does not want the body, for this reason.
    #[error("{0}")]
    Unwanted(Failure),
    /// The receiver could not keep the body.
    #[error("the body could not be kept")]
    NotKept(#[source] WriteError),
    /// The connection broke or could not be established.
    #[error("connection broke")]
    Transport(#[source] reqwest::Error),
}

/// Returns `503 - Service Unavailable`, or only the number if the status has no known reason phrase.
fn status_text(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            format!("{} - {reason}: the proxy wants a login", status.as_u16())
        }
        Some(reason) => format!("{} - {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// Returns the status with which a proxy refuses a tunnel, as the end of a message.
fn tunnel_status(status: StatusCode) -> String {
    format!(": HTTP error {}", status_text(status))
}

/// Converts a fetch error to the failure shown to the user. The caller has already handled
/// `FetchError::NotFound`.
impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let kind = match &error {
            FetchError::Unwanted(failure) => return failure.clone(),
            FetchError::NotFound | FetchError::Status(_) => Kind::HttpStatus,
            FetchError::Refused(_) => Kind::ConnectRefused,
            FetchError::Proxy(_) | FetchError::NoTunnel(_) => Kind::Proxy,
            FetchError::ConnectTimedOut(_) => Kind::ConnectTimeout,
            FetchError::TimedOut(_) => Kind::Timeout,
            FetchError::Redirect(_) => Kind::Redirect,
            FetchError::Unframed => Kind::Unframed,
            FetchError::TooBig(_) => Kind::TooBig,
            FetchError::NotContinued => Kind::BadBody,
            FetchError::NotKept(error) => write_kind(&error.source),
            FetchError::Transport(error) => kind_of(error),
        };
        Self::new(kind, describe(&error))
    }
}
