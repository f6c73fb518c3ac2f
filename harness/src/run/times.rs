//! When the tasks of a run ran, and what all of them took.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use comparison::{Outcome, Phase, PhaseKind};
use program::{Resources, cpu_ms_of_ended_children};

use crate::series::{ExecutorKind, Series};
use crate::timed::{Timing, Worker};

/// What a run took.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTotals {
    /// The executor and its workers. Those on other machines are at least as many as ran a task.
    pub series: Series,
    /// The time from the start of the executor to the last result, in milliseconds.
    pub elapsed_ms: f64,
    /// The user and system processor time of this process so far and of the worker processes, in milliseconds, if known.
    pub cpu_ms: Option<f64>,
    /// The peak memory of this process plus those of the worker processes, in bytes, if it was measured.
    pub peak_memory: Option<u64>,
    /// The timings of the tasks that ended, by their position. Times count from the start of the run.
    timings: HashMap<usize, TaskTime>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct TaskTime {
    lane: usize,
    began_ms: f64,
    ended_ms: f64,
}

/// When tasks ran, and on which workers.
pub(crate) struct Times {
    series: Series,
    began_ns: u64,
    /// When the last result came.
    pub(crate) last_ns: u64,
    lanes: HashMap<Worker, usize>,
    /// The peak of each worker process.
    memory: HashMap<u32, u64>,
    timings: HashMap<usize, TaskTime>,
}

impl Times {
    pub(crate) fn new(series: Series, began_ns: u64) -> Self {
        Self {
            series,
            began_ns,
            last_ns: began_ns,
            lanes: HashMap::new(),
            memory: HashMap::new(),
            timings: HashMap::new(),
        }
    }

    /// Notes the task at this position, whose result has just arrived.
    pub(crate) fn note(&mut self, index: usize, timing: &Timing) {
        let next = self.lanes.len();
        let lane = *self.lanes.entry(timing.worker).or_insert(next);
        let since_start = |ns: u64| ns.saturating_sub(self.began_ns) as f64 / 1e6;
        // Another machine has another clock.
        let (began, ended) = match self.series.executor() {
            ExecutorKind::Nats => {
                let took = timing.ended_ns.saturating_sub(timing.began_ns);
                (self.last_ns.saturating_sub(took), self.last_ns)
            }
            _ => (timing.began_ns, timing.ended_ns),
        };
        let time = TaskTime {
            lane,
            began_ms: since_start(began),
            ended_ms: since_start(ended),
        };
        self.timings.insert(index, time);
        if let Some(peak) = timing.peak_memory {
            let known = self.memory.entry(timing.worker.pid).or_default();
            *known = peak.max(*known);
        }
    }

    pub(crate) fn totals(self, measures_memory: bool) -> RunTotals {
        let is_measured = measures_memory && self.series.executor() != ExecutorKind::Nats;
        let own = is_measured.then(Resources::of_this_process).flatten();
        let mut series = self.series;
        if series.executor() == ExecutorKind::Nats {
            // Workers may have come after they were counted.
            let seen = self.lanes.len().max(series.workers());
            series = Series::new(ExecutorKind::Nats, NonZeroUsize::new(seen));
        }
        RunTotals {
            series,
            elapsed_ms: self.last_ns.saturating_sub(self.began_ns) as f64 / 1e6,
            cpu_ms: own
                .zip(cpu_ms_of_ended_children())
                .map(|(own, children)| own.cpu_ms + children),
            peak_memory: own
                .and_then(|own| own.peak_memory)
                .map(|own| own + self.memory.values().sum::<u64>()),
            timings: self.timings,
        }
    }
}

/// Returns a run for a comparison. `tasks` are the names of all tasks with their outcomes and messages, by their position.
pub fn named_run(
    totals: &RunTotals,
    tasks: impl IntoIterator<Item = (String, Outcome, Option<String>)>,
) -> comparison::Run {
    let tasks = tasks.into_iter().enumerate().map(|(index, task)| {
        let (name, outcome, message) = task;
        let time = totals.timings.get(&index);
        let phases = time.map_or_else(Vec::new, |time| {
            let phase = |kind, ms| Phase { kind, ms };
            vec![
                phase(PhaseKind::Queue, time.began_ms),
                phase(PhaseKind::Body, time.ended_ms - time.began_ms),
            ]
        });
        comparison::Task {
            name,
            lane: time.map(|time| time.lane),
            outcome,
            message,
            phases,
        }
    });
    comparison::Run {
        label: totals.series.executor().name().to_owned(),
        slots: totals.series.workers(),
        round: None,
        ended_by: None,
        elapsed_ms: totals.elapsed_ms,
        cpu_ms: totals.cpu_ms,
        peak_memory: totals.peak_memory,
        peak_in_flight: None,
        tasks: tasks.collect(),
    }
}
