//! What goes on around a run: the server it brings along, the descriptors it may hold, and the signals that end it early.

pub mod descriptors;
pub mod embedded;
pub mod signals;
