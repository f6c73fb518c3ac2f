//! One slice of a plan.

use crate::fault::Fault;

/// A share of the codes, and what they meet: at least one fault.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slice {
    pub(crate) percent: f64,
    pub(crate) faults: Vec<Fault>,
}
