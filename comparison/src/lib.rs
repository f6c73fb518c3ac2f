//! Runs of the same work side by side: statistics over series of runs, a table for the terminal, and a page with charts.
//!
//! A program hands over a [`Comparison`]: neutral values, in which a task is a name, an outcome and the phases of its time.
//! What the tasks were, and how they were run, is not known here.

mod model;

pub use model::{Comparison, Outcome, Phase, PhaseKind, PhaseTerms, Run, Task, Terms};
