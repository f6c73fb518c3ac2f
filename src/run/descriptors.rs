//! Limits the number of connections to what the limit on open files allows.
//!
//! With too many connections a run loses nearly all flags: the sockets take every descriptor, and none is left to save
//! the flags.

use std::fmt;
use std::num::NonZeroUsize;

/// The number of descriptors kept free for everything except connections: the standard streams, the runtimes of the
/// signals and of the embedded server, its listeners, folders, certificates.
const RESERVE: u64 = 24;

/// The smallest limit with which a run with an embedded server completes: 22 are in use while a flag is saved, 23 with
/// `--fsync`, and one is spare. With a lower limit the run does not start.
const MINIMUM: u64 = 24;

/// The number of descriptors open in nearly every process when it starts: the standard streams.
const STANDARD_STREAMS: u64 = 3;

/// The limit on open files, and the number that was already in use at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Descriptors {
    limit: u64,
    /// The number of descriptors inherited from the parent process, the standard streams not included.
    inherited: u64,
}

impl Descriptors {
    /// Returns the number of descriptors that this process can use.
    fn available(self) -> u64 {
        self.limit.saturating_sub(self.inherited)
    }
}

/// Prints, for example, `at most 64 open files are allowed, and 2 were open before the run`
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

/// The error for a limit that is too low for any run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}; a run needs at least {MINIMUM} (see `ulimit -n`)")]
pub(crate) struct TooFew(Descriptors);

/// Raises the limit on open files as far as the system allows. Returns the new limit, or `None` if the system has no
/// limit.
///
/// # Errors
/// [`TooFew`] if that is not enough for a single connection.
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

/// Returns how many of the `wanted` connections the limit allows, with `each` descriptors per connection.
///
/// The server's end of each connection needs one more descriptor if the server is embedded. The result is at least 1,
/// even if the limit does not allow that.
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

/// Returns the number of descriptors open now, the standard streams not included; 0 if the system does not list them.
fn inherited() -> u64 {
    let open = std::fs::read_dir("/dev/fd").map_or(0, |entries| entries.count() as u64);
    // One of them is the folder being listed.
    open.saturating_sub(STANDARD_STREAMS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of descriptors per connection, on one shared thread and on a pool of threads.
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
