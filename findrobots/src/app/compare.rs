//! A comparison: the same search on several executors, each in a process of its own, side by side.

use std::io::{self, IsTerminal as _, Write};

use comparison::Run;
use harness::{Measured, Plan, Series, Workload, compare, named_run, write_reports};
use program::{Ending, Exit, Output, error_chain, print_stderr};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::side_by_side::comparison_of;
use super::{FILES, Setup};
use crate::console::notices;
use crate::jobs::{Hosts, Robots, Strict};
use crate::work::{LogFile, Search, Totals};

/// A search, to be run in another process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Work {
    job: Robots,
    strict: bool,
    files: Vec<LogFile>,
}

impl Workload for Work {
    const NAME: &'static str = "findrobots::search";

    fn measure(&self, series: Series) -> Result<Measured, String> {
        // The comparing process kills this one when it is stopped.
        let stop = CancellationToken::new();
        let job = self.job.clone();
        let (totals, tasks, hosts, accounts) = if self.strict {
            let search = Search::new(Strict { job }, &self.files).measured();
            let outcome = search.run(series, &stop);
            let tasks = outcome.tasks();
            (outcome.totals, tasks, outcome.total.0, outcome.accounts)
        } else {
            let outcome = Search::new(job, &self.files).measured().run(series, &stop);
            let tasks = outcome.tasks();
            (outcome.totals, tasks, outcome.total, outcome.accounts)
        };
        let totals = totals.map_err(|error| error_chain(&error))?;
        Ok(Measured {
            run: named_run(&totals, tasks),
            answer: answer(&hosts, &Totals::of(&accounts)),
        })
    }
}

/// Returns the hosts, and how much was read, in bytes that are the same for the same answer.
fn answer(hosts: &Hosts, totals: &Totals) -> Vec<u8> {
    let mut answer = format!("{totals:?}\n").into_bytes();
    for (host, requests) in hosts.sorted() {
        answer.extend_from_slice(host);
        answer.extend_from_slice(format!(" {requests}\n").as_bytes());
    }
    answer
}

/// Runs the series of the plan, and prints them side by side. Blocks until all have ended.
pub(super) fn run(setup: &Setup<'_>, plan: &Plan, out: &mut Output<impl Write>) -> Exit {
    let Setup {
        config,
        inputs,
        signals,
        stop,
    } = *setup;
    let work = Work {
        job: config.job.clone(),
        strict: config.strict,
        files: inputs.files.clone(),
    };
    let shows_runs = !config.quiet && io::stderr().is_terminal();
    let compared = compare(&work, plan, stop, |series, round, schedule| {
        if shows_runs {
            let round = round.map_or("warm-up".to_owned(), |round| format!("round {round}"));
            let (executor, workers) = (
                series.executor(),
                comparison::count(series.workers(), "worker"),
            );
            let left = schedule.left_ms().map_or_else(String::new, |ms| {
                format!(", about {} s left", (ms / 1000.0).ceil())
            });
            print_stderr(&format!("{round}: {executor}, {workers}{left}\n"));
        }
    });
    signals.run_is_over();
    for error in &compared.errors {
        print_stderr(&format!("*** Error: {error}\n"));
    }
    if stop.is_cancelled() {
        let finished = compared.runs.len();
        let planned = finished + compared.runs_left;
        print_stderr(&notices::stopped_early(finished, planned));
    }
    let failed = |run: &Run| {
        let mut tasks = run.tasks.iter();
        tasks.any(|task| task.outcome != comparison::Outcome::Ok)
    };
    let incomplete = !compared.errors.is_empty()
        || !inputs.errors.is_empty()
        || compared.runs.iter().any(failed);
    let comparison = comparison_of(config, inputs, compared.runs);
    out.print(&comparison::table(&comparison));
    let unwritten = write_reports(FILES, &config.reports, &comparison);
    for error in &unwritten {
        print_stderr(&format!("*** Error: {}\n", error_chain(error)));
    }
    let ending = Ending {
        signal: signals.caught(),
        output: out.failed(),
        local: !unwritten.is_empty(),
        incomplete,
        missing: false,
    };
    ending.exit()
}
