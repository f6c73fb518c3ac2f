//! The crate as its users meet it, without processes: futures by themselves and on a pool of threads.

mod future;
mod map;
mod promise;
mod scope;
mod support;
mod thread_pool;
mod tokio;
mod wait;
