//! A comparison from the first notice to the exit code: prints the site, the table, the differences and the errors.

use std::io::Write;

use program::{Ending, Exit, Output, print_error, print_stderr};

use crate::app::files;
use crate::app::setup::{FatalError, Notices, Setup};
use crate::cli::{Compare, Config};
use crate::compare;
use crate::console::{lines, notices};
use crate::report::{RunReport, side_by_side};

/// Runs the series of `compare` and shows them side by side. Blocks until all have ended.
///
/// # Errors
/// If the folder for a run's flags cannot be prepared. A run without a report is not an error here, but is printed.
pub(super) fn run(
    config: &Config,
    compare: &Compare,
    setup: &Setup,
    out: &mut Output<impl Write>,
) -> Result<Exit, FatalError> {
    let Setup {
        served,
        descriptors,
        signals,
        deadline,
        stop,
    } = setup;
    let printer = Notices::of(config);
    if let Some(notice) = notices::served_by(&config.server, config.ports, &served.by) {
        printer.print(&notice);
    }
    if config.prints_text() {
        let name = config.server.name();
        out.print(&lines::site(name, &served.base, &config.codes));
    }
    let wanted = compare::highest_limit(compare);
    let compare = &compare::within_descriptors(compare, *descriptors);
    let used = compare::highest_limit(compare);
    if let Some(few) = descriptors.filter(|_| used < wanted) {
        printer.print(&notices::fewer_connections(wanted, used, few));
    }
    let compared = compare::run(config, compare, served, signals, stop)?;
    signals.run_is_over();

    let state = compared.report.comparison.as_ref().map(|of| of.server);
    if let Some(notice) = state.and_then(notices::server_state) {
        printer.print(notice);
    }
    for error in &compared.errors {
        print_error(&error.to_string());
    }
    let runs = &compared.report.runs;
    let signal = signals.caught();
    let finished = runs.iter().filter(|run| run.ended_by.is_none()).count();
    let out_of_time = deadline
        .passed()
        .filter(|_| signal.is_none() && finished < compared.planned);
    if signal.is_some() {
        print_stderr(&notices::stopped_early(finished, compared.planned));
    } else if let Some(limit) = out_of_time {
        let notice = notices::comparison_out_of_time(limit, finished, compared.planned);
        print_stderr(&notice);
    } else if !stop.is_cancelled() {
        print_ended_by_signal(runs);
    }
    let shown = side_by_side(&compared.report);
    if config.prints_text() {
        out.print(&comparison::table(&shown));
    }
    let written = files::write(config, &compared.report, out);
    let totals = || runs.iter().map(|run| &run.totals);
    let ending = Ending {
        signal,
        output: out.failed(),
        local: !written,
        incomplete: !compared.errors.is_empty()
            || out_of_time.is_some()
            || !comparison::differences(&shown).is_empty()
            || totals().any(|totals| totals.error + totals.not_attempted > 0),
        missing: config.fail_on_not_found && totals().any(|totals| totals.not_found > 0),
    };
    Ok(ending.exit())
}

/// Prints the runs that a signal from another program ended.
fn print_ended_by_signal(runs: &[RunReport]) {
    for run in runs {
        if let Some(signal) = &run.ended_by {
            let (strategy, signal) = (run.strategy, signal.name());
            print_error(&format!("{strategy} was ended by {signal}"));
        }
    }
}
