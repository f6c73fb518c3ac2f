//! What all parts of a worker share.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::Subject;
use concurrent_futures::{Registry, ThreadPoolExecutor};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::context::TaskContext;
use super::options::{Report, WorkerEvent};
use super::recent::Recent;
use crate::link::Link;
use crate::names::{Id, Names};
use crate::options::NatsOptions;
use crate::pool::Finished;

/// The number of cancelled tasks that are remembered, for tasks that arrive after the message that cancels them.
const CANCELLED: usize = 10_000;

/// The number of tasks with a result that are remembered, for deliveries that cross their acknowledgement.
const ENDED: usize = 2_000;

/// The time between two reports of problems. A server that refuses results refuses them all.
const PROBLEM_PAUSE: Duration = Duration::from_secs(5);

/// A worker.
pub(super) struct Worker {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) options: NatsOptions,
    pub(super) registry: Arc<Registry>,
    pub(super) threads: ThreadPoolExecutor,
    /// How long the server waits for a sign of life.
    pub(super) ack_wait: Duration,
    pub(super) run_limit: Option<Duration>,
    /// The name that errors and the status show.
    pub(super) name: String,
    /// Cancelled when tasks that have not started are to be given back.
    pub(super) draining: CancellationToken,
    /// Held by a task that was started several times without an end: if it is what ends workers, it ends no other such task with
    /// this one.
    pub(super) alone: Arc<Semaphore>,
    /// Permits to have the content of a large task in memory.
    pub(super) large: Arc<Semaphore>,
    pub(super) counts: Counts,
    pub(super) finished: Finished,
    report: Option<Report>,
    problems: Mutex<Problems>,
    held: Mutex<Held>,
}

/// What the worker has done so far.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) since: Instant,
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
    /// The time that tasks took in the threads, in microseconds.
    pub(super) busy_us: AtomicU64,
    /// The average of recent run times, in nanoseconds; 0 until a task has ended.
    average_ns: AtomicU64,
}

/// The problems that were reported, and that were not.
#[derive(Debug, Default)]
struct Problems {
    last: Option<Instant>,
    unreported: u64,
}

struct Held {
    tasks: HashMap<Id, Arc<HeldTask>>,
    cancelled: Recent<String>,
    ended: Recent<Id>,
}

/// A task that the worker has.
#[derive(Debug)]
pub(super) struct HeldTask {
    pub(super) context: Arc<TaskContext>,
    /// Where its last delivery is acknowledged.
    delivery: Mutex<Subject>,
    /// Whether the server has a count of its starts.
    pub(super) is_counted: AtomicBool,
}

/// What a delivery is.
#[derive(Debug)]
pub(super) enum Delivery {
    /// A task that the worker does not have.
    New(Arc<HeldTask>),
    /// A task that the worker has already.
    Again(Arc<HeldTask>),
    /// A task whose result this worker has had stored.
    Ended,
}

impl HeldTask {
    /// Returns where the task is acknowledged.
    pub(super) fn delivery(&self) -> Subject {
        let delivery = self.delivery.lock();
        delivery.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether the task has run for longer than `limit` without progress.
    pub(super) fn is_stuck(&self, limit: Option<Duration>) -> bool {
        limit.is_some_and(|limit| self.context.silent_for() > Some(limit))
    }
}

impl Counts {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            busy_us: AtomicU64::new(0),
            average_ns: AtomicU64::new(0),
        }
    }

    /// Notes that a task has taken this long.
    pub(super) fn ran_for(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.busy_us.fetch_add(ns / 1000, Ordering::Relaxed);
        let old = self.average_ns.load(Ordering::Relaxed);
        let new = if old == 0 { ns } else { old - old / 8 + ns / 8 };
        self.average_ns.store(new.max(1), Ordering::Relaxed);
    }

    /// Returns the average of recent run times, if a task has ended.
    pub(super) fn average(&self) -> Option<Duration> {
        let ns = self.average_ns.load(Ordering::Relaxed);
        (ns > 0).then(|| Duration::from_nanos(ns))
    }
}

impl Worker {
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a worker, once each"
    )]
    pub(super) fn new(
        link: Link,
        names: Names,
        options: NatsOptions,
        registry: Arc<Registry>,
        threads: ThreadPoolExecutor,
        count: usize,
        ack_wait: Duration,
        run_limit: Option<Duration>,
        name: String,
        report: Option<Report>,
    ) -> Self {
        Self {
            link,
            names,
            options,
            registry,
            threads,
            ack_wait,
            run_limit,
            name,
            draining: CancellationToken::new(),
            alone: Arc::new(Semaphore::new(1)),
            large: Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))),
            counts: Counts::new(),
            finished: Finished::default(),
            report,
            problems: Mutex::default(),
            held: Mutex::new(Held {
                tasks: HashMap::new(),
                cancelled: Recent::new(CANCELLED),
                ended: Recent::new(ENDED),
            }),
        }
    }

    pub(super) fn report(&self, event: &WorkerEvent) {
        match &self.report {
            Some(report) => {
                // The panic has been printed. The tasks are not to blame.
                let _ = catch_unwind(AssertUnwindSafe(|| report(event)));
            }
            None if matches!(event, WorkerEvent::Problem { .. }) => {
                // There is no other place to report it.
                let _ = writeln!(io::stderr(), "worker {}: {event}", self.name);
            }
            None => {}
        }
    }

    /// Reports why a task cannot be dealt with now, unless there was such a report just now.
    pub(super) fn report_problem(&self, mut message: String) {
        {
            let problems = self.problems.lock();
            let mut problems = problems.unwrap_or_else(PoisonError::into_inner);
            let last = problems.last.map(|last| last.elapsed());
            if last.is_some_and(|last| last < PROBLEM_PAUSE) {
                problems.unreported += 1;
                return;
            }
            problems.last = Some(Instant::now());
            let unreported = std::mem::take(&mut problems.unreported);
            if unreported > 0 {
                message = format!("{message} (and {unreported} such problems before)");
            }
        }
        self.report(&WorkerEvent::Problem { message });
    }

    /// Notes a delivery, which is acknowledged at `reply_to`.
    pub(super) fn hold(&self, id: &Id, reply_to: Subject) -> Delivery {
        let mut held = self.held();
        if let Some(task) = held.tasks.get(id) {
            let task = Arc::clone(task);
            *task.delivery.lock().unwrap_or_else(PoisonError::into_inner) = reply_to;
            return Delivery::Again(task);
        }
        if held.ended.contains(id) {
            return Delivery::Ended;
        }
        let task = Arc::new(HeldTask {
            context: Arc::default(),
            delivery: Mutex::new(reply_to),
            is_counted: AtomicBool::new(false),
        });
        if held.cancelled.contains(&id.to_string()) || held.cancelled.contains(&id.executor) {
            task.context.cancel();
        }
        held.tasks.insert(id.clone(), Arc::clone(&task));
        Delivery::New(task)
    }

    /// Notes that the worker does not have the task any more, because it has a result or another worker is to have it.
    pub(super) fn release(&self, id: &Id, has_result: bool) {
        let mut held = self.held();
        held.tasks.remove(id);
        if has_result {
            held.ended.insert(id.clone());
        }
    }

    /// Notes that a task is cancelled, or all tasks of an executor.
    pub(super) fn cancel(&self, what: &str) {
        let mut held = self.held();
        for (id, task) in &held.tasks {
            if id.executor == what || id.to_string() == what {
                task.context.cancel();
            }
        }
        held.cancelled.insert(what.to_owned());
    }

    /// Returns the number of tasks in the worker, and of those that run.
    pub(super) fn load(&self) -> (usize, usize) {
        let held = self.held();
        let tasks = held.tasks.values();
        let running = tasks.filter(|task| task.context.silent_for().is_some());
        let running = running.count();
        (held.tasks.len(), running)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
