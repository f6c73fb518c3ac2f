//! A comparison: the same search on several executors, each in a process of its own, side by side.

use std::io::{self, IsTerminal as _, Write};

use harness::{
    Cluster, Measured, Plan, Series, Workload, compare, named_run, next_in_words, write_reports,
};
use program::{Ending, Exit, Output, error_chain, print_stderr};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::side_by_side::comparison_of;
use super::{FILES, Request};
use crate::jobs::{Hosts, Robots, Strict};
use crate::work::{LogFile, Search, Totals};

/// A search, to be run in another process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Work {
    job: Robots,
    strict: bool,
    files: Vec<LogFile>,
    cluster: Option<Cluster>,
}

impl Workload for Work {
    const NAME: &'static str = "findrobots::search";

    fn measure(&self, series: Series) -> Result<Measured, String> {
        // The comparing process kills this one when it is stopped.
        let stop = CancellationToken::new();
        let job = self.job.clone();
        let (totals, tasks, hosts, accounts) = if self.strict {
            let search = Search::new(Strict { job }, &self.files)
                .on_cluster(self.cluster.as_ref())
                .measured();
            let outcome = search.run(series, &stop);
            let tasks = outcome.tasks();
            (outcome.totals, tasks, outcome.total.0, outcome.accounts)
        } else {
            let search = Search::new(job, &self.files)
                .on_cluster(self.cluster.as_ref())
                .measured();
            let outcome = search.run(series, &stop);
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
pub(super) fn run(request: &Request<'_>, plan: &Plan, out: &mut Output<impl Write>) -> Exit {
    let Request {
        config,
        inputs,
        setup,
    } = *request;
    let work = Work {
        job: config.job.clone(),
        strict: config.strict,
        files: inputs.files.clone(),
        cluster: config.cluster.clone(),
    };
    let shows_runs = !config.quiet && io::stderr().is_terminal();
    let compared = compare(&work, plan, &setup.stop, |series, round, schedule| {
        if shows_runs {
            print_stderr(&next_in_words(series, round, schedule));
        }
    });
    setup.signals.run_is_over();
    compared.print_errors();
    let incomplete = !compared.is_complete() || !inputs.errors.is_empty();
    let comparison = comparison_of(config, inputs, compared.runs);
    out.print(&comparison::table(&comparison));
    let written = write_reports(FILES, &config.reports, &comparison);
    let ending = Ending {
        signal: setup.signals.caught(),
        output: out.failed(),
        local: !written,
        incomplete,
        missing: false,
    };
    ending.exit()
}
