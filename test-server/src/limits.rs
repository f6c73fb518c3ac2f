//! How many descriptors this process may hold.
//!
//! Many systems start a program with room for 1,024 and allow far more on request. A server that runs out does not fail,
//! it stops accepting, and its clients see delays nobody planned.

/// Raises the limit of open files to what the system allows, and returns the limit now in force.
///
/// `None` where there is no such limit. A system that refuses leaves the limit as it was.
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
/// `None` where there is no such limit, as here.
#[cfg(not(unix))]
pub fn raise_descriptor_limit() -> Option<u64> {
    None
}
