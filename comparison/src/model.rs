//! The neutral values that a program hands over. Times are milliseconds.

/// Runs of the same work, and what a reader has to know of them.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The heading of the page.
    pub title: String,
    /// How it was measured: names with their values, in the order in which they are shown.
    pub facts: Vec<(&'static str, String)>,
    /// The words of the program for what it compares.
    pub terms: &'static Terms,
    /// The runs, in the order in which they took place.
    pub runs: Vec<Run>,
}

/// The words of a program for what it compares, in lower case and in the singular. An `s` makes the plural.
#[derive(Debug)]
pub struct Terms {
    /// What distinguishes the series: `strategy`.
    pub series: &'static str,
    /// The labels of series in the order in which they are shown. Labels that are not listed come first, in the order of
    /// their first runs.
    pub labels: &'static [&'static str],
    /// What bounds how many tasks run at once: `connection`.
    pub slot: &'static str,
    /// What a task does: `download`.
    pub task: &'static str,
    /// What a task is named by: `code`.
    pub name: &'static str,
    /// When a task is in flight, in a sentence.
    pub in_flight: &'static str,
    /// The phases that occur, in the order of the legend.
    pub phases: &'static [PhaseTerms],
}

/// The words for one kind of phase.
#[derive(Debug)]
pub struct PhaseTerms {
    /// The kind.
    pub kind: PhaseKind,
    /// Its name in the details of a task.
    pub name: &'static str,
    /// Its explanation in the legend.
    pub legend: &'static str,
}

/// One run: all tasks once.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The series it belongs to, together with `slots`: `semaphore`.
    pub label: String,
    /// How many tasks could run at once; at least 1.
    pub slots: usize,
    /// The round, from 1, where there were several.
    pub round: Option<u32>,
    /// The signal that ended it early. Such a run is shown, but not part of any series.
    pub ended_by: Option<String>,
    /// From the start to the end of its last task.
    pub elapsed_ms: f64,
    /// Processor time, including the system's, where it is known.
    pub cpu_ms: Option<f64>,
    /// Peak memory in bytes, where it is known.
    pub peak_memory: Option<u64>,
    /// The most tasks in flight at the same moment as measured from outside, where that is known.
    pub peak_in_flight: Option<usize>,
    /// The tasks; each has a name of its own within the run.
    pub tasks: Vec<Task>,
}

/// One task of a run: a row of its waterfall.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its name, the same in all runs: `BR`.
    pub name: String,
    /// The worker or slot that ran it, from 0. None for a task that was not attempted.
    pub lane: Option<usize>,
    /// How it ended.
    pub outcome: Outcome,
    /// The reason, of an error.
    pub message: Option<String>,
    /// Where its time went, from the start of the run: each phase begins where the one before it ends. Begins with a queue
    /// phase, which may be of no length. Empty for a task that was not attempted.
    pub phases: Vec<Phase>,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// As it should.
    Ok,
    /// There was nothing to do it with.
    NotFound,
    /// It failed.
    Error,
    /// It never started.
    NotAttempted,
}

/// One stretch of the time of a task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// What it was spent on.
    pub kind: PhaseKind,
    /// How long it took.
    pub ms: f64,
}

/// What a stretch of time was spent on. Each kind is drawn in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseKind {
    /// Waiting for a slot. Not part of the service time.
    Queue,
    /// Attempts before the last one.
    Earlier,
    /// Pauses between attempts. Not part of the service time.
    Pause,
    /// Waiting for something else: for an answer.
    Waiting,
    /// The work itself: reading a body.
    Body,
    /// Putting the result where it belongs.
    Save,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Ok, Self::NotFound, Self::Error, Self::NotAttempted];

    /// Returns the class of the outcome in pages and pictures.
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
    /// Returns the class of the phase in pages and pictures.
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
    /// Returns the name of a phase; one that the program has no words for is called by its class.
    pub(crate) fn phase_name(&self, kind: PhaseKind) -> &'static str {
        let terms = self.phases.iter().find(|terms| terms.kind == kind);
        terms.map_or(kind.class(), |terms| terms.name)
    }
}
