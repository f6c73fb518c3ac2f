//! A comparison: runs the executors side by side, and prints the table, the bounds and the errors.

use std::collections::BTreeSet;
use std::io::Write;

use comparison::{Outcome, Run, Task, count};
use harness::{ExecutorKind, Plan, compare};
use program::{Ending, Exit, Output, print_stderr};

use crate::app::setup::{Setup, in_words, write};
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
        let round = round.map_or("warm-up".to_owned(), |round| format!("round {round}"));
        let left = schedule.left_ms().map_or_else(String::new, |ms| {
            format!(", about {} s left", (ms / 1000.0).ceil())
        });
        notice(format!("{round}: {}{left}\n", in_words(series)));
    });
    signals.run_is_over();

    for error in &compared.errors {
        print_stderr(&format!("*** Error: {error}\n"));
    }
    let signal = signals.caught();
    if signal.is_some() {
        let finished = compared.runs.len();
        let planned = count(finished + compared.runs_left, "run");
        print_stderr(&format!("stopped: {finished} of {planned} finished\n"));
    }
    let notes = notes(config, &compared.runs);
    let lines: String = notes
        .iter()
        .map(|(_, line)| format!("\n{line}\n"))
        .collect();
    let shown = side_by_side(work, Some(plan), notes, compared.runs);
    out.print(&comparison::table(&shown));
    out.print(&lines);
    let written = write(config, &shown);
    let failed = |task: &Task| task.outcome != Outcome::Ok;
    let ending = Ending {
        signal,
        output: out.failed(),
        local: !written,
        incomplete: !compared.errors.is_empty()
            || shown.runs.iter().flat_map(|run| &run.tasks).any(failed),
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
