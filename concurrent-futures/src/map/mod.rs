//! Maps inputs to results, in input order.
//!
//! The modules, lowest layer first; each imports only from those above it in this list:
//!
//! * `options`: the settings of a map
//! * `batch`: the tasks that a map submits together
//! * `ordered`: the iterator over the results
//! * `fallible`: the same for calls that return a `Result`
//! * `extension`: adds `map` to every executor

mod batch;
mod extension;
mod fallible;
mod options;
mod ordered;

pub use extension::ExecutorExt;
pub use fallible::FallibleMap;
pub use options::MapOptions;
pub use ordered::Map;
