//! The environment of a run: its time limit, its list of URLs, its embedded server, the limit on open files, and workers on
//! other machines.
//!
//! * `deadline`: the time limit of a whole run
//! * `descriptors`: the number of connections that the limit on open files allows
//! * `embedded`: the server that a run starts in its own process
//! * `unfinished`: the lines of a list that an earlier run did not finish
//! * `input`: the list of URLs, in a file or a stream
//! * `cluster`: ranges of a list as tasks of workers on other machines (feature `nats`)

#[cfg(feature = "nats")]
pub(crate) mod cluster;
pub(crate) mod deadline;
pub(crate) mod descriptors;
pub(crate) mod embedded;
pub(crate) mod input;
pub(crate) mod unfinished;
