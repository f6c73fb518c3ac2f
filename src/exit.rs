//! The exit codes. A script that reads only these knows whether it can rely on the folder.

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
