//! Runs the same work under each strategy, against one server.
//!
//! Each run has its own process, so that its processor time and memory can be measured and no run warms up the next.
//! Each run also starts with an empty folder.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `limits`: connection limits that fit into the limit on open files
//! * `handover`: the messages from the process of a run to the comparing one
//! * `prepare`: prepares the process of a run
//! * `counters`: what the server counted during each run
//! * `flags`: moves the flags of a run to where they belong
//! * `child`: one run in a process of its own
//! * `runs`: one run after another

mod child;
mod counters;
mod flags;
mod handover;
mod limits;
mod prepare;
mod runs;

pub(crate) use handover::{End, Handover};
pub(crate) use limits::{highest_limit, within_descriptors};
pub(crate) use prepare::prepare_process;
pub(crate) use runs::{Begin, Compared, Event, run};
