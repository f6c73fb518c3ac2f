//! The environment of a run: its time limit, its list of URLs, its embedded server and the limit on open files.
//!
//! * `deadline`: the time limit of a whole run
//! * `descriptors`: the number of connections that the limit on open files allows
//! * `embedded`: the server that a run starts in its own process
//! * `unfinished`: the lines of a list that an earlier run did not finish
//! * `input`: the list of URLs, in a file or a stream

pub(crate) mod deadline;
pub(crate) mod descriptors;
pub(crate) mod embedded;
pub(crate) mod input;
pub(crate) mod unfinished;
