//! A task that reports when it ran, and on which worker.

use std::sync::atomic::{AtomicU64, Ordering};

use concurrent_futures::{PortableTask, Task};
use program::Resources;
use serde::{Deserialize, Serialize};

use crate::clock::now_ns;

/// A task whose output comes with its [`Timing`]. It has the name of the task, so a program registers one of the two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Timed<K> {
    /// The task.
    pub task: K,
    /// Whether the peak memory of the worker is reported, which takes about 20 µs.
    pub measures_memory: bool,
}

/// When a task ran, and on which worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// The worker.
    pub worker: Worker,
    /// The start, in nanoseconds on the clock of the machine.
    pub began_ns: u64,
    /// The end, in nanoseconds on the clock of the machine.
    pub ended_ns: u64,
    /// The peak memory of the worker's process so far, in bytes, if it is measured.
    pub peak_memory: Option<u64>,
}

/// The thread that ran a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Worker {
    /// The process id.
    pub pid: u32,
    /// The number of the thread, which differs from those of all other threads of the process.
    pub thread: u64,
}

impl Worker {
    /// Returns the current thread as a worker.
    fn current() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        thread_local! {
            static THREAD: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        Self {
            pid: std::process::id(),
            thread: THREAD.with(|thread| *thread),
        }
    }
}

impl<K: PortableTask> Task for Timed<K> {
    type Output = (K::Output, Timing);
    const NAME: &'static str = K::NAME;
    const VERSION: u32 = K::VERSION;

    fn run(self) -> Self::Output {
        let began_ns = now_ns();
        let output = self.task.run();
        let ended_ns = now_ns();
        let resources = self
            .measures_memory
            .then(Resources::of_this_process)
            .flatten();
        let timing = Timing {
            worker: Worker::current(),
            began_ns,
            ended_ns,
            peak_memory: resources.and_then(|resources| resources.peak_memory),
        };
        (output, timing)
    }
}
