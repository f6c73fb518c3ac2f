//! One slice of a plan: a share of the codes.

use crate::fault::Fault;

/// A share of the codes and the faults that they meet, at least one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slice {
    pub(crate) percent: f64,
    pub(crate) faults: Vec<Fault>,
}
