//! The state that an executor and the threads of its slots share.

use std::process::ExitStatus;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, io};

use multiprocessing::Launcher;
use portable_task::{PortableTask, Registry};

use super::job::{CallbacksToRun, Job, Pending};
use super::scheduler::{EndWorker, Rules, State, Step};
use super::slot::Stage;
use crate::error::{BrokenError, SubmitError};
use crate::panics::contain;
use crate::pool::Threads;
use crate::shutdown::Shutdown;
use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait_until};

pub(super) struct Pool {
    pub(super) state: Mutex<State>,
    /// Notified when a task leaves a bounded queue, and when the pool accepts no more.
    room: Condvar,
    pub(super) settings: Settings,
    pub(super) threads: Threads<JoinHandle<()>>,
}

pub(super) struct Settings {
    pub(super) rules: Rules,
    pub(super) launcher: Launcher,
    /// The tasks that the workers have, if they run this program.
    pub(super) registry: Option<&'static Registry>,
    /// The encoded task that each worker runs first.
    pub(super) initializer: Option<Vec<u8>>,
    /// How long a program that was started may take to announce itself as a worker.
    pub(super) start_timeout: Duration,
}

/// The time between two attempts to start a worker while descriptors, threads or memory are short.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(100);

impl Pool {
    pub(super) fn new(settings: Settings) -> Arc<Self> {
        let state = State {
            rules: settings.rules,
            ..State::default()
        };
        Arc::new(Self {
            state: Mutex::new(state),
            room: Condvar::new(),
            settings,
            threads: Threads::new(),
        })
    }

    /// Checks that the pool accepts tasks of this type.
    ///
    /// # Errors
    /// The reason, if the pool is broken or has been shut down, or its workers do not have the task.
    pub(super) fn check<K: PortableTask>(&self) -> Result<(), SubmitError> {
        if let Some(registry) = self.settings.registry
            && let Err(error) = registry.check::<K>()
        {
            return Err(SubmitError::Unregistered {
                message: error.message,
            });
        }
        self.state().check_open()
    }

    /// Queues a job. Waits for room in a bounded queue.
    ///
    /// # Errors
    /// If the pool is broken or has been shut down, or this is one of its own threads and there is no room.
    pub(super) fn enqueue(self: &Arc<Self>, job: Job) -> Result<(), SubmitError> {
        let mut state = self.state();
        while state.is_full() && state.check_open().is_ok() {
            if self.threads.is_own() {
                return Err(SubmitError::QueueFull);
            }
            state = wait_until(&self.room, state, None);
        }
        state.check_open()?;
        state.queue.push_back(job);
        self.dispatch(state);
        Ok(())
    }

    /// Gives queued tasks to workers, and has missing workers started.
    pub(super) fn dispatch(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        loop {
            match state.next_step() {
                Step::Give(index) => {
                    state.give_next_to(index);
                    if state.rules.queue_bound.is_some() {
                        self.room.notify_one();
                    }
                }
                Step::Start(index) => {
                    let slot = &mut state.slots[index];
                    slot.stage = Stage::Starting;
                    slot.wake.notify_one();
                }
                Step::AddSlot => {
                    let index = state.add_slot();
                    if let Err(error) = self.start_thread(index) {
                        // A slot without a thread would never get a worker.
                        state.slots.pop();
                        state.no_thread_before = Some(Instant::now() + RETRY_PAUSE);
                        let lost = state.run_short(error.to_string());
                        if !lost.is_empty() {
                            return self.settle_short(state, lost, &error.to_string());
                        }
                        // The other workers may have room. Their threads try again later.
                        state.wake_all();
                    }
                }
                Step::Nothing => break,
            }
        }
        if state.is_over() {
            state.wake_all();
        }
    }

    fn start_thread(self: &Arc<Self>, index: usize) -> io::Result<()> {
        let pool = Arc::clone(self);
        self.threads.start(|running| {
            let name = format!("worker_{index}");
            thread::Builder::new().name(name).spawn(move || {
                running.enter();
                pool.run_slot(index, &running);
                // Before the thread counts as ended: the last handle may have to close descriptors.
                drop(pool);
                drop(running);
            })
        })
    }

    /// Clears the slot of a worker that has ended. Unless that was expected, its tasks fail, and it is replaced or the
    /// pool is broken.
    pub(super) fn worker_ended(
        self: &Arc<Self>,
        index: usize,
        pid: u32,
        status: Option<ExitStatus>,
    ) {
        let mut state = self.state();
        let Some(unanswered) = state.vacate(index) else {
            return self.dispatch(state);
        };
        let broken = BrokenError::Worker { pid, status };
        if state.restarts < state.rules.max_restarts {
            state.restarts += 1;
            self.dispatch(state);
            settle_all(unanswered, |pending| pending.settle_broken(broken.clone()));
        } else {
            self.break_pool_with(state, broken, unanswered);
        }
    }

    /// Tries again later if no worker could be started because something was short. Otherwise closes the slot. If all
    /// slots are closed, the pool is broken.
    pub(super) fn start_failed(self: &Arc<Self>, index: usize, error: &io::Error) {
        // "No such file or directory" does not name the file.
        let message = format!("{}: {error}", self.settings.launcher.program());
        let mut state = self.state();
        if multiprocessing::is_shortage(error) && state.broken.is_none() {
            state.vacate(index);
            state.slots[index].stage = Stage::Pausing;
            let lost = state.run_short(message.clone());
            self.dispatch(state);
            self.settle_short(self.state(), lost, &message);
        } else if state.close(index) {
            self.break_pool(state, BrokenError::NoWorker { message });
        } else {
            self.dispatch(state);
        }
    }

    /// Fails tasks that no worker could be started for.
    fn settle_short(
        &self,
        state: MutexGuard<'_, State>,
        lost: Vec<Box<dyn Pending>>,
        message: &str,
    ) {
        drop(state);
        self.room.notify_all();
        settle_all(lost, |pending| {
            let message = message.to_owned();
            pending.settle_broken(BrokenError::NoWorker { message })
        });
    }

    pub(super) fn break_pool(&self, state: MutexGuard<'_, State>, broken: BrokenError) {
        self.break_pool_with(state, broken, Vec::new());
    }

    /// Marks the pool as broken: fails every task without an outcome, `lost` among them, and accepts no more.
    fn break_pool_with(
        &self,
        mut state: MutexGuard<'_, State>,
        broken: BrokenError,
        mut lost: Vec<Box<dyn Pending>>,
    ) {
        lost.extend(state.break_pool(&broken));
        drop(state);
        self.room.notify_all();
        settle_all(lost, |pending| pending.settle_broken(broken.clone()));
    }

    /// Accepts no more tasks. Returns whether all workers have ended; waits for that if `how` says so.
    pub(super) fn shut_down(&self, how: Shutdown) -> bool {
        let cancelled = self.state().reject_more(how.cancels_pending());
        self.room.notify_all();
        settle_all(cancelled, |job| job.pending.cancel());
        self.threads.join(how.timeout())
    }

    /// Accepts no more tasks, cancels the queued ones, and calls `end` for all workers: those that are running, and those
    /// that are being started.
    pub(super) fn end_workers(&self, end: EndWorker) {
        let mut state = self.state();
        let cancelled = state.reject_more(true);
        state.end_worker = Some(end);
        let workers: Vec<_> = state.workers().cloned().collect();
        drop(state);
        self.room.notify_all();
        for worker in workers {
            // Fails only if the worker has changed its user.
            let _ = end(&worker.child);
        }
        settle_all(cancelled, |job| job.pending.cancel());
    }

    pub(super) fn worker_pids(&self) -> Vec<u32> {
        let state = self.state();
        state.workers().map(|worker| worker.child.id()).collect()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("ProcessPoolExecutor")
            .field("max_workers", &state.rules.max_workers)
            .field("workers", &state.workers().count())
            .field("shut_down", &state.shut_down)
            .field("broken", &state.broken)
            .field("shortage", &state.shortage)
            .finish_non_exhaustive()
    }
}

/// Settles all tasks. Callbacks run only after all of them are settled, because one may wait for another.
fn settle_all<P>(
    pending: impl IntoIterator<Item = P>,
    settle: impl Fn(P) -> Option<CallbacksToRun>,
) {
    let to_run: Vec<_> = pending.into_iter().filter_map(settle).collect();
    for callbacks in to_run {
        contain(callbacks);
    }
}
