//! The public executor.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use concurrent_futures::{
    Chunk, DistanceError, Executor, Fallible, Future, PortableTask, Shutdown, SubmitError,
};
use tokio::runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::block_on::block_on;
use super::driver::Driver;
use super::job::{Job, Withdraw};
use super::ledger::Ledger;
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
/// Dropping the executor waits for all tasks, as leaving Python's `with` block does. When this program is killed, its tasks
/// are run all the same.
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
    room: Arc<Semaphore>,
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
    /// commas. Blocks until the server has answered, at most about twice as long as
    /// [`connect_timeout`](NatsOptions::connect_timeout).
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
        let run = move || {
            let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = sender.send(Err(ConnectError::Thread(error)));
                    return;
                }
            };
            runtime.block_on(driver.run(sender, to_send, to_do));
        };
        let name = "nats-executor".to_owned();
        let connection = thread::Builder::new().name(name).spawn(run);
        let connection = connection.map_err(ConnectError::Thread)?;
        let settler = settling.thread().id();
        let url = match connected.recv() {
            Ok(connected) => connected.inspect_err(|_| {
                let _ = outcomes.send(Outcome::End);
            })?,
            Err(_) => {
                let ended = std::io::Error::other("the thread has ended");
                return Err(ConnectError::Thread(ended));
            }
        };
        Ok(Self {
            ledger,
            room: Arc::new(Semaphore::new(options.queue_bound)),
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

    /// Queues a task and returns its future. Waits while [`queue_bound`](NatsOptions::queue_bound) tasks have no outcome.
    ///
    /// The task is encoded at once and runs even if the future is dropped. If it cannot be encoded or is too large, the future
    /// fails.
    ///
    /// # Errors
    /// [`SubmitError::ShutDown`] after [`shutdown`](Self::shutdown); [`SubmitError::Distance`] while the connection is lost for
    /// longer than [`unreachable_after`](NatsOptions::unreachable_after); [`SubmitError::QueueFull`] in a callback, if there is
    /// no room.
    pub fn submit<K: PortableTask>(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.enqueue(self.room()?, |withdraw| Job::of(task, withdraw))
    }

    /// The same as [`submit`](Self::submit), but waits for room without blocking the thread. Needs no particular runtime.
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit).
    pub async fn submit_async<K: PortableTask>(
        &self,
        task: K,
    ) -> Result<Future<K::Output>, SubmitError> {
        self.ledger.check_open()?;
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| SubmitError::ShutDown)?;
        self.enqueue(room, |withdraw| Job::of(task, withdraw))
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
        self.enqueue(self.room()?, |withdraw| Job::of_fallible(task, withdraw))
    }

    /// Rejects further tasks, then cancels pending tasks and waits for the others, each if `how` says so. Returns whether all
    /// tasks have an outcome. Workers go on, for other executors.
    ///
    /// Further calls are allowed. In a callback it does not wait. If pending tasks are cancelled, running ones learn from
    /// [`current`](concurrent_futures::current) that they are, too.
    pub fn shutdown(&self, how: Shutdown) -> bool {
        self.ledger.shut_down();
        self.room.close();
        let is_settler = thread::current().id() == self.settler;
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

    /// Returns room for one task.
    fn room(&self) -> Result<OwnedSemaphorePermit, SubmitError> {
        self.ledger.check_open()?;
        let room = Arc::clone(&self.room);
        match room.try_acquire_owned() {
            Ok(room) => return Ok(room),
            Err(TryAcquireError::Closed) => return Err(SubmitError::ShutDown),
            Err(TryAcquireError::NoPermits) => {}
        }
        if thread::current().id() == self.settler {
            return Err(SubmitError::QueueFull);
        }
        let room = Arc::clone(&self.room).acquire_owned();
        block_on(room).map_err(|_| SubmitError::ShutDown)
    }

    fn enqueue<T: Send + Sync + 'static>(
        &self,
        room: OwnedSemaphorePermit,
        encode: impl FnOnce(Withdraw) -> (Option<Job>, Future<T>),
    ) -> Result<Future<T>, SubmitError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let requests = self.requests.clone();
        let withdraw = move || {
            let _ = requests.send(Request::Withdraw(number));
        };
        let (job, future) = encode(Box::new(withdraw));
        let Some(Job { content, pending }) = job else {
            return Ok(future);
        };
        let (bytes, limit) = (content.len(), self.options.max_bytes);
        if bytes > limit {
            let error = DistanceError::too_large("task", bytes, limit);
            pending.settle(Err(error.into()));
            return Ok(future);
        }
        let timeout = self.options.task_timeout;
        self.ledger.add(number, pending, room, timeout)?;
        // Fails only if the thread has panicked. The ledger then keeps the task until the executor is dropped.
        let _ = self.submissions.send(Submission { number, content });
        Ok(future)
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
        self.enqueue(self.room()?, |withdraw| Job::of_chunk(tasks, withdraw))
    }

    fn shutdown(&self, how: Shutdown) -> bool {
        self.shutdown(how)
    }
}

impl Drop for NatsExecutor {
    fn drop(&mut self) {
        self.shutdown(Shutdown::wait());
        let _ = self.requests.send(Request::End);
        let threads = self
            .threads
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some([connection, settling]) = threads.take() {
            let _ = connection.join();
            let _ = self.outcomes.send(Outcome::End);
            if thread::current().id() != self.settler {
                let _ = settling.join();
            }
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
