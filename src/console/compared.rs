//! The notices about the runs of a comparison, on standard error. Functions here return text and print nothing.

use std::num::NonZeroUsize;
use std::time::Duration;

use comparison::count;

use crate::report::{RunReport, ServerState};
use crate::strategy::Strategy;

/// A run at least this long leaves a line, in milliseconds. Short ones may be repeated a hundred times.
const LONG_MS: f64 = 1000.0;

/// Returns the heading for the lines of one run of a comparison.
pub(crate) fn compared_run(strategy: Strategy, connections: NonZeroUsize) -> String {
    format!("{strategy}, {}:\n", count(connections.get(), "connection"))
}

/// Returns the strategy and the connection limit in words: `semaphore, 26 connections`.
pub(crate) fn series(strategy: Strategy, connections: NonZeroUsize) -> String {
    format!("{strategy}, {}", count(connections.get(), "connection"))
}

/// Returns the notice of how many runs a comparison has, and how long they take, if that is known.
pub(crate) fn planned(runs: usize, left: Option<Duration>) -> String {
    let time = left.map_or_else(String::new, |left| format!(", about {}", rough(left)));
    format!("{}{time}\n", count(runs, "run"))
}

/// Returns the notice of how many runs are left after the first round, and how long they take.
pub(crate) fn remaining(runs: usize, left: Option<Duration>) -> String {
    let time = left.map_or_else(String::new, |left| format!(", about {}", rough(left)));
    format!("{} left{time}\n", count(runs, "run"))
}

/// Returns the line of a run that has ended, or `None` if it was too short for one.
pub(crate) fn ended(number: usize, of: usize, run: &RunReport) -> Option<String> {
    let totals = &run.totals;
    if totals.elapsed_ms < LONG_MS {
        return None;
    }
    let (strategy, connections) = (run.strategy, run.settings.connections);
    let connections = count(connections, "connection");
    let seconds = totals.elapsed_ms / 1000.0;
    let (ok, not_found) = (totals.ok, totals.not_found);
    let errors = count(totals.error, "error");
    let early = match (run.ended_by, totals.not_attempted) {
        (None, 0) => String::new(),
        (None, some) => format!(", {some} not attempted"),
        (Some(_), some) => format!(", {some} not attempted, stopped early"),
    };
    Some(format!(
        "run {number} of {of}: {strategy}, {connections}: {seconds:.2} s, {ok} ok, {not_found} not found, {errors}{early}\n"
    ))
}

/// Returns the notice that a run is made again.
pub(crate) const AGAIN: &str =
    "the run was stopped and continued, so its times are wrong: it is made again\n";

/// Returns the notice of how many runs finished before a comparison was stopped.
pub(crate) fn stopped_early(finished: usize, planned: usize) -> String {
    format!(
        "stopped: {finished} of {} finished\n",
        count(planned, "run")
    )
}

/// Returns the error message for a comparison that its time limit has ended.
pub(crate) fn out_of_time(limit: Duration, finished: usize, planned: usize) -> String {
    format!(
        "*** Error: stopped after {limit:?} (--max-time): {finished} of {} finished\n",
        count(planned, "run")
    )
}

/// Returns the notice about the state in which the runs of a comparison met their server. An embedded one needs none.
pub(crate) fn server_state(state: ServerState) -> Option<&'static str> {
    match state {
        ServerState::Fresh => None,
        ServerState::Reset => Some("the test-server was reset before each run\n"),
        ServerState::Kept => Some(
            "the server was not reset between the runs: its state may carry over from one to the next\n",
        ),
    }
}

/// Returns a time in the unit that suits an estimate.
fn rough(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..5400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_plan_has_the_runs_and_the_time_if_it_is_known() {
        let planned = |seconds: Option<f64>| planned(24, seconds.map(Duration::from_secs_f64));
        assert_eq!(planned(None), "24 runs\n");
        assert_eq!(planned(Some(22.1)), "24 runs, about 23 s\n");
        assert_eq!(planned(Some(2500.0)), "24 runs, about 42 min\n");
        assert_eq!(planned(Some(8000.0)), "24 runs, about 2 h 13 min\n");
    }

    #[test]
    fn only_long_runs_leave_a_line() {
        let mut run = samples::run(Strategy::Semaphore, 5, 26);
        assert_eq!(run.totals.elapsed_ms, 618.0);
        assert_eq!(ended(7, 24, &run), None);
        run.totals.elapsed_ms = 1618.0;
        assert_eq!(
            ended(7, 24, &run).unwrap(),
            "run 7 of 24: semaphore, 5 connections: 1.62 s, 26 ok, 0 not found, 0 errors\n"
        );
    }
}
