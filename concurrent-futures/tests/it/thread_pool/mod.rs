//! Tests of the public API of the thread pool, one module per topic.

mod backtraces;
mod failures;
#[cfg(target_os = "linux")]
mod leaks;
mod panicking_drops;
mod reentry;
mod shutdown;
mod workers;
