//! The environment of a run: its embedded server, the limit on open files, the use of processor time and memory, and the
//! signals that end it early.
//!
//! * `descriptors`: the number of connections that the limit on open files allows
//! * `embedded`: the server that a run starts in its own process
//! * `resources`: the processor time and memory of this process
//! * `signals`: Ctrl-C and similar signals

pub(crate) mod descriptors;
pub(crate) mod embedded;
pub(crate) mod resources;
pub(crate) mod signals;
