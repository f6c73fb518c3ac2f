//! How many threads the workers of a pool have, while a run is in progress: workers come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::cluster::Cluster;

/// The time between two counts.
const PAUSE: Duration = Duration::from_secs(2);

/// Counts the workers of a pool every few seconds, in a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct PoolWatch {
    threads: Arc<AtomicUsize>,
    /// Ends the thread when it is dropped.
    _over: Sender<()>,
}

impl PoolWatch {
    /// Starts to count.
    pub fn start(cluster: &Cluster) -> Self {
        let threads = Arc::new(AtomicUsize::new(0));
        let (over, is_over) = channel::<()>();
        let (cluster, most) = (cluster.clone(), Arc::clone(&threads));
        let watch = move || {
            let mut counter = None;
            while is_over.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                // Fails if the server is gone; the executor reports that.
                if counter.is_none() {
                    counter = cluster.counter().ok();
                }
                if let Some(Ok(count)) = counter.as_ref().map(|counter| counter.threads()) {
                    most.fetch_max(count, Ordering::Relaxed);
                }
            }
        };
        // Without the thread, the run goes on with the workers that answered before.
        let _ = thread::Builder::new()
            .name("pool-watch".to_owned())
            .spawn(watch);
        Self {
            threads,
            _over: over,
        }
    }

    /// Returns the largest number of threads that all workers had together so far; 0 until they are counted.
    pub fn threads(&self) -> usize {
        self.threads.load(Ordering::Relaxed)
    }
}
