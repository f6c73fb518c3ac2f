//! How many threads the workers of a pool have, while a run is in progress: workers come and go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use comparison::count;
use program::print_stderr;

use crate::cluster::Cluster;
use crate::cluster::connection::threads_of;

/// The time between two counts.
const PAUSE: Duration = Duration::from_secs(2);

/// The number of counts in a row without a worker after which there are none. A busy worker may miss one.
const ABSENT_AFTER: u32 = 2;

/// Counts the workers of a pool every few seconds, in a thread of its own, until it is dropped. If all of them are gone, says so on
/// standard error, and when some are there again: the run only waits meanwhile.
#[derive(Debug)]
pub struct PoolWatch {
    threads: Arc<AtomicUsize>,
    /// The names of the workers that answered last.
    names: Arc<Mutex<Vec<String>>>,
    /// Ends the thread when it is dropped.
    _over: Sender<()>,
}

impl PoolWatch {
    /// Starts to count. `are_there` is whether there are workers, if that is known.
    pub fn start(cluster: &Cluster, are_there: Option<bool>) -> Self {
        let threads = Arc::new(AtomicUsize::new(0));
        let (over, is_over) = channel::<()>();
        let (cluster, most) = (cluster.clone(), Arc::clone(&threads));
        let names = Arc::<Mutex<Vec<String>>>::default();
        let last = Arc::clone(&names);
        let watch = move || {
            let mut counter = None;
            let mut presence = Presence {
                are_there,
                missed: 0,
            };
            let mut pause = match are_there {
                Some(_) => PAUSE,
                None => Duration::ZERO,
            };
            while is_over.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = PAUSE;
                // Fails if the server is gone; the executor reports that.
                if counter.is_none() {
                    counter = cluster.counter().ok();
                }
                if let Some(Ok(workers)) = counter.as_ref().map(|counter| counter.workers()) {
                    let count = threads_of(&workers);
                    *lock(&last) = workers.into_iter().map(|worker| worker.name).collect();
                    most.fetch_max(count, Ordering::Relaxed);
                    if let Some(notice) = presence.note(count, &cluster.pool) {
                        print_stderr(&notice);
                    }
                }
            }
        };
        // Without the thread, the run goes on with the workers that answered before.
        let _ = thread::Builder::new()
            .name("pool-watch".to_owned())
            .spawn(watch);
        Self {
            threads,
            names,
            _over: over,
        }
    }

    /// Returns the largest number of threads that all workers had together so far; 0 until they are counted.
    pub fn threads(&self) -> usize {
        self.threads.load(Ordering::Relaxed)
    }

    /// Returns the names of the workers that answered when they were last counted; none until then.
    pub fn names(&self) -> Vec<String> {
        lock(&self.names).clone()
    }
}

fn lock(names: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether there are workers.
#[derive(Debug, Default)]
struct Presence {
    /// `None` before the first count. The program has told of it.
    are_there: Option<bool>,
    /// The number of counts in a row without a worker.
    missed: u32,
}

impl Presence {
    /// Notes the number of threads that were counted. Returns a line about what has changed.
    fn note(&mut self, threads: usize, pool: &str) -> Option<String> {
        self.missed = match threads {
            0 => self.missed + 1,
            _ => 0,
        };
        let were_there = *self.are_there.get_or_insert(threads > 0);
        if were_there && self.missed >= ABSENT_AFTER {
            self.are_there = Some(false);
            let line =
                format!("no worker of the pool '{pool}' answers any more: waiting for one\n");
            return Some(line);
        }
        if !were_there && threads > 0 {
            self.are_there = Some(true);
            let threads = count(threads, "thread");
            let line = format!("{threads} of workers of the pool '{pool}' answered\n");
            return Some(line);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once() {
        let mut presence = Presence::default();
        let mut told = |threads| presence.note(threads, "p");
        assert_eq!([told(2), told(0), told(2)], [None, None, None]);
        assert_eq!(told(0), None);
        let gone = "no worker of the pool 'p' answers any more: waiting for one\n";
        assert_eq!(told(0).as_deref(), Some(gone));
        assert_eq!([told(0), told(0)], [None, None]);
        let back = "3 threads of workers of the pool 'p' answered\n";
        assert_eq!(told(3).as_deref(), Some(back));
        assert_eq!([told(3), told(0)], [None, None]);
    }

    #[test]
    fn a_run_that_began_without_workers_tells_of_the_first() {
        let mut presence = Presence::default();
        assert_eq!([presence.note(0, "p"), presence.note(0, "p")], [None, None]);
        let first = "1 thread of workers of the pool 'p' answered\n";
        assert_eq!(presence.note(1, "p").as_deref(), Some(first));
    }
}
