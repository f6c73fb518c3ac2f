//! The public executor.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use concurrent_futures::{
    Chunk, DistanceError, Executor, Fallible, Future, PortableTask, Shutdown, SubmitError,
};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::driver::Driver;
use super::job::{Job, Withdraw};
use super::ledger::Ledger;
use super::room::Room;
use super::sender::{Request, Submission};
use super::settler::{self, Outcome, Outcomes};
use crate::error::ConnectError;
use crate::names::Names;
use crate::options::NatsOptions;

/// An executor that runs tasks on workers anywhere, which take them from a NATS server with JetStream.
///
/// A worker is a program with the same tasks that calls [`run_worker`](crate::run_worker), often the same program with other
/// arguments. There may be any number of them; they come and go as they like. Without any, tasks wait.
///
/// Each task runs at least once, and its future gets exactly one outcome. A task runs more than once if its worker disappears
/// before its result is stored, or is out of reach for longer than [`ack_wait`](NatsOptions::ack_wait); only the first result
/// counts. So tasks must be such that running them twice does no harm.
///
/// A future is pending until a worker has run the task for some milliseconds, then it is running. Cancelling a pending one
/// withdraws the task; if a worker has just begun it, the task learns of it from [`current`](concurrent_futures::current).
/// Errors that only distance brings are in [`DistanceError`].
///
/// Callbacks of futures run in a thread of the executor. They must not wait for another task of this executor.
///
/// Dropping the executor waits for all tasks, as leaving Python's `with` block does, and then for at most ten seconds until
/// cancelled ones are removed from the server. In a callback it does not wait: the threads of the executor go on until all tasks
/// have an outcome. When this program is killed, its tasks are still run.
///
/// ```no_run
/// use concurrent_futures::{Executor, ExecutorExt, Registry, task};
/// use nats_executor::{NatsExecutor, NatsOptions, WorkerOptions, run_worker, worker_url};
///
/// fn is_prime(n: u64) -> bool {
///     n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d > 0)
/// }
///
/// task!(IsPrime = fn is_prime(n: u64) -> bool);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     // As `program --worker nats://host:4222`, on any machine:
///     if let Some(url) = worker_url() {
///         run_worker(&url, Registry::new().with::<IsPrime>(), WorkerOptions::new())?;
///         return Ok(());
///     }
///     let executor = NatsExecutor::connect("nats://host:4222", NatsOptions::new())?;
///     let primes = executor.map([1_000_003, 1_000_004].map(IsPrime))?;
///     assert_eq!(primes.collect::<Result<Vec<_>, _>>()?, [true, false]);
///     Ok(())
/// }
/// ```
pub struct NatsExecutor {
    ledger: Arc<Ledger>,
    room: Room,
    next: AtomicU64,
    options: NatsOptions,
    submissions: UnboundedSender<Submission>,
    requests: UnboundedSender<Request>,
    outcomes: Outcomes,
    threads: Mutex<Option<[JoinHandle<()>; 2]>>,
    settler: thread::ThreadId,
    url: Arc<str>,
}

impl NatsExecutor {
    /// Connects to the server, and creates the pool there if it does not exist. Several URLs of a cluster are separated by
    /// commas; the first user and password among them are used for all.
    ///
    /// Blocks until the executor can send and receive: at most [`connect_timeout`](NatsOptions::connect_timeout) for the connection,
    /// and twice as long again for opening the pool. It needs no runtime; in an async program, call it in a thread that may block,
    /// such as one of `spawn_blocking`.
    ///
    /// # Errors
    /// [`ConnectError`], if there is no connection, the server does not accept the credentials, or it cannot store tasks.
    pub fn connect(url: &str, options: NatsOptions) -> Result<Self, ConnectError> {
        let Some(names) = Names::of(&options.pool) else {
            return Err(ConnectError::PoolName(options.pool));
        };
        let ledger = Arc::new(Ledger::default());
        let started = settler::start(Arc::clone(&ledger));
        let (outcomes, settling) = started.map_err(ConnectError::Thread)?;
        let (submissions, to_send) = unbounded_channel();
        let (requests, to_do) = unbounded_channel();
        let (sender, connected) = mpsc::channel();
        let driver = Driver {
            url: url.to_owned(),
            names,
            options: options.clone(),
            ledger: Arc::clone(&ledger),
            outcomes: outcomes.clone(),
        };
        let run = move || driver.run(sender, to_send, to_do);
        let name = "nats-executor".to_owned();
        let connection = thread::Builder::new().name(name).spawn(run);
        let connection = connection.map_err(ConnectError::Thread)?;
        let settler = settling.thread().id();
        let url = match connected.recv() {
            Ok(connected) => connected?,
            Err(_) => {
                let ended = std::io::Error::other("the thread has ended");
                return Err(ConnectError::Thread(ended));
            }
        };
        Ok(Self {
            ledger,
            room: Room::new(options.queue_bound, options.unsent_bound),
            next: AtomicU64::new(0),
            options,
            submissions,
            requests,
            outcomes,
            threads: Mutex::new(Some([connection, settling])),
            settler,
            url,
        })
    }

    /// Queues a task and returns its future. Waits while [`queue_bound`](NatsOptions::queue_bound) tasks have no outcome, or while
    /// those that are not sent have more bytes than [`unsent_bound`](NatsOptions::unsent_bound).
    ///
    /// The task is encoded at once and runs even if the future is dropped. If it cannot be encoded or is too large, the future
    /// fails.
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown); [`SubmitError::Distance`] while the connection is lost for
    /// longer than [`unreachable_after`](NatsOptions::unreachable_after); [`SubmitError::QueueFull`] in a callback, if there is
    /// no room.
    pub fn submit<K: PortableTask>(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.enqueue(|withdraw| Job::of(task, withdraw))
    }

    /// The same as [`submit`](Self::submit), but waits for room without blocking the thread. Needs no particular runtime.
    ///
    /// If this future is dropped before it is ready, the task is not submitted. So a program that waits for it beside a signal such
    /// as Ctrl-C has nothing to withdraw of that task; those that were submitted are cancelled by [`shutdown`](Self::shutdown) with
    /// [`cancel_pending`](Shutdown::cancel_pending), which also ends all waits for room. Without a shutdown, tasks of a program that
    /// ends are still run.
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit).
    pub async fn submit_async<K: PortableTask>(
        &self,
        task: K,
    ) -> Result<Future<K::Output>, SubmitError> {
        self.ledger.check_open()?;
        let room = self.room.task_async().await?;
        let (number, job, future) = self.encode(|withdraw| Job::of(task, withdraw));
        if let Some(job) = job {
            let bytes = self.room.bytes_async(job.content.len()).await?;
            self.send(number, job, room, bytes)?;
        }
        Ok(future)
    }

    /// Queues a task that returns a [`Result`]. An `Ok` holds the value of the future, an `Err` becomes
    /// [`TaskError::Failed`](concurrent_futures::TaskError::Failed).
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit).
    pub fn try_submit<K>(
        &self,
        task: K,
    ) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K: PortableTask<Output: Fallible<Value: 'static>>,
    {
        self.enqueue(|withdraw| Job::of_fallible(task, withdraw))
    }

    /// Rejects further tasks, then cancels pending tasks and waits for the others, each if `how` says so. Returns whether all
    /// tasks have an outcome. Workers go on, for other executors.
    ///
    /// Further calls are allowed. In a callback it does not wait. If pending tasks are cancelled, running ones learn from
    /// [`current`](concurrent_futures::current) that they are, too.
    pub fn shutdown(&self, how: Shutdown) -> bool {
        self.ledger.shut_down();
        self.room.close();
        let is_settler = self.is_in_callback();
        if how.cancels_pending() {
            let (sender, done) = mpsc::channel::<()>();
            let _ = self.outcomes.send(Outcome::CancelPending(sender));
            let _ = self.requests.send(Request::CancelRunning);
            if !is_settler {
                // Ends with an error when the settler drops its end.
                let _ = done.recv();
            }
        }
        let timeout = match how.waits() && !is_settler {
            true => how.deadline(),
            false => Some(Duration::ZERO),
        };
        self.ledger.wait_until_empty(timeout)
    }

    /// Returns the number of tasks without an outcome.
    pub fn unfinished(&self) -> usize {
        self.ledger.unsettled()
    }

    /// Returns whether this is the thread that runs callbacks, which must not wait for what it does itself.
    fn is_in_callback(&self) -> bool {
        thread::current().id() == self.settler
    }

    fn enqueue<T: Send + Sync + 'static>(
        &self,
        encode: impl FnOnce(Withdraw) -> (Option<Job>, Future<T>),
    ) -> Result<Future<T>, SubmitError> {
        self.ledger.check_open()?;
        let may_block = !self.is_in_callback();
        let room = self.room.task(may_block)?;
        let (number, job, future) = self.encode(encode);
        if let Some(job) = job {
            let bytes = self.room.bytes(job.content.len(), may_block)?;
            self.send(number, job, room, bytes)?;
        }
        Ok(future)
    }

    /// Encodes a task. If it cannot be sent, there is no job, and the future holds the error.
    fn encode<T: Send + Sync + 'static>(
        &self,
        encode: impl FnOnce(Withdraw) -> (Option<Job>, Future<T>),
    ) -> (u64, Option<Job>, Future<T>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let requests = self.requests.clone();
        let withdraw = move || {
            let _ = requests.send(Request::Withdraw(number));
        };
        let (job, future) = encode(Box::new(withdraw));
        let limit = self.options.max_bytes;
        match job {
            Some(Job { content, pending }) if content.len() > limit => {
                let error = DistanceError::too_large("task", content.len(), limit);
                pending.settle(Err(error.into()));
                (number, None, future)
            }
            job => (number, job, future),
        }
    }

    fn send(
        &self,
        number: u64,
        job: Job,
        room: OwnedSemaphorePermit,
        bytes: OwnedSemaphorePermit,
    ) -> Result<(), SubmitError> {
        let Job { content, pending } = job;
        let timeout = self.options.task_timeout;
        self.ledger.add(number, pending, room, timeout)?;
        let submission = Submission {
            number,
            content,
            room: bytes,
        };
        // Fails only if the thread has ended, which settles all tasks of the ledger.
        let _ = self.submissions.send(submission);
        Ok(())
    }
}

impl<K> Executor<K> for NatsExecutor
where
    K: PortableTask<Output: 'static>,
{
    fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.submit(task)
    }

    fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K::Output: Fallible<Value: 'static>,
    {
        self.try_submit(task)
    }

    fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError> {
        self.enqueue(|withdraw| Job::of_chunk(tasks, withdraw))
    }

    fn shutdown(&self, how: Shutdown) -> bool {
        self.shutdown(how)
    }
}

impl Drop for NatsExecutor {
    fn drop(&mut self) {
        self.shutdown(Shutdown::wait());
        let threads = self
            .threads
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let threads = threads.take();
        if self.is_in_callback() {
            // The callback is a part of settling, which cannot be waited for here.
            let _ = self.requests.send(Request::EndWhenEmpty);
            return;
        }
        let _ = self.requests.send(Request::End);
        for thread in threads.into_iter().flatten() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for NatsExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsExecutor")
            .field("url", &self.url)
            .field("pool", &self.options.pool)
            .field("unfinished", &self.unfinished())
            .finish_non_exhaustive()
    }
}
