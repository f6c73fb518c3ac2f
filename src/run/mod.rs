//! What goes on around a run: the server it brings along, the descriptors it may hold, the processor time and memory it
//! takes, and the signals that end it early.
//!
//! * `descriptors`: how many connections fit into the files a process may open
//! * `embedded`: the server that a run brings along
//! * `resources`: processor time and memory of this process
//! * `signals`: Ctrl-C and its kin

pub(crate) mod descriptors;
pub(crate) mod embedded;
pub(crate) mod resources;
pub(crate) mod signals;
