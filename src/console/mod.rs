//! What a terminal shows: the lines and notices of a run, the bar, and the two streams they go to.
//!
//! Bottom floor first; each imports only from those listed before it:
//!
//! * `output`: the two streams
//! * `lines`: the text on standard output
//! * `notices`: the text on standard error
//! * `progress`: the bar

pub(crate) mod lines;
pub(crate) mod notices;
pub(crate) mod output;
pub(crate) mod progress;
