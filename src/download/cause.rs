//! Finds the kind of failure and the innermost cause of an error.
//!
//! The message of nearly every reqwest error is "error sending request"; the details are in its chain of sources, which
//! this file follows.

use std::error::Error;
use std::io::{self, ErrorKind};

use program::causes;

use crate::record::Kind;

/// Returns the innermost cause, since the outermost message is often only "error sending request".
pub(crate) fn innermost_cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
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

    if error.is_redirect() {
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
    match (io_kind, hyper) {
        (
            Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe),
            _,
        ) => Kind::Reset,
        (Some(ErrorKind::UnexpectedEof), _) => Kind::Truncated,
        (Some(ErrorKind::InvalidInput | ErrorKind::InvalidData), _) => Kind::BadBody,
        (_, Some(hyper)) if hyper.is_parse() => Kind::BadResponse,
        (_, Some(hyper)) if hyper.is_incomplete_message() => Kind::ClosedEarly,
        _ => Kind::Other,
    }
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
