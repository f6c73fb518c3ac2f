//! The roles in which this program can be started again, and the argument that says so.
//!
//! An argument and not an environment variable, which the programs that a task starts would inherit.

use std::ffi::{OsStr, OsString};
use std::fmt;

/// The job of a child process.
///
/// ```
/// assert_eq!(multiprocessing::Role::IndependentProcess.to_string(), "independent-process");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Runs the tasks that arrive, one after the other, and replies with their values.
    Worker,
    /// Runs one task, replies with its value, and ends. It ends with its parent as well.
    Process,
    /// The same, but it continues if its parent ends.
    IndependentProcess,
    /// Holds objects for other processes, see [`Manager`](crate::Manager).
    Manager,
}

/// The version of the protocol between parent and child.
const PROTOCOL: u32 = 1;

/// The start of the argument of a child in any role, of any version of the protocol.
const PREFIX: &str = "multiprocessing-";

impl Role {
    const ALL: [Self; 4] = [
        Self::Worker,
        Self::Process,
        Self::IndependentProcess,
        Self::Manager,
    ];

    /// Returns the last argument of a child in this role, which contains the version of the protocol. It is also the first
    /// thing that the child writes to its socket, as its announcement.
    pub(crate) fn argument(self) -> String {
        format!("{PREFIX}{PROTOCOL}-{self}")
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker => "worker",
            Self::Process => "process",
            Self::IndependentProcess => "independent-process",
            Self::Manager => "manager",
        })
    }
}

/// Returns the last argument of this process, if it is that of a child. Of any version: a child of another version must
/// not continue as an ordinary program.
pub(crate) fn argument_of_this_process() -> Option<OsString> {
    let last = std::env::args_os().next_back()?;
    last.as_encoded_bytes()
        .starts_with(PREFIX.as_bytes())
        .then_some(last)
}

/// Returns the role of the child with this argument.
pub(crate) fn parse(argument: &OsStr) -> Option<Role> {
    let mut roles = Role::ALL.into_iter();
    roles.find(|role| argument == role.argument().as_str())
}
