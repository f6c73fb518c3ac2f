//! How a run ended, and the one exit code for all of that.

use crate::exit::Exit;

/// All that bears on how a run ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ending {
    /// A signal that ended it early.
    pub(super) signal: Option<Exit>,
    /// Standard output closed or full.
    pub(super) output: Option<Exit>,
    /// Something else that could not be written.
    pub(super) local: bool,
    /// A code that failed or was not attempted.
    pub(super) incomplete: bool,
    /// A code that the server does not have, where that counts.
    pub(super) missing: bool,
}

impl Ending {
    /// The most pressing reason decides.
    pub(super) fn exit(self) -> Exit {
        let local = self.local.then_some(Exit::Local);
        let errors = (self.incomplete || self.missing).then_some(Exit::Errors);
        let reasons = [self.signal, self.output, local, errors];
        reasons
            .into_iter()
            .flatten()
            .next()
            .unwrap_or(Exit::Success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_pressing_reason_gives_the_exit_code() {
        let nothing = Ending::default();
        assert_eq!(nothing.exit(), Exit::Success);
        let missing = Ending {
            missing: true,
            ..nothing
        };
        assert_eq!(missing.exit(), Exit::Errors);
        let incomplete = Ending {
            incomplete: true,
            ..nothing
        };
        assert_eq!(incomplete.exit(), Exit::Errors);
        let local = Ending {
            local: true,
            ..incomplete
        };
        assert_eq!(local.exit(), Exit::Local);
        let full = Ending {
            output: Some(Exit::Local),
            ..incomplete
        };
        assert_eq!(full.exit(), Exit::Local);
        let closed = Ending {
            output: Some(Exit::ClosedPipe),
            ..local
        };
        assert_eq!(closed.exit(), Exit::ClosedPipe);
        let signal = Ending {
            signal: Some(Exit::Interrupted),
            ..closed
        };
        assert_eq!(signal.exit(), Exit::Interrupted);
    }
}
