//! Servers, workers and lines between them that fail on purpose.
//!
//! * `server`: a nats-server in a folder of its own
//! * `admin`: an administrator who looks at the streams of a server
//! * `interference`: what an administrator may do to a pool
//! * `worker`: workers, each a process
//! * `proxy`: a line to the server that delays, stalls or breaks

mod admin;
mod interference;
mod proxy;
mod server;
mod worker;

use std::path::Path;
use std::time::{Duration, Instant};

use nats_executor::{NatsExecutor, NatsOptions, PoolMonitor, PoolStatus};

pub(crate) use admin::{Admin, OBJECTS, RESULTS, TASKS};
pub(crate) use interference::lines_with;
pub(crate) use proxy::Proxy;
pub(crate) use server::Server;
pub(crate) use worker::{Settings, Worker, work};

/// How long a test waits for what must happen. Only a test that fails takes that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Returns options with a short ack wait.
pub(crate) fn options() -> NatsOptions {
    // A test that fails must not wait for its tasks for ever.
    NatsOptions::new()
        .ack_wait(Duration::from_secs(1))
        .task_timeout(PATIENCE)
}

/// Returns an executor with a short ack wait.
pub(crate) fn connect(server: &Server) -> NatsExecutor {
    NatsExecutor::connect(&server.url(), options()).unwrap()
}

/// Returns the number of tasks that no worker has.
pub(crate) fn queued(server: &Server) -> u64 {
    status(server).queued
}

/// Returns the number of tasks that workers have.
pub(crate) fn in_flight(server: &Server) -> u64 {
    status(server).in_flight
}

/// Returns what the pool is doing.
pub(crate) fn status(server: &Server) -> PoolStatus {
    let monitor = PoolMonitor::connect(&server.url(), &options()).unwrap();
    monitor.status(Duration::from_millis(20)).unwrap()
}

/// Waits until the condition is true.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the number of lines of a file; 0 if there is none.
pub(crate) fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}
