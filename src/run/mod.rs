//! The environment of a run: its embedded server and the limit on open files.
//!
//! * `descriptors`: the number of connections that the limit on open files allows
//! * `embedded`: the server that a run starts in its own process

pub(crate) mod descriptors;
pub(crate) mod embedded;
