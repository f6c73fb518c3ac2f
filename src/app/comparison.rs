//! A comparison as its reader meets it: the site, the tables, and what went wrong.

use std::io::Write;

use tokio_util::sync::CancellationToken;

use crate::app::ending::Ending;
use crate::app::{NoRun, Notices, write_reports};
use crate::cli::{Compare, Config};
use crate::compare;
use crate::exit::Exit;
use crate::output::{Output, complain};
use crate::report;
use crate::results::RunResults;
use crate::run::descriptors::Descriptors;
use crate::run::embedded::Served;
use crate::run::signals::Signals;
use crate::summary;
use crate::table;

/// The same work under several strategies, and what it comes to.
pub(super) fn run(
    config: &Config,
    compare: &Compare,
    served: &Served,
    descriptors: Option<Descriptors>,
    signals: &Signals,
    stop: CancellationToken,
    out: &mut Output<impl Write>,
) -> Result<Exit, NoRun> {
    let notices = Notices::of(config);
    if let Some(notice) = report::served_by(&config.server, config.ports, &served.by) {
        notices.tell(&notice);
    }
    if config.prints_text() {
        let name = config.server.name();
        out.print(&report::site(name, &served.base, &config.codes));
    }
    let fitting = compare::fitting(compare, descriptors);
    if let Some(few) = descriptors.filter(|_| compare::most(&fitting) < compare::most(compare)) {
        notices.tell(&report::fewer_connections(
            compare::most(compare),
            compare::most(&fitting),
            few,
        ));
    }
    let compare = &fitting;
    let compared = compare::run(config, compare, served, signals, &stop)?;
    signals.run_is_over();

    for error in &compared.broken {
        complain(&format!("*** Error: {error}\n"));
    }
    let runs = &compared.results.runs;
    let signal = signals.caught();
    if signal.is_some() {
        let finished = runs.iter().filter(|run| run.ended_by.is_none()).count();
        let planned = compare.series.len() * compare.rounds as usize;
        complain(&report::stopped_early(finished, planned));
    } else if !stop.is_cancelled() {
        complain_of_ended(runs);
    }
    let differences = summary::differences(runs);
    if config.prints_text() {
        let series = summary::series(runs);
        if !series.is_empty() {
            out.print(&table::comparison(&series));
        }
        out.print(&table::differences(&differences));
    }
    let written = write_reports(config, &compared.results, out);
    let totals = || runs.iter().map(|run| &run.totals);
    let ending = Ending {
        signal: signal.map(Exit::from),
        output: out.exit(),
        local: !written,
        incomplete: !compared.broken.is_empty()
            || !differences.is_empty()
            || totals().any(|totals| totals.error + totals.not_attempted > 0),
        missing: config.fail_on_not_found && totals().any(|totals| totals.not_found > 0),
    };
    Ok(ending.exit())
}

/// Runs that somebody ended, and not we.
fn complain_of_ended(runs: &[RunResults]) {
    for run in runs {
        if let Some(signal) = &run.ended_by {
            complain(&format!(
                "*** Error: {} was ended by {signal}\n",
                run.strategy
            ));
        }
    }
}
