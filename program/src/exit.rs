//! The exit codes, and how the result of a run selects one. A script must be able to tell from the exit code alone
//! whether the result is complete.

use std::io;
use std::process::ExitCode;

use crate::signals::Signal;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The work is complete.
    Success,
    /// At least one part of the work failed or was not attempted.
    Errors,
    /// The arguments are invalid.
    Usage,
    /// The results, a report, or standard output cannot be written, or the disk is full.
    Local,
    /// The reader of standard output closed the pipe.
    ClosedPipe,
    /// Ended by a signal.
    Signal(Signal),
}

impl Exit {
    /// All variants, by ascending exit code.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::Errors,
        Self::Usage,
        Self::Local,
        Self::Signal(Signal::Hangup),
        Self::Signal(Signal::Interrupt),
        Self::Signal(Signal::Quit),
        Self::ClosedPipe,
        Self::Signal(Signal::Terminate),
    ];

    /// Returns the exit code that the shell sees. After a signal it is 128 plus the number of the signal, as shells
    /// have it.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Errors => 1,
            Self::Usage => 2,
            Self::Local => 3,
            Self::ClosedPipe => 141, // SIGPIPE is 13
            Self::Signal(signal) => signal.exit_code(),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The facts that decide the exit code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending {
    /// The signal that ended the run early.
    pub signal: Option<Signal>,
    /// The first error of standard output.
    pub output: Option<io::ErrorKind>,
    /// Whether a file could not be written.
    pub local: bool,
    /// Whether a part of the work failed or was not attempted.
    pub incomplete: bool,
    /// Whether something is missing that the user required.
    pub missing: bool,
}

impl Ending {
    /// Returns the exit code of the most serious fact: signal, standard output, other local failure, errors.
    pub fn exit(self) -> Exit {
        let signal = self.signal.map(Exit::Signal);
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
    fn the_most_serious_fact_decides_the_exit_code() {
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
        assert_eq!(signal.exit(), Exit::Signal(Signal::Interrupt));
    }
}
