//! How many connections fit into the files this process may have open.
//!
//! A run that opens more does not lose a few flags but nearly all of them: the sockets take every descriptor there is, and
//! then none is left to save what came over them.

use std::num::NonZeroUsize;

use crate::strategy::Strategy;

/// What a run has open besides its connections: the standard streams, the runtimes of the signals and of the embedded
/// server, its listeners, folders, certificates.
const RESERVE: u64 = 24;

/// The fewest files with which a run with its server in it comes to its end, found by trying. With fewer it is not begun:
/// not even the watch for signals could be set up.
const MINIMUM: u64 = 21;

/// What is open in nearly every process when it begins.
const USUAL: u64 = 3;

/// Too few files for any run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process may open no more than {0} files, and a run needs {MINIMUM}: see `ulimit -n`")]
pub struct TooFew(u64);

/// Raises the limit of open files as far as the system lets it be raised. Returns how many there may be, less those that
/// whoever started this process left open in it; nothing where there is no limit.
///
/// # Errors
/// When that is not enough for a single connection.
pub fn available() -> Result<Option<u64>, TooFew> {
    let limit = test_server::raise_descriptor_limit();
    match limit.map(|limit| limit.saturating_sub(inherited())) {
        Some(few) if few < MINIMUM => Err(TooFew(few)),
        enough => Ok(enough),
    }
}

/// How many of the connections wanted can be had with so many files; at least one, which may be one too many.
///
/// Each takes a socket and the file that its flag is saved in. A thread of the pool has a runtime of its own, which takes
/// three more, and the other end of the connection one if the server is in this process too.
pub fn connections(
    wanted: NonZeroUsize,
    strategy: Strategy,
    embedded: bool,
    available: Option<u64>,
) -> NonZeroUsize {
    let Some(available) = available else {
        return wanted;
    };
    let each = match strategy {
        Strategy::Sequential | Strategy::Semaphore => 2,
        Strategy::ThreadPool => 5,
    } + u64::from(embedded);
    let fit = usize::try_from(available.saturating_sub(RESERVE) / each).unwrap_or(usize::MAX);
    wanted.min(NonZeroUsize::new(fit).unwrap_or(NonZeroUsize::MIN))
}

/// How many more than usual are open by now.
fn inherited() -> u64 {
    let open = std::fs::read_dir("/dev/fd").map_or(0, |entries| entries.count() as u64);
    // One of them is that folder.
    open.saturating_sub(USUAL + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_what_is_available() {
        let connections = |strategy, embedded, available| {
            let thousand = const { NonZeroUsize::new(1000).unwrap() };
            connections(thousand, strategy, embedded, available).get()
        };
        assert_eq!(connections(Strategy::Semaphore, true, None), 1000);
        assert_eq!(connections(Strategy::Semaphore, false, Some(64)), 20);
        assert_eq!(connections(Strategy::Semaphore, true, Some(64)), 13);
        assert_eq!(connections(Strategy::ThreadPool, false, Some(64)), 8);
        assert_eq!(connections(Strategy::ThreadPool, true, Some(64)), 6);
        assert_eq!(connections(Strategy::ThreadPool, true, Some(20_000)), 1000);
        for few in [0, 16, 24, 25] {
            assert_eq!(connections(Strategy::ThreadPool, true, Some(few)), 1);
        }
    }
}
