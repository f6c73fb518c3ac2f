//! The series of a comparison: the same work for each, the table, the report, rounds and limits.

use super::{compare, results, rows, series_of};
use crate::support::{Program, Run, STRATEGIES, listing, server};
use flags::report::side_by_side;

#[test]
fn all_strategies_do_the_same_work_and_the_table_agrees_with_the_report() {
    let program = Program::with_ports([0, 0, 0]);
    let (run, results) = compare(&program, &["-s", "LOCAL", "b"]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    let head: Vec<_> = run.out.lines().take(2).collect();
    assert!(
        head[0].starts_with("LOCAL site: http://localhost:"),
        "{head:?}"
    );
    assert_eq!(head[1], "Searching for 26 flags: from BA to BZ");

    let shown = side_by_side(&results);
    let series = comparison::series(&shown);
    // A terminal shows the intervals beside the bars.
    let mut columns = comparison::columns(shown.terms);
    columns.retain(|column| column.name != "interval");
    let rows = rows(&run.out);
    assert_eq!(rows.len(), 3);
    for ((row, series), strategy) in rows.iter().zip(&series).zip(STRATEGIES) {
        let connections = if strategy == "sequential" { "1" } else { "26" };
        assert_eq!(row[..5], [strategy, connections, "17", "9", "0"]);
        let cells: Vec<_> = columns.iter().map(|column| (column.cell)(series)).collect();
        assert_eq!(row[..], cells[..8]);
    }
    for run in &results.runs {
        assert_eq!(
            (run.settings.server.as_str(), run.settings.embedded),
            ("LOCAL", true)
        );
        assert_eq!(
            (run.settings.dest.as_str(), run.records.len()),
            ("downloads", 26)
        );
        let seen = run.seen_by_server.unwrap();
        assert_eq!(seen.requests, 26, "the counters are reset before each run");
        assert!((1..=run.settings.connections).contains(&seen.peak_in_flight.unwrap()));
        assert!(seen.connections <= run.settings.connections as u64);
        let resources = run.resources.unwrap();
        assert!(resources.cpu_ms > 0.0);
        if cfg!(target_os = "linux") {
            // More than a shell and less than this test, so it is the memory of the process of the run.
            assert!(
                (1 << 20..1 << 28).contains(&resources.peak_memory.unwrap()),
                "{resources:?}"
            );
        }
        for path in run.records.iter().filter_map(|record| record.path.as_ref()) {
            assert!(program.folder.path().join(path).exists(), "{path}");
        }
    }
    assert_eq!(
        listing(&program.downloads()).len(),
        17,
        "the flags, and no folder"
    );
    let last = run.out.lines().last().unwrap();
    let conclusion = comparison::conclusion_in_words(&series, shown.terms);
    assert_eq!(Some(last), conclusion.as_deref());
}

#[test]
fn the_report_has_the_statistics_and_the_conclusion_of_the_table() {
    let program = Program::new();
    let strategies = ["--strategy", "sequential,semaphore"];
    let args = ["br", "us", "--rounds", "10"];
    let (run, results) = compare(&program, &[&args[..], &strategies].concat());
    assert_eq!(run.exit, Some(0), "{}", run.err);

    let comparison = results.comparison.as_ref().unwrap();
    let conclusion = comparison.conclusion.as_deref().unwrap();
    assert!(
        run.out.contains(&format!("\n{conclusion}\n")),
        "{}",
        run.out
    );
    let shown = side_by_side(&results);
    let expected = comparison::series(&shown);
    assert_eq!((comparison.series.len(), expected.len()), (2, 2));
    for (of, expected) in comparison.series.iter().zip(&expected) {
        assert_eq!(
            (of.strategy.as_str(), of.connections),
            (&*expected.label, expected.slots)
        );
        assert_eq!((of.rounds, of.elapsed_ms), (10, expected.elapsed_ms));
        assert_eq!(of.speed_up_interval, expected.speed_up_interval);
    }
    let mut intervals = comparison
        .series
        .iter()
        .filter_map(|of| of.speed_up_interval);
    let interval = intervals.next().unwrap();
    assert_eq!(intervals.next(), None, "the slowest series has none");
    assert!(interval.low <= interval.ratio && interval.ratio <= interval.high);
}

#[test]
fn a_strategy_uses_its_whole_connection_limit() {
    let server = server("100:hold=5");
    let program = Program::new();
    let url = server.url();
    let args = [
        "-s",
        &url,
        "b",
        "-m",
        "5",
        "--strategy",
        "threadpool,semaphore",
    ];
    let (_, results) = compare(&program, &args);
    let seen = results.runs.iter().map(|run| run.seen_by_server.unwrap());
    let seen: Vec<_> = seen
        .map(|seen| (seen.requests, seen.peak_in_flight))
        .collect();
    assert_eq!(seen, [(26, Some(5)), (26, Some(5))]);
    assert_eq!(server.stats().requests, 26, "reset before each run");
    assert_eq!(results.runs[0].settings.server, "CUSTOM");
}

#[test]
fn rounds_are_rotated_and_warmup_rounds_are_not_counted() {
    let server = server("");
    let program = Program::new();
    let args = [
        "-s",
        &server.url(),
        "br",
        "us",
        "--strategy",
        "threadpool,semaphore",
    ];
    let more = ["--rounds", "2", "--warmup", "1", "-m", "2"];
    let (run, results) = compare(&program, &[&args[..], &more].concat());
    assert_eq!(
        series_of(&results.runs),
        [
            ("semaphore", 2, Some(1)),
            ("threadpool", 2, Some(1)),
            ("threadpool", 2, Some(2)),
            ("semaphore", 2, Some(2)),
        ]
    );
    let comparison = results.comparison.unwrap();
    assert_eq!((comparison.rounds, comparison.warmup), (2, 1));
    assert_eq!(server.stats().requests, 2, "reset before each run");
    assert_eq!(rows(&run.out).len(), 2);
    assert!(
        run.out.contains(".."),
        "the range from least to most is missing: {}",
        run.out
    );
}

#[test]
fn concurrent_strategies_have_a_series_for_each_limit() {
    let server = server("");
    let program = Program::new();
    let (run, results) = compare(&program, &["-s", &server.url(), "b", "--at", "1,3,26,1000"]);
    let expected = [
        ("sequential", 1),
        ("threadpool", 1),
        ("threadpool", 3),
        ("threadpool", 26),
        ("semaphore", 1),
        ("semaphore", 3),
        ("semaphore", 26),
    ];
    assert_eq!(
        series_of(&results.runs),
        expected.map(|(s, c)| (s, c, None))
    );
    assert_eq!(rows(&run.out).len(), 7);
}

#[cfg(unix)]
#[test]
fn all_strategies_share_the_limit_that_the_descriptors_allow() {
    let program = Program::new();
    let mut shell = program.after("ulimit -n 64");
    let args = [
        "b",
        "--compare",
        "--rounds",
        "1",
        "--strategy",
        "threadpool,semaphore",
        "--report",
        "c.json",
    ];
    let run = Run::of(shell.args(args));
    let results = results(&program);
    let limits: Vec<_> = results
        .runs
        .iter()
        .map(|run| run.settings.connections)
        .collect();
    assert!(limits[0] < 26 && limits[0] == limits[1], "{limits:?}");
    assert!(
        run.err
            .contains(" instead of 26: at most 64 open files are allowed"),
        "{}",
        run.err
    );
}

#[cfg(unix)]
#[test]
fn the_sum_of_rounds_and_warmup_rounds_may_exceed_their_type() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::Signal;
    let server = server("100:hold=2");
    let program = Program::new();
    let url = server.url();
    let most = u32::MAX.to_string();
    let args = [
        "-s",
        &url,
        "br",
        "--compare",
        "--rounds",
        &most,
        "--warmup",
        "1",
    ];
    let running = Running::start(&program, &args);
    wait_until(&server, |stats| stats.in_flight == 1);
    running.signal(Signal::INT);
    assert_eq!(running.wait().exit, Some(130));
}
