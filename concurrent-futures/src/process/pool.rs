//! The threads that talk to the workers.
//!
//! Each slot has a thread that starts its workers and writes to them. While there is a worker, a second thread reads
//! from it. So even with much data in both directions, neither side has to wait until the other has finished writing.

use std::cell::Cell;
use std::io::{self, BufReader, BufWriter, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::announcement::{Refusal, await_worker};
use super::frame;
use super::job::{Job, Pending, read_reply};
use super::launch::{Launcher, Worker, is_shortage};
use super::scheduler::{Rules, Stage, State, Step, WriterAction};
use super::watch::watch;
use super::worker::WORKER_ARGUMENT;
use crate::error::{BrokenError, SubmitError, TaskError};
use crate::panics::contain;

/// The state that the executor and the threads of its slots share.
pub(crate) struct Pool {
    state: Mutex<State>,
    settings: Settings,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held while the threads are joined, so that a second caller waits as long as the first.
    joining: Mutex<()>,
}

pub(crate) struct Settings {
    pub(crate) rules: Rules,
    pub(crate) launcher: Launcher,
    /// The encoded task that each worker runs first.
    pub(crate) initializer: Option<Vec<u8>>,
    /// How long a program that was started may take to announce itself as a worker.
    pub(crate) start_timeout: Duration,
}

/// The time between two attempts to start a worker while descriptors, threads or memory are short.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The number of the initializer among the tasks of a worker.
const INITIALIZER_NUMBER: u64 = 0;

thread_local! {
    /// The address of the pool that this thread works for. Only compared, never dereferenced.
    static WORKER_OF: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Pool {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        let state = State {
            rules: settings.rules,
            ..State::default()
        };
        Arc::new(Self {
            state: Mutex::new(state),
            settings,
            threads: Mutex::default(),
            joining: Mutex::default(),
        })
    }

    /// Checks that the pool accepts tasks.
    ///
    /// # Errors
    /// The reason, if the pool is broken or has been shut down.
    pub(crate) fn check_open(&self) -> Result<(), SubmitError> {
        let state = self.state();
        match &state.broken {
            Some(broken) => Err(SubmitError::Broken(broken.clone())),
            None if state.shut_down => Err(SubmitError::ShutDown),
            None => Ok(()),
        }
    }

    pub(crate) fn enqueue(self: &Arc<Self>, job: Job) -> Result<(), SubmitError> {
        let mut state = self.state();
        if let Some(broken) = &state.broken {
            return Err(SubmitError::Broken(broken.clone()));
        }
        if state.shut_down {
            return Err(SubmitError::ShutDown);
        }
        state.queue.push_back(job);
        self.dispatch(state);
        Ok(())
    }

    /// Gives queued tasks to workers, and has missing workers started.
    fn dispatch(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        loop {
            match state.next_step() {
                Step::Give(index) => state.give_next_to(index),
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
                        drop(state);
                        return settle_short(lost, &error.to_string());
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
        let name = format!("worker_{index}");
        let thread = thread::Builder::new()
            .name(name)
            .spawn(move || pool.run_slot(index))?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    /// Runs one worker after another in a slot, until none is wanted.
    fn run_slot(self: Arc<Self>, index: usize) {
        WORKER_OF.set(Some(self.address()));
        while self.wait_until_wanted(index) {
            let launched = self.settings.launcher.launch();
            match launched.and_then(|(worker, socket)| self.run_worker(index, worker, socket)) {
                Ok((pid, status)) => self.worker_ended(index, pid, status),
                Err(error) => self.start_failed(index, &error),
            }
        }
    }

    /// Waits until a worker is wanted in this slot. Returns false if none ever will be.
    fn wait_until_wanted(self: &Arc<Self>, index: usize) -> bool {
        let mut state = self.state();
        loop {
            if state.is_over() || state.slots[index].stage == Stage::Closed {
                return false;
            }
            match state.slots[index].stage {
                Stage::Starting => return true,
                Stage::Pausing => state = self.pause(state, index),
                _ => state = wait(state, index),
            }
        }
    }

    /// Waits until a worker can be tried again in this slot.
    fn pause<'a>(
        self: &'a Arc<Self>,
        state: MutexGuard<'a, State>,
        index: usize,
    ) -> MutexGuard<'a, State> {
        let wake = Arc::clone(&state.slots[index].wake);
        let waited = wake.wait_timeout(state, RETRY_PAUSE);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if !timeout.timed_out() || state.slots[index].stage != Stage::Pausing {
            return state;
        }
        state.slots[index].stage = Stage::Vacant;
        self.dispatch(state);
        self.state()
    }

    /// Talks to a worker until it has ended. Returns its process id, and its exit status if the system kept it.
    ///
    /// # Errors
    /// If the thread that reads from the worker cannot be started. The worker has ended in that case too.
    fn run_worker(
        self: &Arc<Self>,
        index: usize,
        worker: Worker,
        socket: UnixStream,
    ) -> io::Result<(u32, Option<ExitStatus>)> {
        let socket = Arc::new(socket);
        self.state().connect(index, Arc::clone(&socket));
        let _watch = watch(worker.process(), &socket);
        let result = thread::scope(|scope| {
            let reader_thread = thread::Builder::new()
                .name(format!("worker_{index}_in"))
                .spawn_scoped(scope, || self.read_replies(index, &worker, &socket))?;
            if self.write_tasks(index, &socket).is_err() {
                // The worker no longer reads. Replies that have already arrived can still be read.
                let _ = socket.shutdown(Shutdown::Both);
            }
            // The scope waits until the thread's function has returned, but not until the thread has ended.
            let _ = reader_thread.join();
            Ok(())
        });
        let pid = worker.id();
        let status = worker.end();
        result.map(|()| (pid, status))
    }

    fn write_tasks(self: &Arc<Self>, index: usize, socket: &UnixStream) -> io::Result<()> {
        let mut stream = BufWriter::with_capacity(1 << 16, socket);
        if let Some(initializer) = &self.settings.initializer {
            stream.write_all(initializer)?;
            stream.flush()?;
        } else {
            self.open_slot(index);
        }
        loop {
            match self.next_writer_action(index) {
                WriterAction::Send(frames) => {
                    for frame in frames {
                        stream.write_all(&frame)?;
                    }
                    stream.flush()?;
                }
                WriterAction::Close => return socket.shutdown(Shutdown::Write),
                WriterAction::Disconnect => return socket.shutdown(Shutdown::Both),
            }
        }
    }

    fn next_writer_action(&self, index: usize) -> WriterAction {
        let mut state = self.state();
        loop {
            if let Some(action) = state.writer_action(index) {
                return action;
            }
            state = wait(state, index);
        }
    }

    /// Settles tasks as their replies arrive, until no more can arrive.
    fn read_replies(self: &Arc<Self>, index: usize, worker: &Worker, socket: &UnixStream) {
        WORKER_OF.set(Some(self.address()));
        match await_worker(socket, self.settings.start_timeout) {
            Ok(()) => self.read_from_worker(index, worker, socket),
            Err(refusal) => self.refuse_program(refusal),
        }
        // The other thread may be writing, to a socket that another process keeps open.
        let _ = socket.shutdown(Shutdown::Both);
        let mut state = self.state();
        state.slots[index].stage = Stage::Ended;
        state.slots[index].wake.notify_one();
    }

    /// Breaks the pool if the program that was started is not a worker. If it has ended, its exit status says more.
    fn refuse_program(&self, refusal: Refusal) {
        let problem = match refusal {
            Refusal::Ended => return,
            Refusal::Silent => {
                let timeout = self.settings.start_timeout;
                format!("did not announce itself as a worker within {timeout:?}")
            }
            Refusal::Other(text) => {
                format!("announced itself as {text:?} and not as {WORKER_ARGUMENT:?}")
            }
        };
        let message = format!("'{}' {problem}", self.settings.launcher.program());
        self.break_pool(self.state(), BrokenError::NoWorker { message });
    }

    fn read_from_worker(self: &Arc<Self>, index: usize, worker: &Worker, socket: &UnixStream) {
        let mut stream = BufReader::with_capacity(1 << 16, socket);
        let mut reply = Vec::new();
        let mut awaits_initializer = self.settings.initializer.is_some();
        loop {
            let number = match frame::read(&mut stream, &mut reply) {
                Ok(Some(number)) => number,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    break self.break_protocol(worker, error.to_string());
                }
                Ok(None) | Err(_) => break,
            };
            if awaits_initializer && number == INITIALIZER_NUMBER {
                awaits_initializer = false;
                self.initializer_ended(index, &reply);
                continue;
            }
            let pending = match self.take_answered(index, number) {
                Ok(Some(pending)) => pending,
                Ok(None) => break,
                Err(message) => break self.break_protocol(worker, message),
            };
            contain(|| {
                if let Some(callbacks) = pending.settle(&reply) {
                    callbacks();
                }
            });
        }
    }

    fn break_protocol(&self, worker: &Worker, message: String) {
        let pid = worker.id();
        self.break_pool(self.state(), BrokenError::Protocol { pid, message });
    }

    /// Removes the task that has been answered. The worker counts as free from here on, before any waiter sees the
    /// outcome: a thread that waits for the outcome and submits again finds the same worker.
    ///
    /// # Errors
    /// Those of [`State::take_answered`].
    fn take_answered(
        self: &Arc<Self>,
        index: usize,
        number: u64,
    ) -> Result<Option<Box<dyn Pending>>, String> {
        let mut state = self.state();
        let pending = state.take_answered(index, number);
        if state.needs_refill(index) {
            self.dispatch(state);
        }
        pending
    }

    fn initializer_ended(self: &Arc<Self>, index: usize, reply: &[u8]) {
        match read_reply(reply) {
            Ok(_) => self.open_slot(index),
            Err(TaskError::Panicked { message, .. }) => {
                self.break_pool(self.state(), BrokenError::Initializer { message });
            }
            Err(error) => {
                let message = error.to_string();
                self.break_pool(self.state(), BrokenError::Initializer { message });
            }
        }
    }

    fn open_slot(self: &Arc<Self>, index: usize) {
        let mut state = self.state();
        if state.slots[index].stage == Stage::Starting {
            state.slots[index].stage = Stage::Open;
        }
        self.dispatch(state);
    }

    /// Tries again later if no worker could be started because something was short. Otherwise closes the slot. If all
    /// slots are closed, the pool is broken.
    fn start_failed(self: &Arc<Self>, index: usize, error: &io::Error) {
        // "No such file or directory" does not name the file.
        let message = format!("{}: {error}", self.settings.launcher.program());
        let mut state = self.state();
        if is_shortage(error) && state.broken.is_none() {
            state.vacate(index);
            state.slots[index].stage = Stage::Pausing;
            let lost = state.run_short(message.clone());
            self.dispatch(state);
            settle_short(lost, &message);
        } else if state.close(index) {
            self.break_pool(state, BrokenError::NoWorker { message });
        } else {
            self.dispatch(state);
        }
    }

    fn worker_ended(self: &Arc<Self>, index: usize, pid: u32, status: Option<ExitStatus>) {
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

    fn break_pool(&self, state: MutexGuard<'_, State>, broken: BrokenError) {
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
        settle_all(lost, |pending| pending.settle_broken(broken.clone()));
    }

    pub(crate) fn shut_down(&self, wait: bool, cancel_pending: bool) {
        let mut state = self.state();
        state.shut_down = true;
        let cancelled = if cancel_pending {
            std::mem::take(&mut state.queue)
        } else {
            Default::default()
        };
        if state.is_over() {
            state.wake_all();
        }
        drop(state);
        settle_all(cancelled.into_iter().map(|job| job.pending), |pending| {
            pending.cancel()
        });
        if wait && WORKER_OF.get() != Some(self.address()) {
            self.join_threads();
        }
    }

    /// Waits until all threads have ended, including those that are started meanwhile, and with them the workers.
    fn join_threads(&self) {
        let _joining = lock(&self.joining);
        loop {
            // The lock is not held while joining: the thread may have to start another one.
            let Some(thread) = lock(&self.threads).pop() else {
                break;
            };
            // Panics in the thread are caught there.
            let _ = thread.join();
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state();
        f.debug_struct("ProcessPoolExecutor")
            .field("max_workers", &state.rules.max_workers)
            .field("workers", &state.count_workers())
            .field("shut_down", &state.shut_down)
            .field("broken", &state.broken)
            .field("shortage", &state.shortage)
            .finish_non_exhaustive()
    }
}

/// Settles all tasks. Callbacks run only after all of them are settled, because one may wait for another.
fn settle_all<P>(
    pending: impl IntoIterator<Item = P>,
    settle: impl Fn(P) -> Option<super::job::CallbacksToRun>,
) {
    let to_run: Vec<_> = pending.into_iter().filter_map(settle).collect();
    for callbacks in to_run {
        contain(callbacks);
    }
}

/// Fails tasks that no worker could be started for.
fn settle_short(lost: Vec<Box<dyn Pending>>, message: &str) {
    settle_all(lost, |pending| {
        let message = message.to_owned();
        pending.settle_broken(BrokenError::NoWorker { message })
    });
}

fn wait<'a>(state: MutexGuard<'a, State>, index: usize) -> MutexGuard<'a, State> {
    let wake = Arc::clone(&state.slots[index].wake);
    wake.wait(state).unwrap_or_else(PoisonError::into_inner)
}

/// Locks `mutex`. Code under these locks does not panic, so the value of a poisoned one is still consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
