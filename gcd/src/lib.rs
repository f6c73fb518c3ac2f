//! Greatest common divisors by trying every number, on a choice of executors.
//!
//! The loop is slow on purpose. Like the examples that it comes from, it is work for the processor alone, with which
//! executors can be compared. A better algorithm needs no executor at all: the program prints how long [`euclid()`] takes,
//! apart from the comparison of the executors.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `pair`: two positive numbers, and the pairs of the original programs
//! * `euclid`: Euclid's algorithm, and how long it takes
//! * `trial`: the loop of the original programs, and a pair as a task
//! * `work`: pairs that are computed on an executor
//! * `schedule`: how fast several workers can be at best
//! * `gain`: what executors gain and can gain at best, and what a better algorithm gains, in words
//! * `report`: runs as the comparison crate shows them
//! * `args`: the command line
//! * `app`: one complete run or comparison, from the arguments to the exit code

mod app;
mod args;
mod euclid;
mod gain;
mod pair;
mod report;
mod schedule;
mod trial;
mod work;

pub use app::main;
pub use euclid::{euclid, nanoseconds_of_euclid};
pub use pair::{Original, Pair, PairError, names};
pub use schedule::{Best, best, in_order};
pub use trial::{Trial, divisions, trial};
pub use work::{Answer, Ran, Work, list, tasks};
