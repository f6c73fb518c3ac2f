//! Results in the order of the input.
//!
//! * `options`: how a map hands in its tasks
//! * `part`: what it hands in at a time
//! * `ordered`: the results, one after the other
//! * `fallible`: the same for calls that return a `Result`

mod fallible;
mod options;
mod ordered;
mod part;

pub use fallible::FallibleMap;
pub use options::MapOptions;
pub use ordered::Map;
