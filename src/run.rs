//! What goes on around a run: the server it brings along, and the signals that end it early.

pub mod embedded;
pub mod signals;
