//! Child processes, as their parent sees them.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `role`: the roles in which this program can be started again
//! * `handshake`: recognises a child in its role
//! * `handle`: a child process, and signals to it
//! * `watch`: notices the end of children
//! * `launch`: starts a child

mod handle;
mod handshake;
mod launch;
mod role;
mod watch;

pub use handle::Child;
pub(crate) use handshake::announce;
pub use handshake::{Refusal, compare_versions};
pub use launch::{LaunchError, Launcher, is_shortage};
pub use role::Role;
pub(crate) use role::{argument_of_this_process, parse};
pub use watch::Watch;
