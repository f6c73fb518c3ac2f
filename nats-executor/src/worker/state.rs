//! What all parts of a worker share.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use concurrent_futures::{Registry, ThreadPoolExecutor};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::context::TaskContext;
use super::options::{Report, WorkerEvent};
use crate::link::Link;
use crate::names::{Id, Names};
use crate::options::NatsOptions;

/// The number of cancelled tasks that are remembered, for tasks that arrive after the message that cancels them.
const REMEMBERED: usize = 10_000;

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
    /// Held by a task that was delivered before: if it is what ends workers, it ends no other such task with this one.
    pub(super) alone: Arc<Semaphore>,
    pub(super) counts: Counts,
    report: Option<Report>,
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

#[derive(Default)]
struct Held {
    tasks: HashMap<Id, Vec<Arc<TaskContext>>>,
    cancelled: HashSet<String>,
    order: VecDeque<String>,
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
            counts: Counts::new(),
            report,
            held: Mutex::default(),
        }
    }

    pub(super) fn report(&self, event: &WorkerEvent) {
        if let Some(report) = &self.report {
            report(event);
        }
    }

    /// Reports why a task cannot be dealt with now.
    pub(super) fn report_problem(&self, message: String) {
        self.report(&WorkerEvent::Problem { message });
    }

    /// Notes that the worker has a task. Returns its context, or `None` if it is cancelled.
    pub(super) fn hold(&self, id: &Id) -> Option<Arc<TaskContext>> {
        let mut held = self.held();
        if held.cancelled.contains(&id.to_string()) || held.cancelled.contains(&id.executor) {
            return None;
        }
        let context = Arc::new(TaskContext::default());
        let contexts = held.tasks.entry(id.clone()).or_default();
        contexts.push(Arc::clone(&context));
        Some(context)
    }

    /// Notes that the worker does not have the task any more.
    pub(super) fn release(&self, id: &Id, context: &Arc<TaskContext>) {
        let mut held = self.held();
        if let Some(contexts) = held.tasks.get_mut(id) {
            contexts.retain(|other| !Arc::ptr_eq(other, context));
            if contexts.is_empty() {
                held.tasks.remove(id);
            }
        }
    }

    /// Notes that a task is cancelled, or all tasks of an executor.
    pub(super) fn cancel(&self, what: &str) {
        let mut held = self.held();
        for (id, contexts) in &held.tasks {
            if id.executor == what || id.to_string() == what {
                contexts.iter().for_each(|context| context.cancel());
            }
        }
        if held.cancelled.insert(what.to_owned()) {
            held.order.push_back(what.to_owned());
        }
        if held.order.len() > REMEMBERED
            && let Some(oldest) = held.order.pop_front()
        {
            held.cancelled.remove(&oldest);
        }
    }

    /// Returns the number of tasks in the worker, and of those that run.
    pub(super) fn load(&self) -> (usize, usize) {
        let held = self.held();
        let contexts = held.tasks.values().flatten();
        let running = contexts.filter(|context| context.silent_for().is_some());
        let running = running.count();
        (held.tasks.len(), running)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
