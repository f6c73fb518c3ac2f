//! How a large body that was cut goes on: in another attempt, and in another run.
//!
//! * `range`: requests for the rest of a body, and the answers that continue it
//! * `note`: what a later run must know to request the rest

mod note;
mod range;

pub(super) use note::{Note, key};
pub(crate) use range::{Rest, Validator};
