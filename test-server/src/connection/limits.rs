//! The limit of open files of this process.
//!
//! Many systems start a program with a limit of 1,024 descriptors and allow far more on request. A server that runs out
//! of descriptors does not fail: it stops accepting, and its clients see delays that are not in the plan.

use std::io;

/// Raises the limit of open files to what the system allows, and returns the limit now in force.
///
/// Returns `None` on systems without such a limit. If the system refuses, the limit stays as it was.
#[cfg(unix)]
pub fn raise_descriptor_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    ) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

/// Checks that a runtime can be created. Without enough descriptors, tokio panics at the first runtime of a process, when it
/// creates the pair of sockets for signals.
///
/// # Errors
/// If this process or the system has too many files open.
pub fn check_descriptors() -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::net::UnixStream;

        // The pair, a copy of one end, and the two that the runtime opens before.
        let pair = UnixStream::pair()?;
        let _others = (pair.0.try_clone()?, UnixStream::pair()?);
    }
    Ok(())
}

/// Raises the limit of open files to what the system allows, and returns the limit now in force.
///
/// Always returns `None`: this system has no such limit.
#[cfg(not(unix))]
pub fn raise_descriptor_limit() -> Option<u64> {
    None
}
