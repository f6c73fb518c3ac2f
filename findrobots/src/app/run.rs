//! One run: reads the logs, shows the progress, and prints the hosts and what was read.

use std::io::{self, IsTerminal as _, Write};

use harness::{Series, named_run, write_reports};
use program::{Ending, Exit, Output, error_chain, print_error, print_stderr};

use super::side_by_side::comparison_of;
use super::{FILES, Request};
use crate::console::hosts::{self, Facts};
use crate::console::notices;
use crate::console::progress::Bar;
use crate::jobs::{Hosts, Job, Malformed, Sort, Strict};
use crate::work::{Fate, Outcome, Progress, Search, Totals};

/// Reads the logs on the executor of `series`. Blocks until all is read and printed.
pub(super) fn run(request: &Request<'_>, series: Series, out: &mut Output<impl Write>) -> Exit {
    let job = request.config.job.clone();
    if request.config.strict {
        let outcome = search(request, series, Strict { job });
        let (hosts, malformed) = &outcome.total;
        finish(request, series, out, &outcome, hosts, Some(malformed))
    } else {
        let outcome = search(request, series, job);
        finish(request, series, out, &outcome, &outcome.total, None)
    }
}

fn search<J: Job>(request: &Request<'_>, series: Series, job: J) -> Outcome<J> {
    let Request {
        config,
        inputs,
        setup,
    } = *request;
    let progress = Progress::new();
    let bytes = inputs.files.iter().map(|file| file.size()).sum();
    let bar = Bar::show(&progress, bytes, config.quiet);
    let mut search = Search::new(job, &inputs.files)
        .with_progress(progress)
        .on_cluster(config.cluster.as_ref());
    #[cfg(feature = "nats")]
    {
        search = search.carrying_files(config.carries_files);
    }
    if !config.reports.is_empty() {
        search = search.measured();
    }
    let outcome = search.run(series, &setup.stop);
    drop(bar);
    outcome
}

/// Prints the hosts, the errors and the summary, and writes the reports.
fn finish<J: Job>(
    request: &Request<'_>,
    series: Series,
    out: &mut Output<impl Write>,
    outcome: &Outcome<J>,
    hosts: &Hosts,
    malformed: Option<&[Malformed; Sort::ALL.len()]>,
) -> Exit {
    let Request {
        config,
        inputs,
        setup,
    } = *request;
    setup.signals.run_is_over();
    let series = outcome.totals.as_ref().map_or(series, |run| run.series);
    let totals = Totals::of(&outcome.accounts);
    let facts = Facts {
        accounts: &outcome.accounts,
        errors: &inputs.errors,
        malformed: malformed.map(|malformed| &malformed[..]),
        elapsed_ms: (outcome.elapsed.as_secs_f64() * 1e6).round() / 1e3,
        executor: series.executor().name(),
        workers: series.workers(),
    };
    let text = hosts::text(hosts, config.format, config.by_requests, &facts);
    match io::stdout().is_terminal() {
        true => out.write(&hosts::for_terminal(&text)),
        false => out.write(&text),
    }
    print_stderr(&notices::errors(&outcome.accounts));
    if let Err(error) = &outcome.totals {
        print_error(&error_chain(error));
    }
    if let Some(malformed) = malformed {
        print_stderr(&notices::malformed(malformed));
    }
    if !config.quiet {
        print_stderr(&notices::summary(&totals, outcome.elapsed, series));
    }
    let written = match &outcome.totals {
        Ok(totals) if !config.reports.is_empty() => {
            let run = named_run(totals, outcome.tasks());
            let comparison = comparison_of(config, inputs, vec![run]);
            write_reports(FILES, &config.reports, &comparison)
        }
        _ => true,
    };
    let ending = Ending {
        signal: setup.signals.caught(),
        output: out.failed(),
        local: !written,
        incomplete: totals.count(Fate::Whole) < totals.all() || !inputs.errors.is_empty(),
        missing: false,
    };
    ending.exit()
}
