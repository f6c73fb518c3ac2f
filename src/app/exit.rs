//! The exit codes, and what decides between them. A script that reads only these knows whether it can rely on the folder.

use std::io;
use std::process::ExitCode;

use crate::run::signals::Signal;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every code was saved or does not exist.
    Success,
    /// A code failed, or was not attempted.
    Errors,
    /// What was typed makes no sense.
    Usage,
    /// The folder as a whole, a report, or standard output cannot be written, or the disk is full.
    Local,
    /// Ended by SIGINT.
    Interrupted,
    /// Whoever read standard output has gone.
    ClosedPipe,
    /// Ended by SIGTERM.
    Terminated,
}

impl Exit {
    /// All of them, by rising number.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Errors,
        Self::Usage,
        Self::Local,
        Self::Interrupted,
        Self::ClosedPipe,
        Self::Terminated,
    ];

    /// The number the shell sees. From 128 on it is 128 and the number of a signal, as shells have it.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Errors => 1,
            Self::Usage => 2,
            Self::Local => 3,
            Self::Interrupted => Signal::Interrupt.exit_code(),
            Self::ClosedPipe => 141, // SIGPIPE is 13
            Self::Terminated => Signal::Terminate.exit_code(),
        }
    }
}

impl From<Signal> for Exit {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Interrupt => Self::Interrupted,
            Signal::Terminate => Self::Terminated,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// All that bears on how a run ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ending {
    /// The signal that ended it early.
    pub(super) signal: Option<Signal>,
    /// The error of standard output.
    pub(super) output: Option<io::ErrorKind>,
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
        let signal = self.signal.map(Exit::from);
        let output = self.output.map(|kind| match kind {
            io::ErrorKind::BrokenPipe => Exit::ClosedPipe,
            _ => Exit::Local,
        });
        let local = self.local.then_some(Exit::Local);
        let errors = (self.incomplete || self.missing).then_some(Exit::Errors);
        let reasons = [signal, output, local, errors];
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
            output: Some(io::ErrorKind::StorageFull),
            ..incomplete
        };
        assert_eq!(full.exit(), Exit::Local);
        let closed = Ending {
            output: Some(io::ErrorKind::BrokenPipe),
            ..local
        };
        assert_eq!(closed.exit(), Exit::ClosedPipe);
        let signal = Ending {
            signal: Some(Signal::Interrupt),
            ..closed
        };
        assert_eq!(signal.exit(), Exit::Interrupted);
    }
}
