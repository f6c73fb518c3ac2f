//! How many connections fit into the files this process may have open.
//!
//! A run that opens more does not lose a few flags but nearly all of them: the sockets take every descriptor there is, and
//! then none is left to save what came over them.

use std::fmt;
use std::num::NonZeroUsize;

/// What a run has open besides its connections: the standard streams, the runtimes of the signals and of the embedded
/// server, its listeners, folders, certificates.
const RESERVE: u64 = 24;

/// The fewest files with which a run with its server in it comes to its end, found by trying. With fewer it is not begun:
/// not even the watch for signals could be set up.
const MINIMUM: u64 = 21;

/// What is open in nearly every process when it begins.
const USUAL: u64 = 3;

/// How many files this process may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Descriptors {
    limit: u64,
    /// Those that whoever started this process left open in it, the standard streams apart.
    inherited: u64,
}

impl Descriptors {
    fn available(self) -> u64 {
        self.limit.saturating_sub(self.inherited)
    }
}

/// `at most 64 open files are allowed, and 2 were open before the run`
impl fmt::Display for Descriptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} open files are allowed", self.limit)?;
        match self.inherited {
            0 => Ok(()),
            1 => write!(f, ", and 1 was open before the run"),
            some => write!(f, ", and {some} were open before the run"),
        }
    }
}

/// Too few files for any run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}; a run needs at least {MINIMUM} (see `ulimit -n`)")]
pub(crate) struct TooFew(Descriptors);

/// Raises the limit of open files as far as the system lets it be raised, and says what it is then; nothing where there
/// is none.
///
/// # Errors
/// When that is not enough for a single connection.
pub(crate) fn available() -> Result<Option<Descriptors>, TooFew> {
    let descriptors = test_server::raise_descriptor_limit().map(|limit| Descriptors {
        limit,
        inherited: inherited(),
    });
    match descriptors {
        Some(few) if few.available() < MINIMUM => Err(TooFew(few)),
        enough => Ok(enough),
    }
}

/// How many of the connections wanted fit into these, at `each` descriptors for a connection; at least one, which may be one
/// too many. If the server is in this process too, the other end of a connection takes one more.
pub(crate) fn connections(
    wanted: NonZeroUsize,
    each: u64,
    embedded: bool,
    descriptors: Option<Descriptors>,
) -> NonZeroUsize {
    let Some(available) = descriptors.map(Descriptors::available) else {
        return wanted;
    };
    let each = each + u64::from(embedded);
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

    /// What a connection takes on one thread, and on a thread of its own.
    const ONE_THREAD: u64 = 2;
    const POOL: u64 = 5;

    #[test]
    fn connections_fit_into_what_is_available() {
        let connections = |each, embedded, available: Option<u64>| {
            let thousand = const { NonZeroUsize::new(1000).unwrap() };
            let descriptors = available.map(|available| Descriptors {
                limit: available + 2,
                inherited: 2,
            });
            connections(thousand, each, embedded, descriptors).get()
        };
        assert_eq!(connections(ONE_THREAD, true, None), 1000);
        assert_eq!(connections(ONE_THREAD, false, Some(64)), 20);
        assert_eq!(connections(ONE_THREAD, true, Some(64)), 13);
        assert_eq!(connections(POOL, false, Some(64)), 8);
        assert_eq!(connections(POOL, true, Some(64)), 6);
        assert_eq!(connections(POOL, true, Some(20_000)), 1000);
        for few in [0, 16, 24, 25] {
            assert_eq!(connections(POOL, true, Some(few)), 1);
        }
    }
}
