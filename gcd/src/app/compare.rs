//! A comparison: runs the executors side by side, and prints the table, the bounds and the errors.

use std::collections::BTreeSet;
use std::io::Write;

use comparison::{Run, count};
use harness::{ExecutorKind, Plan, Setup, compare, next_in_words, write_reports};
use program::{Ending, Exit, Output, print_stderr};

use crate::app::FILES;
use crate::args::Config;
use crate::euclid::nanoseconds_of_euclid;
use crate::gain;
use crate::report::side_by_side;

/// Runs the series of `plan`, each run in a process of its own, and shows them side by side. Blocks until all have ended.
pub(super) fn run(
    config: &Config,
    plan: &Plan,
    setup: &Setup,
    out: &mut Output<impl Write>,
) -> Exit {
    let Setup { signals, stop } = setup;
    let work = &config.work;
    let notice = |text: String| {
        if !config.quiet {
            print_stderr(&text);
        }
    };
    let times = count(work.repeat.get().try_into().unwrap_or(usize::MAX), "time");
    notice(format!(
        "{}, each computed {times} in each run\n",
        count(work.pairs.len(), "pair")
    ));
    let compared = compare(work, plan, stop, |series, round, schedule| {
        notice(next_in_words(series, round, schedule));
    });
    signals.run_is_over();
    compared.print_errors();
    let incomplete = !compared.is_complete();
    let notes = notes(config, &compared.runs);
    let lines: String = notes
        .iter()
        .map(|(_, line)| format!("\n{line}\n"))
        .collect();
    let shown = side_by_side(work, Some(plan), notes, compared.runs);
    out.print(&comparison::table(&shown));
    out.print(&lines);
    let written = write_reports(FILES, &config.reports, &shown);
    let ending = Ending {
        signal: signals.caught(),
        output: out.failed(),
        local: !written,
        incomplete,
        missing: false,
    };
    ending.exit()
}

/// Says how fast the executors can be at best, and what a better algorithm gains if there is a sequential run to tell.
fn notes(config: &Config, runs: &[Run]) -> Vec<(&'static str, String)> {
    let pools = runs
        .iter()
        .filter(|run| run.label != ExecutorKind::Sequential.name());
    let workers: BTreeSet<_> = pools.map(|run| run.slots).collect();
    let possible = workers
        .into_iter()
        .map(|workers| gain::possible(&config.work, workers));
    let possible = possible.collect::<Vec<_>>().join("; ");
    let mut notes = Vec::new();
    if !possible.is_empty() {
        let line = format!("Speed-up over sequential: {possible}.");
        notes.push(("Executors", line));
    }
    if let Some(sequential_ms) = gain::sequential_ms(runs) {
        let nanoseconds = nanoseconds_of_euclid(&config.work.pairs);
        let line = gain::of_euclid(&config.work, sequential_ms, nanoseconds);
        notes.push(("Algorithm", line));
    }
    notes
}
