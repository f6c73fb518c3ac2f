//! The mode of the program: one run, a comparison, or one run of a comparison. Checks which options each mode allows.

use std::num::NonZeroUsize;

use crate::cli::args::Args;
#[cfg(feature = "nats")]
use crate::cli::nats::Role;
#[cfg(feature = "nats")]
use crate::cli::values::ExecutorKind;
use crate::cli::values::{List, at_least_one};
use crate::run::input::Input;
use crate::strategy::Strategy;

/// The mode of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One run.
    Run {
        /// The strategy and the connection limit.
        series: Series,
        /// Whether a complete flag that is already there is kept instead of downloaded.
        skip_existing: bool,
    },
    /// Several runs, shown side by side.
    Compare(Compare),
    /// One run of a comparison, in its own process. It prints its report for the comparing process, which prints
    /// everything else.
    ComparedRun(Series),
}

/// A strategy with its connection limit: what distinguishes the runs of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Series {
    /// The strategy.
    pub(crate) strategy: Strategy,
    /// The connection limit: the requested one, bounded by the strategy's cap and by the number of items.
    pub(crate) connections: NonZeroUsize,
}

/// The settings of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compare {
    /// Each series once, in the order of the first round.
    pub(crate) series: Vec<Series>,
    /// How often each series runs, at least once; `None` if short runs are repeated until their noise is known.
    pub(crate) rounds: Option<u32>,
    /// The number of warm-up rounds, which are not measured.
    pub(crate) warmup: u32,
}

impl Mode {
    /// Returns the mode selected by the options for this many items. `max_req` is the checked value of `--max_req`.
    ///
    /// # Errors
    /// If a limit of `--at` is less than 1.
    pub(super) fn new(
        args: &Args,
        max_req: Option<NonZeroUsize>,
        items: usize,
    ) -> Result<Self, &'static str> {
        let strategies = match (&args.strategy, args.compare) {
            (None, false) => vec![Strategy::Semaphore],
            (None, true) => Strategy::ALL.to_vec(),
            (Some(List(strategies)), _) => strategies.clone(),
        };
        let limits = match &args.at {
            None => vec![max_req],
            Some(List(limits)) => {
                let limits = limits.iter().map(|&limit| at_least_one(limit).map(Some));
                let limits: Option<Vec<_>> = limits.collect();
                limits.ok_or("--at LIMITS must be >= 1")?
            }
        };
        let mut series = Vec::new();
        for &strategy in &strategies {
            for &limit in &limits {
                let one = Series::new(strategy, limit, items);
                if !series.contains(&one) {
                    series.push(one);
                }
            }
        }
        Ok(if args.compare {
            Self::Compare(Compare {
                series,
                rounds: args.rounds,
                warmup: args.warmup.unwrap_or(0),
            })
        } else if args.compared_run {
            Self::ComparedRun(series[0])
        } else {
            Self::Run {
                series: series[0],
                skip_existing: args.skip_existing,
            }
        })
    }
}

impl Series {
    /// Returns a series for this many items. Without `limit`, the default limit of the strategy applies.
    fn new(strategy: Strategy, limit: Option<NonZeroUsize>, items: usize) -> Self {
        let limit = limit.unwrap_or(strategy.default_limit());
        let items = NonZeroUsize::new(items).unwrap_or(NonZeroUsize::MIN);
        Self {
            strategy,
            connections: limit.min(strategy.cap()).min(items),
        }
    }
}

/// Checks that codes are selected in one way only.
pub(super) fn check_codes(args: &Args) -> Result<(), &'static str> {
    let has_codes = args.all || args.every || !args.cc.is_empty();
    first_wrong(&[
        (
            args.input.is_some() && has_codes,
            "--input FILE cannot be used with CC, --all or --every",
        ),
        (
            args.failed.is_some() && has_codes,
            "--failed FILE cannot be used with CC, --all or --every",
        ),
    ])
}

/// Checks the options that are allowed only with a list, or only without one.
pub(super) fn check_list(args: &Args, list: Option<&Input>) -> Result<(), &'static str> {
    let without = [
        (args.allow_unframed, "--allow-unframed needs --input FILE"),
        (args.keep_paths, "--keep-paths needs --input FILE"),
    ];
    let is_stream = list.is_some_and(|list| list.contents.is_none());
    let listed = [
        (
            args.server.is_some(),
            "--server LABEL cannot be used with a list: each line has its own",
        ),
        (
            args.compare && is_stream,
            "--compare reads the list once for each run: --input FILE must be a regular file",
        ),
        (
            args.compare && args.keep_paths,
            "--keep-paths cannot be used with --compare",
        ),
        (
            args.compare && args.failed.is_some(),
            "--compare cannot be used with --failed FILE of a run over a list",
        ),
    ];
    match list {
        Some(_) => first_wrong(&listed),
        None => first_wrong(&without),
    }
}

/// Checks the options that are allowed only with `--compare`, or only without it.
pub(super) fn check_comparison(args: &Args) -> Result<(), &'static str> {
    let without = [
        (
            matches!(&args.strategy, Some(List(several)) if several.len() > 1),
            "several strategies need --compare",
        ),
        (args.rounds.is_some(), "--rounds N needs --compare"),
        (args.warmup.is_some(), "--warmup N needs --compare"),
        (args.at.is_some(), "--at LIMITS needs --compare"),
    ];
    let compared = [
        (
            args.skip_existing,
            "--skip-existing cannot be used with --compare: each run starts with an empty folder",
        ),
        (args.rounds == Some(0), "--rounds N must be >= 1"),
        (
            args.max_req.is_some() && args.at.is_some(),
            "--at LIMITS cannot be used with --max_req CONCURRENT",
        ),
    ];
    match args.compare {
        true => first_wrong(&compared),
        false => first_wrong(&without),
    }
}

/// Returns whether this process has workers on other machines, or is one. Checks that the other options allow it.
#[cfg(feature = "nats")]
pub(super) fn role(args: &Args) -> Result<Option<Role>, &'static str> {
    let wants_nats = args.executor == Some(ExecutorKind::Nats) || args.nats.has_server();
    let has_list = args.input.is_some() || args.failed.is_some();
    let has_work = has_list || args.all || args.every || !args.cc.is_empty() || args.compare;
    first_wrong(&[
        (
            args.nats.is_worker() && (wants_nats || args.executor.is_some()),
            "--worker URL cannot be used with --nats URL or --executor EXECUTOR",
        ),
        (
            args.nats.is_worker() && (has_work || !args.report.is_empty()),
            "--worker URL cannot be used with CC, --all, --every, --input, --failed, --compare or --report: the runs have them",
        ),
        (
            args.nats.has_worker_threads() && !args.nats.is_worker(),
            "--worker-threads N needs --worker URL",
        ),
        (
            args.nats.has_server() && args.executor == Some(ExecutorKind::Local),
            "--nats URL cannot be used with --executor local",
        ),
        (
            wants_nats && !args.nats.has_server(),
            "--executor nats needs --nats URL",
        ),
        (
            wants_nats && !has_list,
            "--executor nats needs --input FILE",
        ),
        (
            wants_nats && args.compare,
            "--compare cannot be used with --executor nats",
        ),
        (
            wants_nats && (args.rate.is_some() || args.max_per_host.is_some()),
            "--rate N and --max-per-host N cannot be used with --executor nats: workers do not know of each other's requests",
        ),
        (
            wants_nats && (!args.header.is_empty() || args.user.is_some()),
            "--header and --user cannot be used with --executor nats: they would be stored on its server",
        ),
        (
            wants_nats && (args.netrc || args.netrc_file.is_some() || args.proxy.is_some()),
            "--netrc, --netrc-file and --proxy cannot be used with --executor nats: they are not sent to workers",
        ),
        (
            wants_nats && (args.cacert.is_some() || args.insecure || args.http2),
            "--cacert, --insecure and --http2 cannot be used with --executor nats: they are not sent to workers",
        ),
        (
            wants_nats
                && args
                    .dest
                    .as_ref()
                    .is_some_and(|dest| dest.to_str().is_none()),
            "--dest DIR must be UTF-8 with --executor nats",
        ),
    ])?;
    Ok(args.nats.role())
}

/// Returns the message of the first rule that is broken.
fn first_wrong(rules: &[(bool, &'static str)]) -> Result<(), &'static str> {
    match rules.iter().find(|(is_wrong, _)| *is_wrong) {
        Some((_, message)) => Err(message),
        None => Ok(()),
    }
}
