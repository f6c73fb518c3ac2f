//! Servers, workers and lines between them that fail on purpose. Servers and lines are those of the tests of `nats-executor`.

#[allow(dead_code, reason = "its own tests use all of it")]
#[path = "../../../nats-executor/tests/it/support/proxy.rs"]
mod proxy;
#[allow(dead_code, reason = "its own tests use all of it")]
#[path = "../../../nats-executor/tests/it/support/server.rs"]
mod server;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nats_executor::{NatsExecutor, NatsOptions, PoolMonitor, PoolStatus};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Program, WATCHDOG};

pub(crate) use proxy::Proxy;
pub(crate) use server::Server;

/// Waits until the condition is true.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < WATCHDOG, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The pool of the program that is tested.
pub(crate) const POOL: &str = env!("CARGO_PKG_NAME");

/// Starts a server with a pool whose tasks are delivered again after a second without a sign of life.
pub(crate) fn server() -> Server {
    let server = Server::start();
    make_pool(&server);
    server
}

/// Creates the pool, whose first program decides about its times.
pub(crate) fn make_pool(server: &Server) {
    let options = NatsOptions::new()
        .pool(POOL)
        .ack_wait(Duration::from_secs(1));
    drop(NatsExecutor::connect(&server.url(), options).unwrap());
}

/// Watches the pool of a server.
pub(crate) struct Pool(PoolMonitor);

impl Pool {
    pub(crate) fn of(server: &Server) -> Self {
        let options = NatsOptions::new().pool(POOL);
        Self(PoolMonitor::connect(&server.url(), &options).unwrap())
    }

    /// Returns what the pool is doing.
    pub(crate) fn status(&self) -> PoolStatus {
        self.0.status(Duration::from_millis(50)).unwrap()
    }

    /// Waits until the status meets the condition.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, condition: impl Fn(&PoolStatus) -> bool) {
        wait_until(what, || condition(&self.status()));
    }

    /// Waits until no worker runs a task. What a worker finishes too late changes no file after that.
    #[track_caller]
    pub(crate) fn wait_until_idle(&self, workers: usize) {
        self.wait_until("all workers are idle", |status| {
            let mut all = status.workers.iter();
            status.workers.len() == workers && all.all(|worker| worker.running == 0)
        });
    }

    /// Makes something fail while a worker has a task, so that this must be delivered again. `fails` is called with whether it is to
    /// fail or to work again.
    #[track_caller]
    pub(crate) fn strike(&self, fails: impl Fn(bool)) {
        wait_until("a worker that fails has a task", || {
            // One that was cut off before needs time to connect again.
            self.wait_until("a worker has a task", |status| status.in_flight > 0);
            fails(true);
            let has_a_task = self.status().in_flight > 0;
            if !has_a_task {
                fails(false);
            }
            has_a_task
        });
    }
}

/// A worker, which downloads one range at a time. Dropping it kills it.
pub(crate) struct Worker {
    child: Child,
    lines: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(url: &str) -> Self {
        // Another folder than that of the run: paths must be absolute.
        Self::in_folder(url, Path::new("/"))
    }

    pub(crate) fn in_folder(url: &str, folder: &Path) -> Self {
        let program = Program::new();
        let mut command = program.command();
        command.current_dir(folder);
        Self::of(url, command)
    }

    /// Starts a worker with this command.
    pub(crate) fn of(url: &str, mut command: Command) -> Self {
        command
            .args(["--worker", url, "--worker-threads", "1"])
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Arc::new(Mutex::new(String::new()));
        let (stderr, text) = (child.stderr.take().unwrap(), Arc::clone(&lines));
        let reader = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                *text.lock().unwrap() += &(line + "\n");
            }
        });
        let worker = Self {
            child,
            lines,
            reader: Some(reader),
        };
        worker.wait_for("worker: takes tasks of the pool");
        worker
    }

    /// Waits until the worker has printed this.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        wait_until(text, || self.lines.lock().unwrap().contains(text));
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the worker, or continues it.
    pub(crate) fn stop(&self, stopped: bool) {
        self.signal(if stopped { Signal::STOP } else { Signal::CONT });
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends the worker with SIGTERM. Returns what it has printed, and its exit code.
    pub(crate) fn end(mut self) -> (String, Option<i32>) {
        self.signal(Signal::TERM);
        let exit = self.child.wait().unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        (self.lines.lock().unwrap().clone(), exit)
    }

    /// Stops the worker for nine tenths of the time, until the returned value is dropped.
    pub(crate) fn slowed(&self) -> Slowed {
        let over = Arc::new(AtomicBool::new(false));
        let (is_over, pid) = (Arc::clone(&over), Pid::from_child(&self.child));
        let thread = thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                for (signal, ms) in [(Signal::STOP, 45), (Signal::CONT, 5)] {
                    kill_process(pid, signal).unwrap();
                    thread::sleep(Duration::from_millis(ms));
                }
            }
        });
        Slowed {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A worker that is slow.
pub(crate) struct Slowed {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Slowed {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
