//! The worker from its start to its end.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::{Message, Subscriber};
use concurrent_futures::{BuildError, Registry, Shutdown, ThreadPoolExecutor};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::runtime;
use tokio::task::{JoinError, JoinSet};

use super::held::{give_back, handle};
use super::options::{WorkerEvent, WorkerOptions, WorkerReport};
use super::pulls::{Pulled, Pulls};
use super::reporter::in_background;
use super::starts;
use super::state::Worker;
use crate::error::{ConnectError, WorkerError};
use crate::link::Link;
use crate::names::Names;
use crate::pool::Pool;
use crate::roll_call::WorkerState;

/// The pause before the pool is opened again that the server does not seem to have.
const REOPEN_PAUSE: Duration = Duration::from_millis(500);

/// Returns the URL after the argument `--worker`, if this program was started with that.
///
/// For programs without a command line of their own: see the example of [`NatsExecutor`](crate::NatsExecutor).
pub fn worker_url() -> Option<String> {
    let mut arguments = std::env::args().skip(1);
    arguments.find(|argument| argument == "--worker")?;
    arguments.next()
}

/// Runs tasks of the registry that the server has for a pool, until the worker is to stop.
///
/// Blocks until SIGTERM or SIGINT, or the token of [`WorkerOptions::stop`]. Then it takes no more tasks, gives those back that have
/// not started, and waits for the running ones, at most for [`WorkerOptions::grace`]. A lost connection does not end it: running
/// tasks go on, and their results are sent when the connection is back.
///
/// A panic of a task is caught. A task that ends the process ends the worker: let a service manager start it again.
///
/// # Errors
/// [`WorkerError`], if the first connection cannot be made, or the system lacks what the worker needs.
pub fn run_worker(
    url: &str,
    registry: Registry,
    options: WorkerOptions,
) -> Result<WorkerReport, WorkerError> {
    let available = || thread::available_parallelism().map_or(1, usize::from);
    let count = options.threads.unwrap_or_else(available);
    let pool = ThreadPoolExecutor::builder().max_workers(count).build();
    let threads = pool.map_err(|error| match error {
        BuildError::NoWorkers => WorkerError::NoThreads,
        error => WorkerError::System(io::Error::other(error)),
    })?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(WorkerError::System)?;
    runtime.block_on(async {
        let names = Names::of(&options.connection.pool);
        let names = names.ok_or_else(|| {
            WorkerError::Connect(ConnectError::PoolName(options.connection.pool.clone()))
        })?;
        let stop = stopped(&options)?;
        let link = Link::connect(url, &options.connection).await;
        let link = link.map_err(WorkerError::Connect)?;
        let pool = Pool::open(&link, &names, &options.connection).await;
        let pool = pool.map_err(WorkerError::Connect)?;
        let worker = Worker::new(
            link,
            names,
            options.connection.clone(),
            Arc::new(registry),
            threads,
            count,
            pool.ack_wait(),
            options.run_limit,
            worker_name(),
            options.report.clone().map(in_background),
        );
        let running = Running {
            worker: Arc::new(worker),
            pool,
            count,
            tasks: JoinSet::new(),
            options: &options,
        };
        running.run(stop).await.map_err(WorkerError::Connect)
    })
}

/// Returns the name of a worker in this process: the host and the process id, as [`WorkerState::name`](crate::WorkerState::name)
/// shows it.
pub fn worker_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let host = host.unwrap_or_default();
    let host = match host.trim() {
        "" => "unknown",
        host => host,
    };
    format!("{host}:{}", std::process::id())
}

/// Returns a future that is ready when the worker is to stop. Watches for signals from now on.
fn stopped(options: &WorkerOptions) -> Result<impl Future<Output = ()> + use<>, WorkerError> {
    let token = options.stop.clone();
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};

        let watch = |kind| signal(kind).map_err(WorkerError::System);
        match token {
            Some(_) => None,
            None => Some((
                watch(SignalKind::terminate())?,
                watch(SignalKind::interrupt())?,
            )),
        }
    };
    Ok(async move {
        if let Some(token) = token {
            return token.cancelled().await;
        }
        #[cfg(unix)]
        if let Some((mut terminate, mut interrupt)) = signals {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// A worker that is connected.
struct Running<'o> {
    worker: Arc<Worker>,
    pool: Pool,
    count: usize,
    tasks: JoinSet<()>,
    options: &'o WorkerOptions,
}

impl Running<'_> {
    async fn run(mut self, stop: impl Future<Output = ()>) -> Result<WorkerReport, ConnectError> {
        let (worker, link) = (Arc::clone(&self.worker), self.worker.link.clone());
        let subscribe = |subject| async {
            let subscribed = link.client.subscribe(subject).await;
            subscribed.map_err(|error| ConnectError::jetstream(&link.url, &error))
        };
        let mut cancelled = subscribe(worker.names.cancelled()).await?;
        let mut roll_call = subscribe(worker.names.roll_call()).await?;
        let mut pulls = Pulls::new(self.count, link.client.new_inbox(), worker.ack_wait / 2);
        let mut pulled = subscribe(pulls.subject()).await?;
        let finished = &worker.finished;
        finished
            .acknowledge_again(&link, &worker.names, &self.pool.tasks.cached_info().state)
            .await;
        if let Err(message) = starts::open(&worker).await {
            worker.report_problem(message);
        }
        let mut changes = link.watch();
        let mut generation = link.state().generation;
        self.worker.report(&WorkerEvent::Ready {
            url: link.url.to_string(),
            pool: self.options.connection.pool.clone(),
            threads: self.count,
        });
        let mut stop = std::pin::pin!(stop);
        let mut reopens_at = None::<Instant>;
        loop {
            if reopens_at.is_some_and(|at| at <= Instant::now()) {
                reopens_at = None;
                self.open_pool().await;
            }
            if link.state().is_up {
                let average = worker.counts.average();
                let consumer = &self.pool.workers;
                pulls.request(consumer, self.tasks.len(), average).await;
            }
            tokio::select! {
                () = &mut stop => break,
                Some(message) = pulled.next() => {
                    let mut next = Some(message);
                    // All that are there, because many small tasks come at once.
                    while let Some(message) = next {
                        match pulls.note(&message, self.tasks.len()) {
                            Pulled::Task => self.take(message),
                            Pulled::Surplus => give_back(&worker, message.reply).await,
                            Pulled::Over => {}
                            // If the consumer was deleted, the server may not have removed its state yet.
                            Pulled::Failed => reopens_at = Some(Instant::now() + REOPEN_PAUSE),
                        }
                        next = pulled.next().now_or_never().flatten();
                    }
                }
                Some(ended) = self.tasks.join_next() => {
                    note_end(&worker, ended);
                    while let Some(ended) = self.tasks.try_join_next() {
                        note_end(&worker, ended);
                    }
                }
                Some(message) = cancelled.next() => {
                    if let Ok(what) = std::str::from_utf8(&message.payload) {
                        worker.cancel(what);
                    }
                }
                Some(message) = roll_call.next() => self.answer(message).await,
                Ok(()) = changes.changed() => {
                    let state = link.state();
                    if !state.is_up {
                        pulls.abandon();
                        self.worker.report(&WorkerEvent::Disconnected);
                    } else if state.generation != generation {
                        generation = state.generation;
                        // The server does not know of the requests of an earlier connection.
                        pulls.abandon();
                        self.worker.report(&WorkerEvent::Reconnected);
                        self.open_pool().await;
                    }
                }
                () = tokio::time::sleep_until(pulls.due().into()) => {}
            }
        }
        Ok(self.stop(pulls, pulled).await)
    }

    /// Begins to deal with a task.
    fn take(&mut self, message: Message) {
        let worker = Arc::clone(&self.worker);
        let context = worker.link.jetstream.clone();
        let message = jetstream::Message { message, context };
        self.tasks.spawn(handle(worker, message));
    }

    /// Opens the pool again, which the server may have lost.
    async fn open_pool(&mut self) {
        let worker = &self.worker;
        if let Ok(pool) = Pool::reopen(&worker.link, &worker.names, &worker.options).await {
            let finished = &worker.finished;
            finished
                .acknowledge_again(&worker.link, &worker.names, &pool.tasks.cached_info().state)
                .await;
            self.pool = pool;
        }
        // Tried again when a start is to be counted.
        let _ = starts::open(worker).await;
    }

    /// Answers who this worker is and what it does.
    async fn answer(&self, message: async_nats::Message) {
        let Some(reply_to) = message.reply else {
            return;
        };
        let (held, running) = self.worker.load();
        let counts = &self.worker.counts;
        let state = WorkerState {
            name: self.worker.name.clone(),
            threads: self.count,
            running,
            waiting: held.saturating_sub(running),
            done: counts.done.load(Ordering::Relaxed),
            failed: counts.failed.load(Ordering::Relaxed),
            busy_ms: counts.busy_us.load(Ordering::Relaxed) / 1000,
            up_ms: u64::try_from(counts.since.elapsed().as_millis()).unwrap_or(u64::MAX),
            tasks: self
                .worker
                .registry
                .tasks()
                .map(|task| task.to_string())
                .collect(),
        };
        if let Ok(json) = serde_json::to_vec(&state) {
            let _ = self.worker.link.client.publish(reply_to, json.into()).await;
        }
    }

    /// Waits for the running tasks, gives the others back, and disconnects.
    async fn stop(mut self, pulls: Pulls, pulled: Subscriber) -> WorkerReport {
        let (_, running) = self.worker.load();
        self.worker.report(&WorkerEvent::Stopping { running });
        let link = &self.worker.link;
        if link.state().is_up {
            let came = pulls.withdraw(&link.client, &self.pool.workers, pulled);
            for message in came.await {
                give_back(&self.worker, message.reply).await;
            }
        }
        self.worker.draining.cancel();
        let ended = async {
            while let Some(ended) = self.tasks.join_next().await {
                note_end(&self.worker, ended);
            }
        };
        let _ = tokio::time::timeout(self.options.grace, ended).await;
        let (_, abandoned) = self.worker.load();
        if abandoned > 0 {
            // Dropping the threads would wait for them.
            std::mem::forget(Arc::clone(&self.worker));
        }
        self.worker
            .threads
            .shutdown(Shutdown::no_wait().cancel_pending());
        let flush = self.worker.link.client.flush();
        let _ = tokio::time::timeout(Duration::from_secs(1), flush).await;
        let counts = &self.worker.counts;
        WorkerReport {
            done: counts.done.load(Ordering::Relaxed),
            failed: counts.failed.load(Ordering::Relaxed),
            abandoned,
        }
    }
}

/// Reports a panic of the worker itself. The message of the task is not acknowledged, so the task is delivered again.
fn note_end(worker: &Worker, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        worker.report_problem(format!("the worker panicked: {error}"));
    }
}
