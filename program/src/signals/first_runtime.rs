//! The first runtime of a process.
//!
//! tokio panics when it cannot create the pair of sockets for signals, which the first runtime needs. Here that is an error.

use std::io;
use std::panic;

use tokio::runtime::{self, Runtime};

/// Creates the first runtime of this process.
///
/// # Errors
/// If this process or the system has too many files open.
pub(super) fn first_runtime() -> io::Result<Runtime> {
    check_descriptors()?;
    // Another process may take the last descriptor of the system meanwhile. The error is reported, so the panic is not.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let built = panic::catch_unwind(|| runtime::Builder::new_current_thread().enable_all().build());
    panic::set_hook(hook);
    built.unwrap_or_else(|_| Err(io::Error::other("there are no sockets for them")))
}

/// Checks that there are enough descriptors, so that the error of the system can be returned.
fn check_descriptors() -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::net::UnixStream;

        // The pair, a copy of one end, and the two that the runtime opens before.
        let pair = UnixStream::pair()?;
        let _others = (pair.0.try_clone()?, UnixStream::pair()?);
    }
    Ok(())
}
