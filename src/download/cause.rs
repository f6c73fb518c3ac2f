//! Finds the kind of failure and the innermost cause of an error.
//!
//! The message of nearly every reqwest error is "error sending request"; the details are in its chain of sources, which
//! this file follows.

use std::error::Error;
use std::io::{self, ErrorKind};

use program::causes;

use crate::record::Kind;

/// Texts of libraries that do not help a user, by a part of them, and what is printed instead.
const PLAINER_TEXTS: [(&str, &str); 6] = [
    (
        "without sending TLS close_notify",
        "the connection was closed without the close_notify of TLS",
    ),
    (
        "CaUsedAsEndEntity",
        "invalid peer certificate: the server presents the certificate of an authority (CA:TRUE); give it one of its own \
         (CA:FALSE), signed by that authority",
    ),
    (
        "EndEntityUsedAsCa",
        "invalid peer certificate: signed by a certificate that is not that of an authority",
    ),
    (
        "PathLenConstraintViolated",
        "invalid peer certificate: the chain has more intermediate authorities than its issuer allows",
    ),
    (
        "NameConstraintViolation",
        "invalid peer certificate: its authority may not sign for this name",
    ),
    (
        "EkuError",
        "invalid peer certificate: not made for servers (its extended key usage)",
    ),
];

/// The text of the hyper error for bytes that arrive before the request is sent, such as the greeting of another protocol.
const UNEXPECTED_MESSAGE: &str = "received unexpected message from connection";

/// Returns the text of the innermost cause, since the outermost message is often only "error sending request".
pub(crate) fn describe(error: &(dyn Error + 'static)) -> String {
    let text = causes(error).last().unwrap_or(error).to_string();
    let plainer = PLAINER_TEXTS.iter().find(|(part, _)| text.contains(part));
    plainer.map_or(text, |(_, plainer)| (*plainer).to_owned())
}

/// Returns the kind of a reqwest error, from the innermost I/O and hyper errors among its sources.
///
/// The order of the checks matters: too many open files look like a failed look-up, and a refused proxy like a refused
/// server.
pub(crate) fn kind_of(error: &reqwest::Error) -> Kind {
    let innermost_io = causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .last();
    let io_kind = innermost_io.map(io::Error::kind);
    let hyper = causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .last();

    // Only the target of a redirect can be a URL that no request can be built for.
    if error.is_redirect() || error.is_builder() {
        return Kind::Redirect;
    }
    if innermost_io.is_some_and(is_fd_limit) {
        return Kind::FdLimit;
    }
    if error.is_timeout() || io_kind == Some(ErrorKind::TimedOut) {
        return if error.is_connect() {
            Kind::ConnectTimeout
        } else {
            Kind::Timeout
        };
    }
    if is_tls(error) {
        return Kind::Tls;
    }
    if error.is_dns() {
        return Kind::Dns;
    }
    if error.is_connect() {
        return match io_kind {
            Some(ErrorKind::ConnectionRefused) => Kind::ConnectRefused,
            _ => Kind::Connect,
        };
    }
    if let Some(http2) = causes(error).find_map(|cause| cause.downcast_ref()) {
        return kind_of_http2(http2, error.is_request());
    }
    match (io_kind, hyper) {
        (
            Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe),
            _,
        ) => Kind::Reset,
        // Over TLS: the connection ended without a close_notify.
        (Some(ErrorKind::UnexpectedEof), _) if error.is_request() => Kind::ClosedEarly,
        (Some(ErrorKind::UnexpectedEof), _) => Kind::Truncated,
        _ if innermost_io.is_some_and(|io| io.raw_os_error().is_some()) => Kind::Network,
        (Some(ErrorKind::InvalidInput | ErrorKind::InvalidData), _) => Kind::BadBody,
        (_, Some(hyper)) if hyper.is_parse() || is_unexpected_message(hyper) => Kind::BadResponse,
        (_, Some(hyper)) if hyper.is_incomplete_message() => Kind::ClosedEarly,
        _ if is_cancelled(error) => Kind::ClosedEarly,
        _ => Kind::Other,
    }
}

/// Returns the kind of an error of HTTP/2, before the head of the answer or after it.
fn kind_of_http2(error: &h2::Error, before_head: bool) -> Kind {
    let (closed, invalid) = match before_head {
        true => (Kind::ClosedEarly, Kind::BadResponse),
        false => (Kind::Truncated, Kind::BadBody),
    };
    match error.get_io().map(io::Error::kind) {
        Some(ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe) => closed,
        Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted) => Kind::Reset,
        Some(ErrorKind::TimedOut) => Kind::Timeout,
        Some(_) => Kind::Network,
        None if error.is_remote() && error.is_go_away() => closed,
        None if error.is_remote() => Kind::Reset,
        None => invalid,
    }
}

/// Returns whether the connection ended before the request was sent on it.
pub(crate) fn is_cancelled(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_canceled)
}

/// Returns whether bytes arrived before the request was sent.
///
/// No method tells that error from others, so its text decides; a test watches it.
fn is_unexpected_message(error: &hyper::Error) -> bool {
    error.to_string() == UNEXPECTED_MESSAGE
}

/// Returns whether this process (EMFILE) or the system (ENFILE) has too many files open.
#[cfg(unix)]
pub(crate) fn is_fd_limit(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| matches!(errno, Errno::MFILE | Errno::NFILE))
}

/// Always false: this error is not recognised on this system.
#[cfg(not(unix))]
pub(crate) fn is_fd_limit(_error: &io::Error) -> bool {
    false
}

/// Returns the kind of an error of writing a flag.
pub(crate) fn write_kind(error: &io::Error) -> Kind {
    match is_fd_limit(error) {
        true => Kind::FdLimit,
        false => Kind::WriteFailed,
    }
}

/// Returns whether the disk or the user's quota is full.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// Returns whether the error comes from rustls.
///
/// A rustls error is wrapped in `io::Error` once or twice, and `io::Error::source` skips the error that it wraps.
fn is_tls(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let inside = std::iter::successors(io, |&io| io.get_ref()?.downcast_ref());
        cause.is::<rustls::Error>()
            || inside
                .filter_map(io::Error::get_ref)
                .any(|inner| inner.is::<rustls::Error>())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;
    use hyper::body::Bytes;
    use hyper::client::conn::http1;
    use hyper::http::Response;
    use hyper_util::rt::TokioIo;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::{AsyncWriteExt as _, duplex};

    /// A body whose first read fails with this error.
    struct Failing<E>(Option<E>);

    impl<E: Unpin> http_body::Body for Failing<E> {
        type Data = Bytes;
        type Error = E;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, E>>> {
            Poll::Ready(self.get_mut().0.take().map(Err))
        }
    }

    fn block_on<F: Future>(work: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(work)
    }

    fn failure_in_body(error: impl Error + Send + Sync + Unpin + 'static) -> reqwest::Error {
        let body = reqwest::Body::wrap(Failing(Some(error)));
        let mut response = reqwest::Response::from(Response::new(body));
        block_on(response.chunk()).unwrap_err()
    }

    #[cfg(unix)]
    #[test]
    fn errors_of_the_system_are_errors_of_the_network() {
        use rustix::io::Errno;
        for errno in [
            Errno::HOSTUNREACH,
            Errno::NETUNREACH,
            Errno::NETDOWN,
            Errno::NOBUFS,
            Errno::IO,
            Errno::INVAL,
            Errno::PERM,
        ] {
            let error = failure_in_body(io::Error::from(errno));
            assert_eq!(kind_of(&error), Kind::Network, "{errno:?}");
        }
        for (errno, kind) in [
            (Errno::CONNRESET, Kind::Reset),
            (Errno::PIPE, Kind::Reset),
            (Errno::TIMEDOUT, Kind::Timeout),
            (Errno::MFILE, Kind::FdLimit),
        ] {
            let error = failure_in_body(io::Error::from(errno));
            assert_eq!(kind_of(&error), kind, "{errno:?}");
        }
    }

    /// Returns the error of a connection on which a greeting arrives at once. With `has_request`, it is that of a request
    /// that waits to be sent.
    async fn error_of_greeting(has_request: bool) -> hyper::Error {
        let (client, mut server) = duplex(64);
        server.write_all(b"SSH-2.0-x\r\n").await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
        if !has_request {
            return connection.await.unwrap_err();
        }
        let request = sender.send_request(Request::new(String::new()));
        let (answer, _) = tokio::join!(request, connection);
        answer.unwrap_err()
    }

    #[test]
    fn a_greeting_before_the_request_is_a_bad_response_whether_a_request_waits_or_not() {
        for has_request in [false, true] {
            let error = block_on(error_of_greeting(has_request));
            assert_eq!(error.is_canceled(), has_request);
            let error = failure_in_body(error);
            assert_eq!(describe(&error), UNEXPECTED_MESSAGE);
            assert_eq!(kind_of(&error), Kind::BadResponse, "{has_request}");
        }
    }
}
