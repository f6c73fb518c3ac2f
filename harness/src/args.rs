//! The command-line options that select a run or a comparison, for every program that runs its tasks on a choice of executors.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::compare::Plan;
use crate::report::ReportFormat;
use crate::series::{ExecutorKind, Series};

const EXECUTOR_HELP: &str = if cfg!(feature = "nats") {
    "sequential, threads, processes or nats; with --compare, several separated by commas [default: threads; with --nats: nats; with --compare: all]"
} else {
    "sequential, threads or processes; with --compare, several separated by commas [default: threads; with --compare: all]"
};

const WORKERS_HELP: &str = if cfg!(feature = "nats") {
    "Number of workers [default: the number of processors; sequential: always 1]; with --worker: number of tasks at once"
} else {
    "Number of workers [default: the number of processors; sequential: always 1]"
};

/// The options, to be flattened into those of a program.
#[derive(Debug, Clone, clap::Args)]
pub struct SeriesArgs {
    #[arg(long, value_name = "EXECUTOR", value_delimiter = ',', value_parser = executor, help = EXECUTOR_HELP)]
    executor: Vec<ExecutorKind>,

    #[arg(short = 'j', long, value_name = "N", value_parser = at_least_one, help = WORKERS_HELP)]
    workers: Option<NonZeroUsize>,

    /// Run each executor in its own process, one after another, and compare them
    #[arg(long)]
    compare: bool,

    /// With --compare: numbers of workers to compare, such as 1,2,4
    #[arg(long, value_name = "WORKERS", value_delimiter = ',', value_parser = at_least_one)]
    at: Vec<NonZeroUsize>,

    /// With --compare: number of rounds in which each executor runs once [default: short runs are repeated until their noise is known]
    #[arg(long, value_name = "N", value_parser = rounds)]
    rounds: Option<u32>,

    /// With --compare: number of warm-up rounds, which are not measured [default: 1]
    #[arg(long, value_name = "N")]
    warmup: Option<u32>,

    #[arg(long, value_name = "FILE", help = report_help())]
    report: Vec<PathBuf>,
}

/// A run or a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// One run.
    Run(Series),
    /// Several runs side by side.
    Compare(Plan),
}

impl Mode {
    /// Returns whether any run needs workers on other machines.
    pub fn needs_cluster(&self) -> bool {
        let is_nats = |series: &Series| series.executor() == ExecutorKind::Nats;
        match self {
            Self::Run(series) => is_nats(series),
            Self::Compare(plan) => plan.series.iter().any(is_nats),
        }
    }

    /// Sets the number of threads of all workers on other machines.
    pub fn set_cluster_workers(&mut self, workers: NonZeroUsize) {
        let series = match self {
            Self::Run(series) => std::slice::from_mut(series),
            Self::Compare(plan) => &mut plan.series[..],
        };
        for series in series {
            if series.executor() == ExecutorKind::Nats {
                *series = Series::new(ExecutorKind::Nats, Some(workers));
            }
        }
    }
}

/// The message of options that cannot be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl SeriesArgs {
    /// Returns the mode that the options select.
    ///
    /// # Errors
    /// If options are used together that exclude each other, or the suffix of a report is unknown.
    pub fn mode(&self) -> Result<Mode, Invalid> {
        self.mode_with(false)
    }

    /// The same as [`mode`](Self::mode), for a program whose tasks may run on other machines. `has_cluster` is whether their
    /// server is given.
    ///
    /// # Errors
    /// Those of [`mode`](Self::mode), and if only one of the executor and its server is given.
    pub fn mode_with(&self, has_cluster: bool) -> Result<Mode, Invalid> {
        let names_nats = self.executor.contains(&ExecutorKind::Nats);
        let only_nats = match self.executor.is_empty() {
            true => has_cluster && !self.compare,
            false => self.executor.iter().all(|&kind| kind == ExecutorKind::Nats),
        };
        let cluster = [
            (
                names_nats && !has_cluster,
                "--executor nats needs --nats URL",
            ),
            (
                has_cluster && !self.executor.is_empty() && !names_nats,
                "--nats URL cannot be used without the executor nats",
            ),
            (
                only_nats && (self.workers.is_some() || !self.at.is_empty()),
                "the number of workers cannot be set for nats: each worker brings its own",
            ),
        ];
        if let Some((_, message)) = cluster.iter().find(|(is_wrong, _)| *is_wrong) {
            return Err(Invalid((*message).to_owned()));
        }
        let compared = [(
            self.workers.is_some() && !self.at.is_empty(),
            "--at WORKERS cannot be used with --workers N",
        )];
        let single = [
            (self.executor.len() > 1, "several executors need --compare"),
            (!self.at.is_empty(), "--at WORKERS needs --compare"),
            (self.rounds.is_some(), "--rounds N needs --compare"),
            (self.warmup.is_some(), "--warmup N needs --compare"),
        ];
        let wrong = if self.compare { &compared[..] } else { &single };
        if let Some((_, message)) = wrong.iter().find(|(is_wrong, _)| *is_wrong) {
            return Err(Invalid((*message).to_owned()));
        }
        if let Some(path) = self
            .report
            .iter()
            .find(|path| ReportFormat::of(path).is_none())
        {
            let suffixes = ReportFormat::SUFFIXES;
            let path = path.display();
            return Err(Invalid(format!(
                "--report FILE must end in {suffixes}, not '{path}'"
            )));
        }
        if !self.compare {
            let executor = self.executor.first().copied();
            let executor = executor.unwrap_or(match has_cluster {
                true => ExecutorKind::Nats,
                false => ExecutorKind::Threads,
            });
            return Ok(Mode::Run(Series::new(executor, self.workers)));
        }
        let mut executors = match &self.executor[..] {
            [] => ExecutorKind::ALL.to_vec(),
            some => some.to_vec(),
        };
        if has_cluster && !names_nats {
            executors.push(ExecutorKind::Nats);
        }
        let workers: Vec<_> = match &self.at[..] {
            [] => vec![self.workers],
            some => some.iter().copied().map(Some).collect(),
        };
        let mut series = Vec::new();
        for executor in executors {
            for &workers in &workers {
                // Its workers are counted before the run.
                let workers = workers.filter(|_| executor != ExecutorKind::Nats);
                let one = Series::new(executor, workers);
                if !series.contains(&one) {
                    series.push(one);
                }
            }
        }
        Ok(Mode::Compare(Plan {
            series,
            rounds: self.rounds,
            warmup: self.warmup.unwrap_or(1),
        }))
    }

    /// Returns the value of `--workers`.
    pub fn workers(&self) -> Option<NonZeroUsize> {
        self.workers
    }

    /// Returns the files of `--report`.
    pub fn reports(&self) -> &[PathBuf] {
        &self.report
    }
}

/// Returns the help text of `--report`.
fn report_help() -> String {
    format!(
        "Write a report to a file ending in {}; may be repeated",
        ReportFormat::SUFFIXES
    )
}

fn executor(text: &str) -> Result<ExecutorKind, String> {
    let has_nats = cfg!(feature = "nats");
    let names = match has_nats {
        true => &ExecutorKind::NAMES[..],
        false => &ExecutorKind::NAMES[..ExecutorKind::ALL.len()],
    };
    match ExecutorKind::by_name(text) {
        Some(ExecutorKind::Nats) if !has_nats => {
            Err("needs a program that was built with `--features nats`".to_owned())
        }
        Some(kind) => Ok(kind),
        None => Err(format!("must be one of {}", names.join(", "))),
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "must be a whole number >= 1")
}

fn rounds(text: &str) -> Result<u32, &'static str> {
    let number: NonZeroUsize = at_least_one(text)?;
    u32::try_from(number.get()).map_err(|_| "is too large")
}
