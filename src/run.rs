//! What goes on around a run: the server it brings along, the descriptors it may hold, the processor time and memory it
//! takes, and the signals that end it early.

pub mod descriptors;
pub mod embedded;
pub mod resources;
pub mod signals;
