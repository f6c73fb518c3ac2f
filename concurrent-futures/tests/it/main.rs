//! Tests of the public API without processes: futures on their own and on a pool of threads.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod callbacks;
#[cfg(target_os = "linux")]
#[path = "../common/counts.rs"]
mod counts;
mod errors;
mod executor;
mod future;
mod inline;
mod map;
mod promise;
mod scope;
mod support;
mod thread_pool;
// tokio has a meaning of its own for `--cfg loom`, so it is not built then.
#[cfg(not(loom))]
mod tokio;
mod wait;
