//! The signals that end the program.

use std::io;
use std::panic;

use tokio::runtime::{self, Runtime};

/// Creates the first runtime of this process.
///
/// tokio panics when it cannot create the pair of sockets for signals, which the first runtime needs.
pub(crate) fn first_runtime() -> io::Result<Runtime> {
    test_server::check_descriptors()?;
    // Another process may take the last descriptor of the system meanwhile. The error is reported, so the panic is not.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let built = panic::catch_unwind(|| runtime::Builder::new_current_thread().enable_all().build());
    panic::set_hook(hook);
    built.unwrap_or_else(|_| Err(io::Error::other("there are no sockets for signals")))
}

/// Returns a future that completes at the first SIGINT or SIGTERM after this call.
#[cfg(unix)]
pub(crate) fn termination() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns a future that completes at the first Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn termination() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
