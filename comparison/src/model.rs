//! The values that a program passes to this crate. They know nothing of what the tasks do. Times are milliseconds.

use std::collections::BTreeMap;

/// Runs of the same work, with the facts and words that a reader needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The heading of the page.
    pub title: String,
    /// How the runs were measured: names with their values, in display order.
    pub facts: Vec<(&'static str, String)>,
    /// The program's words for what it compares.
    pub terms: &'static Terms,
    /// What the names of tasks stand for, by name, such as `Brazil` for `BR`. Names that need no explanation are missing.
    pub descriptions: BTreeMap<String, String>,
    /// The runs, in the order in which they took place.
    pub runs: Vec<Run>,
}

/// A program's words for what it compares, in lower case and in the singular. The plural is the regular one.
#[derive(Debug, PartialEq, Eq)]
pub struct Terms {
    /// The noun for what distinguishes the series, such as `strategy`.
    pub series: &'static str,
    /// The labels of the series in display order. Labels that are not listed come first, in the order of their first
    /// runs.
    pub labels: &'static [&'static str],
    /// The noun for what limits how many tasks run at once, such as `connection`.
    pub slot: &'static str,
    /// The noun for a task, such as `download`.
    pub task: &'static str,
    /// The noun for the name of a task, such as `code`.
    pub name: &'static str,
    /// A sentence that says when a task is in flight.
    pub in_flight: &'static str,
    /// Whether a task can end as not found. If it cannot, no column counts such tasks.
    pub not_found: bool,
    /// The words for the largest number of tasks in flight as measured outside the runs. If it is not measured, no column shows
    /// it.
    pub peak_in_flight: Option<PeakTerms>,
    /// Whether the lanes of the tasks are to be drawn, with a row each.
    pub lanes: bool,
    /// The phases that can occur, in the order of the legend.
    pub phases: &'static [PhaseTerms],
    /// A sentence that says how the lanes were assigned, if they are not those that ran the tasks.
    pub lane_note: Option<&'static str>,
}

/// The program's words for the largest number of tasks in flight as measured outside the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeakTerms {
    /// The heading of the column. It must not be "in flight": the chart of that name shows what the runs themselves measured.
    pub column: &'static str,
    /// Sentences that say what is counted, why it may be less than what the runs measured, and when it is unknown.
    pub explanation: &'static str,
}

/// The program's words for one kind of phase.
#[derive(Debug, PartialEq, Eq)]
pub struct PhaseTerms {
    /// The kind of phase that the words are for.
    pub kind: PhaseKind,
    /// The name of the phase in the details of a task.
    pub name: &'static str,
    /// The explanation of the phase in the legend.
    pub legend: &'static str,
}

/// One run, in which each task is attempted at most once.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Run {
    /// The label, such as `semaphore`. Together with `slots` it identifies the series of the run.
    pub label: String,
    /// The limit on how many tasks run at once; at least 1.
    pub slots: usize,
    /// The number of the round, from 1; `None` if there was only one.
    pub round: Option<u32>,
    /// The name of the signal that ended the run early. Such a run is drawn, but is not part of a series.
    pub ended_by: Option<String>,
    /// The time from the start of the run to the end of its last task, in milliseconds.
    pub elapsed_ms: f64,
    /// User and system CPU time in milliseconds, if known.
    pub cpu_ms: Option<f64>,
    /// Peak memory in bytes, if known.
    pub peak_memory: Option<u64>,
    /// The largest number of tasks in flight at once, as measured outside the run, if known.
    pub peak_in_flight: Option<usize>,
    /// The tasks. Their names differ within the run.
    pub tasks: Vec<Task>,
}

/// One task of a run, drawn as one row of its waterfall.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// The name, such as `BR`, which is the same in all runs.
    pub name: String,
    /// The worker or slot that ran the task, from 0; `None` if the task was not attempted.
    pub lane: Option<usize>,
    /// How the task ended.
    pub outcome: Outcome,
    /// The reason, if the outcome is an error.
    pub message: Option<String>,
    /// The phases of the task, from the start of the run; each begins where the previous one ends. The first is a queue
    /// phase, which may have zero length. Empty if the task was not attempted.
    pub phases: Vec<Phase>,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// The task succeeded.
    Ok,
    /// The object of the task does not exist.
    NotFound,
    /// The task failed.
    Error,
    /// The task never started.
    NotAttempted,
}

/// One stretch of a task's time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Phase {
    /// The kind of phase.
    pub kind: PhaseKind,
    /// The length of the phase, in milliseconds.
    pub ms: f64,
}

/// The kind of a phase. Each kind is drawn differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum PhaseKind {
    /// Waiting for a slot. Not part of the service time.
    Queue,
    /// Attempts before the last one.
    Earlier,
    /// Pauses between attempts. Not part of the service time.
    Pause,
    /// Waiting for something else, such as an answer.
    Waiting,
    /// The work itself, such as reading a body.
    Body,
    /// Saving the result.
    Save,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Ok, Self::NotFound, Self::Error, Self::NotAttempted];

    /// Returns the CSS class of the outcome in pages and pictures.
    ///
    /// ```
    /// assert_eq!(comparison::Outcome::NotFound.class(), "not_found");
    /// ```
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Error => "error",
            Self::NotAttempted => "not_attempted",
        }
    }

    /// Returns the outcome in words.
    ///
    /// ```
    /// assert_eq!(comparison::Outcome::NotFound.words(), "not found");
    /// ```
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not found",
            Self::Error => "error",
            Self::NotAttempted => "not attempted",
        }
    }
}

impl PhaseKind {
    /// Returns the CSS class of the phase in pages and pictures.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Earlier => "earlier",
            Self::Pause => "pause",
            Self::Waiting => "waiting",
            Self::Body => "body",
            Self::Save => "save",
        }
    }
}

impl Terms {
    /// Returns the program's name for a phase, or the CSS class if the program has none.
    pub(crate) fn phase_name(&self, kind: PhaseKind) -> &'static str {
        let terms = self.phases.iter().find(|terms| terms.kind == kind);
        terms.map_or(kind.class(), |terms| terms.name)
    }
}
