//! What runs of the same work come to beside each other. Numbers from numbers: nothing is run, printed or drawn here.
//!
//! Runs with the same strategy at the same connection limit are one series, whatever the round. A **service time** is what one
//! download took without its waiting for a turn. The **ideal** of a run is the lower bound on any schedule of its
//! downloads: no run can end before its longest download, nor before all of them have passed through its connections.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::results::{RecordResults, RunResults};
use crate::strategy::Strategy;

/// The runs of one strategy at one connection limit, in numbers. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// The strategy, by its name.
    pub strategy: String,
    /// The connection limit.
    pub connections: usize,
    /// How many runs there were.
    pub rounds: usize,
    /// Flags that were on disk in the end, by the run in the middle.
    pub ok: usize,
    /// Flags that the server does not have.
    pub not_found: usize,
    /// Codes that failed.
    pub error: usize,
    /// Codes that were never begun.
    pub not_attempted: usize,
    /// From the first request allowed to the last record.
    pub elapsed_ms: Spread,
    /// How many times faster than the slowest series, by medians.
    pub speed_up: f64,
    /// The ideal of these downloads.
    pub ideal_ms: f64,
    /// The ideal over what it was: 1 is as fast as it can be.
    pub of_ideal: f64,
    /// Service times.
    pub latency_ms: Percentiles,
    /// Waiting for a turn.
    pub queue_ms: Percentiles,
    /// Processor time, of the system included.
    pub cpu_ms: Option<f64>,
    /// The most memory.
    pub peak_memory: Option<u64>,
    /// The most requests at once, as the server saw it.
    pub peak_in_flight: Option<usize>,
}

/// The middle of several measurements, and how far they are apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half are below.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// Exact percentiles, by sorting: the smallest value that so many percent do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half do not exceed it.
    pub p50: f64,
    /// 95 % do not exceed it.
    pub p95: f64,
    /// The largest.
    pub max: f64,
}

/// A code that different runs judged differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The code.
    pub code: String,
    /// Each verdict with the strategies that came to it.
    pub verdicts: Vec<(String, Vec<String>)>,
}

/// The series of these runs, by strategy and connections. Runs that were ended early are left out.
pub fn series(runs: &[RunResults]) -> Vec<Series> {
    let mut keys = Vec::new();
    let mut grouped = BTreeMap::<(&str, usize), Vec<&RunResults>>::new();
    for run in runs.iter().filter(|run| run.ended_by.is_none()) {
        let key = (run.strategy.as_str(), run.settings.connections);
        if !grouped.contains_key(&key) {
            keys.push(key);
        }
        grouped.entry(key).or_default().push(run);
    }
    // Those of rounds that were rotated would begin with any of them.
    let place = |name: &str| {
        Strategy::ALL
            .iter()
            .position(|strategy| strategy.name() == name)
    };
    keys.sort_by_key(|&(strategy, connections)| (place(strategy), connections));
    let mut all: Vec<_> = keys.iter().map(|key| one_series(&grouped[key])).collect();
    let medians = all.iter().map(|series| series.elapsed_ms.median);
    let slowest = medians.fold(0.0, f64::max);
    for series in &mut all {
        series.speed_up = ratio(slowest, series.elapsed_ms.median);
    }
    all
}

/// `runs` are at least one, alike in strategy and connections.
fn one_series(runs: &[&RunResults]) -> Series {
    let middle = middle(runs);
    let records = || runs.iter().flat_map(|run| begun(run));
    let elapsed_ms = Spread::of(runs.iter().map(|run| run.totals.elapsed_ms));
    let shares = runs
        .iter()
        .map(|run| ratio(ideal_ms(run), run.totals.elapsed_ms));
    let cpu = runs
        .iter()
        .filter_map(|run| Some(run.resources.as_ref()?.cpu_ms));
    let memory = runs
        .iter()
        .filter_map(|run| run.resources.as_ref()?.peak_memory);
    let in_flight = runs
        .iter()
        .filter_map(|run| run.seen_by_server.as_ref()?.peak_in_flight);
    Series {
        strategy: middle.strategy.clone(),
        connections: middle.settings.connections,
        rounds: runs.len(),
        ok: middle.totals.ok,
        not_found: middle.totals.not_found,
        error: middle.totals.error,
        not_attempted: middle.totals.not_attempted,
        elapsed_ms,
        speed_up: 1.0,
        ideal_ms: ideal_ms(middle),
        of_ideal: Spread::of(shares).median,
        latency_ms: Percentiles::of(records().map(service_ms)),
        queue_ms: Percentiles::of(records().map(|record| record.queue_ms)),
        cpu_ms: some(cpu).map(Spread::of).map(|spread| spread.median),
        peak_memory: memory.max(),
        peak_in_flight: in_flight.max(),
    }
}

/// One run to show for each series, in the order in which they first occur: that in the middle by its elapsed time. Runs that
/// were ended early stand for a series only if none of it was not.
pub fn shown(runs: &[RunResults]) -> Vec<&RunResults> {
    let key = |run: &RunResults| (run.strategy.clone(), run.settings.connections);
    let mut keys = Vec::new();
    for run in runs {
        if !keys.contains(&key(run)) {
            keys.push(key(run));
        }
    }
    let one_of = |of| {
        let alike: Vec<_> = runs.iter().filter(|run| key(run) == of).collect();
        let whole = alike.iter().copied().filter(|run| run.ended_by.is_none());
        let whole: Vec<_> = whole.collect();
        middle(if whole.is_empty() { &alike } else { &whole })
    };
    keys.into_iter().map(one_of).collect()
}

/// Of these runs, at least one, the one in the middle by elapsed time.
fn middle<'a>(runs: &[&'a RunResults]) -> &'a RunResults {
    let mut by_elapsed = runs.to_vec();
    by_elapsed.sort_by(|a, b| a.totals.elapsed_ms.total_cmp(&b.totals.elapsed_ms));
    by_elapsed[(by_elapsed.len() - 1) / 2]
}

/// What one download took, its waiting for a turn left out.
pub fn service_ms(record: &RecordResults) -> f64 {
    record.earlier_ms + record.first_byte_ms + record.body_ms + record.save_ms
}

/// The lower bound on any schedule of the downloads of this run over its connections.
pub fn ideal_ms(run: &RunResults) -> f64 {
    let times: Vec<_> = begun(run).map(service_ms).collect();
    let longest = times.iter().copied().fold(0.0, f64::max);
    longest.max(times.iter().sum::<f64>() / run.settings.connections.max(1) as f64)
}

fn begun(run: &RunResults) -> impl Iterator<Item = &RecordResults> {
    run.records
        .iter()
        .filter(|record| record.start_ms.is_some())
}

/// What series come to beside each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict<'a> {
    /// They did not do the same: more or less was downloaded, missing, wrong. Whoever fails is fast.
    Different,
    /// Every code failed in all of them.
    Nothing,
    /// The fastest and the slowest are too close to be told apart.
    Close(Gain<'a>),
    /// The fastest against the slowest.
    Faster(Gain<'a>),
}

/// Below this many times faster, a machine that is busy makes the difference.
const CLOSE: f64 = 1.1;

/// The fastest series against the slowest, if there is anything to compare.
pub fn verdict(series: &[Series]) -> Option<Verdict<'_>> {
    let by_median = |a: &&Series, b: &&Series| a.elapsed_ms.median.total_cmp(&b.elapsed_ms.median);
    let fastest = series.iter().min_by(by_median)?;
    let slowest = series.iter().max_by(by_median)?;
    if series.len() < 2 {
        return None;
    }
    let outcome = |of: &Series| (of.ok, of.not_found, of.error, of.not_attempted);
    if series
        .iter()
        .any(|other| outcome(other) != outcome(fastest))
    {
        return Some(Verdict::Different);
    }
    if fastest.ok + fastest.not_found == 0 {
        return Some(Verdict::Nothing);
    }
    let gain = Gain {
        fastest,
        slowest,
        times: ratio(slowest.elapsed_ms.median, fastest.elapsed_ms.median),
        possible: ratio(slowest.elapsed_ms.median, fastest.ideal_ms),
    };
    let overlap = fastest.elapsed_ms.max >= slowest.elapsed_ms.min;
    Some(match overlap || gain.times < CLOSE {
        true => Verdict::Close(gain),
        false => Verdict::Faster(gain),
    })
}

/// What the fastest series has over the slowest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain<'a> {
    /// The fastest.
    pub fastest: &'a Series,
    /// The slowest.
    pub slowest: &'a Series,
    /// How many times faster it was.
    pub times: f64,
    /// How many times faster it could have been.
    pub possible: f64,
}

/// The codes that ended differently in some of the runs, sorted. Runs that were ended early are left out.
pub fn differences(runs: &[RunResults]) -> Vec<Difference> {
    let mut verdicts = BTreeMap::<&str, BTreeMap<String, Vec<String>>>::new();
    for run in runs.iter().filter(|run| run.ended_by.is_none()) {
        for record in &run.records {
            let verdict = match &record.message {
                Some(message) => message.clone(),
                None => record.status.replace('_', " "),
            };
            let of_code = verdicts.entry(&record.code).or_default();
            let strategies = of_code.entry(verdict).or_default();
            if !strategies.contains(&run.strategy) {
                strategies.push(run.strategy.clone());
            }
        }
    }
    let differing = verdicts
        .into_iter()
        .filter(|(_, verdicts)| verdicts.len() > 1);
    let difference = |(code, verdicts): (&str, BTreeMap<_, _>)| Difference {
        code: code.to_owned(),
        verdicts: verdicts.into_iter().collect(),
    };
    differing.map(difference).collect()
}

impl Spread {
    /// Of these values, at least one.
    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(values);
        let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
        Self {
            median: f64::midpoint(sorted[low], sorted[high]),
            min: sorted[0],
            max: sorted[sorted.len() - 1],
        }
    }
}

impl Percentiles {
    /// Of these values; of none, zero.
    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(values);
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Self {
            p50: at(50),
            p95: at(95),
            max: at(100),
        }
    }
}

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<_> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The values, if there are any.
fn some<T>(values: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let values: Vec<_> = values.collect();
    (!values.is_empty()).then_some(values)
}

/// Of nothing to nothing, 1.
fn ratio(over: f64, under: f64) -> f64 {
    if under > 0.0 { over / under } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of downloads that take so long each, in milliseconds, one after another on each connection.
    fn run(strategy: &str, connections: usize, elapsed_ms: f64, service: &[f64]) -> RunResults {
        let records = service.iter().enumerate().map(|(i, ms)| {
            let code = format!("A{}", char::from(b'A' + i as u8));
            serde_json::json!({
                "code": code, "status": "ok", "attempts": 1, "bytes": 0,
                "start_ms": 0.0, "queue_ms": 10.0 * i as f64, "earlier_ms": 1.0, "first_byte_ms": ms - 1.5,
                "body_ms": 0.25, "save_ms": 0.25
            })
        });
        let records: Vec<_> = records.collect();
        let ok = records.len();
        serde_json::from_value(serde_json::json!({
            "strategy": strategy, "started": "", "records": records,
            "settings": {
                "server": "DELAY", "url": "", "embedded": false, "connections": connections, "timeout_ms": 0.0,
                "connect_timeout_ms": 0.0, "size_limit": 0, "retries": 0, "skip_existing": false, "dest": ""
            },
            "totals": {
                "asked": ok, "ok": ok, "already_there": 0, "not_found": 0, "error": 0, "not_attempted": 0,
                "bytes": 0, "elapsed_ms": elapsed_ms
            },
            "resources": {"cpu_ms": elapsed_ms / 10.0, "peak_memory": 1000}
        }))
        .unwrap()
    }

    #[test]
    fn the_ideal_is_the_longest_download_or_all_of_them_over_the_connections() {
        assert_eq!(ideal_ms(&run("a", 1, 0.0, &[10.0, 20.0, 30.0])), 60.0);
        assert_eq!(ideal_ms(&run("a", 2, 0.0, &[10.0, 20.0, 30.0])), 30.0);
        assert_eq!(ideal_ms(&run("a", 2, 0.0, &[20.0, 20.0, 30.0])), 35.0);
        assert_eq!(ideal_ms(&run("a", 100, 0.0, &[20.0, 20.0, 30.0])), 30.0);
        assert_eq!(ideal_ms(&run("a", 100, 0.0, &[])), 0.0);
    }

    #[test]
    fn speed_up_is_over_the_slowest_and_the_gain_over_its_ideal() {
        let runs = [
            run("sequential", 1, 70.0, &[10.0, 20.0, 30.0]),
            run("semaphore", 3, 35.0, &[10.0, 20.0, 30.0]),
        ];
        let series = series(&runs);
        assert_eq!((series[0].speed_up, series[1].speed_up), (1.0, 2.0));
        assert_eq!((series[0].ideal_ms, series[1].ideal_ms), (60.0, 30.0));
        assert_eq!(series[0].of_ideal, 60.0 / 70.0);
        assert_eq!(series[1].of_ideal, 30.0 / 35.0);
        let Some(Verdict::Faster(gain)) = verdict(&series) else {
            panic!("{:?}", verdict(&series))
        };
        assert_eq!((gain.times, gain.possible), (2.0, 70.0 / 30.0));
        assert_eq!(gain.fastest.strategy, "semaphore");
    }

    #[test]
    fn rounds_are_one_series_with_its_median_and_all_its_records() {
        let runs = [
            run("a", 2, 40.0, &[1.5, 2.0]),
            run("a", 2, 20.0, &[3.0, 4.0]),
            run("a", 2, 30.0, &[5.0, 6.0]),
            run("a", 3, 99.0, &[5.0]),
        ];
        let series = series(&runs);
        assert_eq!(
            (series.len(), series[0].rounds, series[1].rounds),
            (2, 3, 1)
        );
        let Spread { median, min, max } = series[0].elapsed_ms;
        assert_eq!((median, min, max), (30.0, 20.0, 40.0));
        let Percentiles { p50, p95, max } = series[0].latency_ms;
        assert_eq!((p50, p95, max), (3.0, 6.0, 6.0));
        assert_eq!(series[0].queue_ms.max, 10.0);
        assert_eq!(
            (series[0].cpu_ms, series[0].peak_memory),
            (Some(3.0), Some(1000))
        );
        assert_eq!(verdict(&series[..1]), None);
    }

    #[test]
    fn whoever_fails_is_not_fast_and_what_is_close_is_not_told_apart() {
        let of = |runs: &[RunResults]| {
            let series = series(runs);
            match verdict(&series).unwrap() {
                Verdict::Different => "different",
                Verdict::Nothing => "nothing",
                Verdict::Close(_) => "close",
                Verdict::Faster(_) => "faster",
            }
        };
        let mut runs = vec![run("a", 1, 100.0, &[5.0]), run("b", 1, 10.0, &[5.0])];
        assert_eq!(of(&runs), "faster");
        (runs[1].totals.ok, runs[1].totals.error) = (0, 1);
        assert_eq!(of(&runs), "different");
        (runs[0].totals.ok, runs[0].totals.error) = (0, 1);
        assert_eq!(of(&runs), "nothing");
        let near = [run("a", 1, 100.0, &[5.0]), run("b", 1, 95.0, &[5.0])];
        assert_eq!(of(&near), "close");
        let overlapping = [
            run("a", 1, 100.0, &[5.0]),
            run("a", 1, 40.0, &[5.0]),
            run("b", 1, 20.0, &[5.0]),
            run("b", 1, 50.0, &[5.0]),
        ];
        assert_eq!(of(&overlapping), "close");
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let of = |values: &[f64]| Percentiles::of(values.iter().copied());
        let hundred: Vec<_> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(
            (of(&hundred).p50, of(&hundred).p95, of(&hundred).max),
            (50.0, 95.0, 100.0)
        );
        assert_eq!(
            (of(&[7.0]).p50, of(&[7.0]).p95, of(&[]).max),
            (7.0, 7.0, 0.0)
        );
        assert_eq!(Spread::of([4.0, 1.0]).median, 2.5);
    }

    #[test]
    fn a_run_that_was_ended_early_is_not_compared() {
        let mut runs = [run("a", 1, 10.0, &[5.0]), run("b", 1, 20.0, &[5.0])];
        runs[1].ended_by = Some("SIGINT".to_owned());
        runs[1].records[0].status = "not_attempted".to_owned();
        assert_eq!(series(&runs).len(), 1);
        assert!(differences(&runs).is_empty());
    }

    #[test]
    fn the_run_in_the_middle_stands_for_its_series() {
        let mut runs = [40.0, 20.0, 30.0, 99.0].map(|elapsed_ms| run("a", 2, elapsed_ms, &[1.0]));
        runs[3].strategy = "b".to_owned();
        let elapsed = |runs: &[RunResults]| -> Vec<_> {
            let shown = shown(runs).into_iter();
            shown.map(|run| run.totals.elapsed_ms).collect()
        };
        assert_eq!(elapsed(&runs), [30.0, 99.0]);
        for early in [2, 3] {
            runs[early].ended_by = Some("SIGINT".to_owned());
        }
        assert_eq!(elapsed(&runs), [20.0, 99.0]);
    }

    #[test]
    fn codes_that_ended_differently_are_told_with_who_said_what() {
        let mut runs = [
            run("a", 1, 1.0, &[1.0, 1.0]),
            run("b", 1, 1.0, &[1.0, 1.0]),
            run("a", 1, 1.0, &[1.0, 1.0]),
        ];
        assert!(differences(&runs).is_empty());
        runs[1].records[1].status = "error".to_owned();
        runs[1].records[1].message = Some("timeout: late".to_owned());
        let only = Difference {
            code: "AB".to_owned(),
            verdicts: vec![
                ("ok".to_owned(), vec!["a".to_owned()]),
                ("timeout: late".to_owned(), vec!["b".to_owned()]),
            ],
        };
        assert_eq!(differences(&runs), [only]);
    }
}
