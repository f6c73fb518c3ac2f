//! One run, and a sequential one to compare it with.
//!
//! The sequential run is a run of its own. The sum of the times that the tasks took on the workers would not do: workers that
//! run at the same time slow each other down, and the sum would count that as a gain. It comes second, so that the results
//! are not delayed, and so that the run to be judged is not the one that finds the machine warmed up.

use std::io::Write;

use comparison::{Run, count};
use harness::{ExecutorKind, RunError, Series, Setup, write_reports};
use program::{Ending, Exit, Output, error_chain, print_error, print_stderr};

use crate::app::FILES;
use crate::args::Config;
use crate::euclid::nanoseconds_of_euclid;
use crate::gain;
use crate::report::side_by_side;
use crate::work::{Answer, Ran, Work, list};

/// A sequential run shorter than this says little about the others, in milliseconds.
const SHORT_MS: f64 = 500.0;

/// The number of divisions of a sequential run that says more: it takes a second or two.
const LONG: u64 = 1_000_000_000;

/// Computes the pairs on the executor of `series` and prints the result. Blocks until everything has ended.
pub(super) fn run(
    config: &Config,
    series: Series,
    setup: &Setup,
    out: &mut Output<impl Write>,
) -> Exit {
    match try_run(config, series, setup, out) {
        Ok(exit) => exit,
        Err(error) => {
            print_error(&error_chain(&error));
            Exit::Errors
        }
    }
}

fn try_run(
    config: &Config,
    series: Series,
    setup: &Setup,
    out: &mut Output<impl Write>,
) -> Result<Exit, RunError> {
    let Setup { signals, stop } = setup;
    let work = &config.work;
    if !config.quiet {
        let pairs = count(work.pairs.len(), "pair");
        print_stderr(&format!("{pairs}: {series}\n"));
    }
    let ran = work.run(series, stop, false)?;
    let mut runs = vec![ran.compared(work, signals.caught())];
    let seconds = ran.totals.elapsed_ms / 1000.0;
    out.print(&format!(
        "{}\nTook {seconds:.3} seconds.\n",
        list(&ran.answers)
    ));
    print_missing(config, &ran);

    let is_sequential = series.executor() == ExecutorKind::Sequential;
    if ran.is_complete() && !is_sequential && !config.quiet && !stop.is_cancelled() {
        runs.push(sequential_run(config, setup)?);
    }
    signals.run_is_over();
    let notes = notes(config, &runs);
    for (_, line) in &notes {
        out.print(&format!("{line}\n"));
    }
    let shown = side_by_side(work, None, notes, runs);
    let written = write_reports(FILES, &config.reports, &shown);
    let ending = Ending {
        signal: signals.caught(),
        output: out.failed(),
        local: !written,
        incomplete: !ran.is_complete(),
        missing: false,
    };
    Ok(ending.exit())
}

/// Computes the pairs one after another, to compare the run with.
fn sequential_run(config: &Config, setup: &Setup) -> Result<Run, RunError> {
    let series = Series::new(ExecutorKind::Sequential, None);
    let ran = config.work.run(series, &setup.stop, false)?;
    if !ran.is_complete() {
        print_stderr("stopped: no sequential run to compare with\n");
    }
    Ok(ran.compared(&config.work, setup.signals.caught()))
}

/// Says how fast the first of these runs was, and what a better algorithm gains, if there is a sequential run to tell. Prints
/// a notice if the runs are too short for that.
fn notes(config: &Config, runs: &[Run]) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    let Some(sequential_ms) = gain::sequential_ms(runs).filter(|_| !config.quiet) else {
        return notes;
    };
    print_short(config, sequential_ms);
    if let [run, _sequential] = runs {
        let speed_up = sequential_ms / run.elapsed_ms;
        let possible = gain::possible(&config.work, run.slots);
        let line = format!("Speed-up over sequential: {speed_up:.2} ({possible}).");
        notes.push(("Executors", line));
    }
    let nanoseconds = nanoseconds_of_euclid(&config.work.pairs);
    let line = gain::of_euclid(&config.work, sequential_ms, nanoseconds);
    notes.push(("Algorithm", line));
    notes
}

/// Prints the error of each failed pair, and how many are known if the run was stopped.
fn print_missing(config: &Config, ran: &Ran) {
    for (pair, answer) in config.work.pairs.iter().zip(&ran.answers) {
        if let Answer::Failed(message) = answer {
            print_stderr(&format!("*** Error for {pair}: {message}\n"));
        }
    }
    let stopped = |answer: &Answer| matches!(answer, Answer::Stopped | Answer::NotAttempted);
    if ran.answers.iter().any(stopped) {
        let all = count(ran.answers.len(), "pair");
        let known = |answer: &&Answer| matches!(answer, Answer::Divisor(_));
        let known = ran.answers.iter().filter(known).count();
        print_stderr(&format!("stopped: {known} of {all} computed\n"));
    }
}

/// Suggests more repetitions for runs that are too short to compare, unless the user has chosen their number.
fn print_short(config: &Config, sequential_ms: f64) {
    if config.repeat_is_chosen || sequential_ms >= SHORT_MS {
        return;
    }
    let repeat = Work::of_divisions(config.work.pairs.clone(), LONG).repeat;
    print_stderr(&format!(
        "Times this short vary from run to run: --repeat {repeat} makes a sequential run of a second or two.\n"
    ));
}
