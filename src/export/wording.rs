//! What pages and tables say, word for word the same in each format.

use std::time::Duration;

use bytesize::ByteSize;

use crate::columns::seconds;
use crate::results::{Results, RunResults};
use crate::summary;

/// What the ideal is.
pub(super) const IDEAL: &str = "The ideal is a lower bound on any schedule of the same downloads, with the latencies they had, over as many connections: \
    the longest download, or the sum of all service times divided by the connections, whichever is longer. The share of the \
    ideal is the ideal over the elapsed time: 100 % cannot be surpassed.";

/// Up to this many different values are told; more are counted.
const TOLD: usize = 3;

/// What the runs are about.
pub(super) fn title(results: &Results) -> String {
    let asked = results
        .runs
        .iter()
        .map(|run| run.totals.asked)
        .max()
        .unwrap_or(0);
    let strategies = distinct(results.runs.iter().map(|run| run.strategy.clone()));
    match strategies.as_slice() {
        [] => "No run".to_owned(),
        [.., last] if strategies.len() > 1 => {
            let others = strategies[..strategies.len() - 1].join(", ");
            format!(
                "{}, downloaded by {others} and {last}",
                count(asked, "country code")
            )
        }
        [only, ..] => format!("{}, downloaded by {only}", count(asked, "country code")),
    }
}

/// How it was measured: names, and what they stand for.
pub(super) fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let host = &results.host;
    let of_runs = |tell: fn(&RunResults) -> String| few(distinct(results.runs.iter().map(tell)));
    let mut facts = vec![
        ("Program", host.program.clone()),
        (
            "Machine",
            format!(
                "{} {}, {} at once",
                host.os,
                host.arch,
                count(host.cpus, "thread")
            ),
        ),
        ("Server", of_runs(server)),
        ("Settings", of_runs(settings)),
    ];
    if let Some(comparison) = &results.comparison {
        let before = count(comparison.warmup as usize, "uncounted round");
        let rounds = count(comparison.rounds as usize, "round");
        facts.push((
            "Rounds",
            format!("{rounds} in rotated order after {before}, each run in a process of its own"),
        ));
    }
    facts.push((
        "Started",
        results
            .runs
            .first()
            .map_or_else(String::new, |run| run.started.clone()),
    ));
    facts
}

/// A server inside a run has another port each time: nobody will go there again.
fn server(run: &RunResults) -> String {
    let settings = &run.settings;
    if settings.embedded {
        format!("{}, served by this program itself", settings.server)
    } else {
        format!("{} at {}", settings.server, settings.url)
    }
}

fn settings(run: &RunResults) -> String {
    let settings = &run.settings;
    let time = |ms: f64| {
        let time = Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::MAX);
        format!("{time:?}")
    };
    let existing = if settings.skip_existing {
        ", flags that were there left as they were"
    } else {
        ""
    };
    format!(
        "at most {} for a flag and {} to connect, {} of body, {}{existing}",
        time(settings.timeout_ms),
        time(settings.connect_timeout_ms),
        ByteSize(settings.size_limit),
        match settings.retries {
            0 => "no retries".to_owned(),
            1 => "up to 1 retry".to_owned(),
            retries => format!("up to {retries} retries"),
        },
    )
}

/// Runs that the table leaves out.
pub(super) fn ended_early(results: &Results) -> Option<String> {
    let early = results
        .runs
        .iter()
        .filter(|run| run.ended_by.is_some())
        .count();
    (early > 0).then(|| {
        format!(
            "{} ended early and left out of the table.",
            count(early, "run")
        )
    })
}

/// Codes that ended differently, each with who said what.
pub(super) fn differences(results: &Results) -> Vec<String> {
    let line = |difference: summary::Difference| {
        let verdicts = difference.verdicts.iter();
        let verdicts: Vec<_> = verdicts
            .map(|(verdict, strategies)| format!("{verdict} ({})", strategies.join(", ")))
            .collect();
        format!("{}: {}", difference.code, verdicts.join("; "))
    };
    summary::differences(&results.runs)
        .into_iter()
        .map(line)
        .collect()
}

/// What stands above the picture of a run.
pub(super) fn panel_title(run: &RunResults) -> String {
    let round = run
        .round
        .map_or_else(String::new, |round| format!(" (round {round})"));
    let early = run
        .ended_by
        .as_ref()
        .map_or_else(String::new, |signal| format!(", ended early by {signal}"));
    format!(
        "{}, {} s{round}{early}",
        series_title(run),
        seconds(run.totals.elapsed_ms)
    )
}

/// The strategy and its connections.
pub(super) fn series_title(run: &RunResults) -> String {
    format!(
        "{}, {}",
        run.strategy,
        connections(run.settings.connections)
    )
}

pub(super) fn connections(number: usize) -> String {
    count(number, "connection")
}

pub(super) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Each value once, in the order in which they first occur.
fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

fn few(mut values: Vec<String>) -> String {
    let more = values.len().saturating_sub(TOLD);
    values.truncate(TOLD);
    let told = values.join("; ");
    if more > 0 {
        format!("{told}; and {more} more")
    } else {
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn titles_tell_what_ran() {
        let mut results = samples::results(26);
        assert_eq!(
            title(&results),
            "26 country codes, downloaded by sequential and semaphore"
        );
        assert_eq!(
            panel_title(&results.runs[0]),
            "sequential, 1 connection, 2.68 s"
        );
        results.runs[1].ended_by = Some("SIGINT".to_owned());
        results.runs[1].round = Some(2);
        assert_eq!(
            panel_title(&results.runs[1]),
            "semaphore, 26 connections, 0.103 s (round 2), ended early by SIGINT"
        );
        assert_eq!(
            ended_early(&results).unwrap(),
            "1 run ended early and left out of the table."
        );
    }

    #[test]
    fn many_values_are_counted() {
        let values = |n: usize| few((0..n).map(|i| i.to_string()).collect());
        assert_eq!(
            [values(1), values(3), values(5)],
            ["0", "0; 1; 2", "0; 1; 2; and 2 more"]
        );
    }
}
