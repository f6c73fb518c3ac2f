//! The text on a page besides its runs: the heading, and how the runs were measured.

use std::time::Duration;

use bytesize::ByteSize;
use comparison::count;

use crate::report::model::{Report, RunReport, ServerState, Settings, Unfinished};

/// The most values listed for one fact. The rest are only counted.
const MAX_LISTED: usize = 3;

/// Returns the heading: the number of items and the strategies.
pub(super) fn title(report: &Report) -> String {
    let asked = report
        .runs
        .iter()
        .map(|run| run.totals.asked)
        .max()
        .unwrap_or(0);
    let asked = match report.is_of_list() {
        true => count(asked, "file"),
        false => count(asked, "country code"),
    };
    let strategies = distinct(report.runs.iter().map(|run| run.strategy.name().to_owned()));
    match strategies.as_slice() {
        [] => "No run".to_owned(),
        [.., last] if strategies.len() > 1 => {
            let others = strategies[..strategies.len() - 1].join(", ");
            format!("{asked}, downloaded by {others} and {last}")
        }
        [only, ..] => format!("{asked}, downloaded by {only}"),
    }
}

/// Returns how the runs were measured, as names with their values.
pub(super) fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let host = &report.host;
    let of_runs = |value: fn(&RunReport) -> String| list(distinct(report.runs.iter().map(value)));
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
    if let Some(comparison) = &report.comparison {
        let before = count(comparison.warmup as usize, "warm-up round");
        let rounds = count(comparison.rounds as usize, "round");
        facts.push((
            "Rounds",
            format!(
                "{rounds} at most, in rotated order after {before}, each run in its own process"
            ),
        ));
    }
    let unfinished = report.comparison.as_ref().and_then(|of| of.unfinished);
    if let Some(Unfinished { finished, planned }) = unfinished {
        let planned = count(planned, "run");
        facts.push(("Ended early", format!("{finished} of {planned} finished")));
    }
    if report
        .comparison
        .as_ref()
        .is_some_and(|of| of.server == ServerState::Kept)
    {
        facts.push((
            "Server state",
            "not reset between the runs, so it may carry over from one to the next".to_owned(),
        ));
    }
    facts.push((
        "Started",
        report
            .runs
            .first()
            .map_or_else(String::new, |run| run.started.clone()),
    ));
    facts
}

/// Returns the server of a run. Omits the URL of an embedded server: its port may change from run to run, and nothing
/// listens there afterwards.
fn server(run: &RunReport) -> String {
    let settings = &run.settings;
    if let Some(input) = &settings.input {
        format!("the URLs of {input}")
    } else if settings.embedded {
        format!("{}, served by flags itself", settings.server)
    } else {
        format!("{} at {}", settings.server, settings.url)
    }
}

/// Returns the limits of a run.
fn settings(run: &RunReport) -> String {
    let settings = &run.settings;
    let time = |ms: f64| {
        let time = Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::MAX);
        format!("{time:?}")
    };
    format!(
        "timeout {}, connect timeout {}, {}, {}{}",
        time(settings.timeout_ms),
        time(settings.connect_timeout_ms),
        settings.size_limit.map_or_else(
            || "no size limit".to_owned(),
            |size| format!("size limit {}", ByteSize(size)),
        ),
        match settings.retries {
            0 => "no retries".to_owned(),
            1 => "up to 1 retry".to_owned(),
            retries => format!("up to {retries} retries"),
        },
        set_options(settings),
    )
}

/// Returns the options that are off by default and were set, each after a comma.
fn set_options(settings: &Settings) -> String {
    let per_host = settings.max_per_host;
    let per_host =
        per_host.map(|most| format!("at most {} at once to a host", count(most, "request")));
    let rate = settings.rate;
    let rate = rate.map(|rate| format!("at most {rate} requests per second"));
    let existing = settings.skip_existing;
    let existing = existing.then(|| "existing flags kept".to_owned());
    let http2 = settings.http2;
    let http2 = http2.then(|| "HTTP/2 where a server offers it".to_owned());
    let insecure = settings.insecure;
    let insecure = insecure.then(|| "CERTIFICATES NOT CHECKED (--insecure)".to_owned());
    let set = [per_host, rate, existing, http2, insecure]
        .into_iter()
        .flatten();
    set.map(|option| format!(", {option}")).collect()
}

/// Returns each value once, in the order of first occurrence.
fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// Joins the first values and counts the rest.
fn list(mut values: Vec<String>) -> String {
    let more = values.len().saturating_sub(MAX_LISTED);
    values.truncate(MAX_LISTED);
    let listed = values.join("; ");
    if more > 0 {
        format!("{listed}; and {more} more")
    } else {
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn the_heading_names_the_strategies() {
        assert_eq!(
            title(&samples::report(26)),
            "26 country codes, downloaded by sequential and semaphore"
        );
    }

    #[test]
    fn more_than_three_values_are_counted() {
        let values = |n: usize| list((0..n).map(|i| i.to_string()).collect());
        assert_eq!(
            [values(1), values(3), values(5)],
            ["0", "0; 1; 2", "0; 1; 2; and 2 more"]
        );
    }
}
