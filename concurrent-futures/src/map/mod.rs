//! Results in the order of the input.
//!
//! The modules, bottom first; each imports only from those above it in this list:
//!
//! * `options`: how a map hands in its tasks
//! * `batch`: what it hands in at a time
//! * `ordered`: the results, one after the other
//! * `fallible`: the same for calls that return a `Result`
//! * `extension`: `map` for every executor

mod batch;
mod extension;
mod fallible;
mod options;
mod ordered;

pub use extension::ExecutorExt;
pub use fallible::FallibleMap;
pub use options::MapOptions;
pub use ordered::Map;
