//! The limit of open files of this process.
//!
//! Many systems start a program with a limit of 1,024 descriptors and allow far more on request. A server that runs out
//! of descriptors does not fail: it stops accepting, and its clients see delays that are not in the plan.

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

/// Raises the limit of open files to what the system allows, and returns the limit now in force.
///
/// Always returns `None`: this system has no such limit.
#[cfg(not(unix))]
pub fn raise_descriptor_limit() -> Option<u64> {
    None
}
