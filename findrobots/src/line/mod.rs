//! Bytes to lines, and lines to fields.
//!
//! * `fields`: the fields of a line
//! * `splitter`: whole lines out of blocks that end anywhere

mod fields;
mod splitter;

pub use fields::{Fields, fields, is_space};
pub(crate) use splitter::LineSplitter;
pub use splitter::MAX_LINE;
