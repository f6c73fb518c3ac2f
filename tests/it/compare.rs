//! Comparisons of strategies: each does the same work in a process of its own, and the printed table agrees with the
//! report.

use std::fs;

use crate::support::raw::{RawServer, ok};
use crate::support::{Program, Run, STRATEGIES, codes, listing, served, server};
use flags::report::{self, Report, RunReport, side_by_side};
use test_server::{Plan, TestServer};

/// Reads the report of a comparison from `c.json`.
fn results(program: &Program) -> Report {
    let text = fs::read_to_string(program.folder.path().join("c.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn compare(program: &Program, args: &[&str]) -> (Run, Report) {
    // The last of several options counts.
    let before = ["--compare", "--rounds", "1", "--report", "c.json"];
    let run = program.run([&before[..], args].concat());
    let results = results(program);
    (run, results)
}

/// Returns the rows of the first table, each as a list of words.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let table = text
        .lines()
        .skip_while(|line| !line.starts_with("strategy "));
    let rows = table.skip(2).take_while(|line| !line.is_empty());
    rows.map(|row| row.split_whitespace().collect()).collect()
}

fn series_of(runs: &[RunReport]) -> Vec<(&'static str, usize, Option<u32>)> {
    let mut series = Vec::new();
    for run in runs {
        series.push((run.strategy.name(), run.settings.connections, run.round));
    }
    series
}

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
        // Computed from times that were read from JSON, which may differ in the last digit.
        let ratio = |interval: Option<comparison::Interval>| interval.map_or(0.0, |of| of.ratio);
        let difference = ratio(of.speed_up_interval) - ratio(expected.speed_up_interval);
        assert!(difference.abs() < 1e-9, "{difference}");
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
fn the_columns_of_server_counters_are_empty_if_the_server_has_none() {
    let flags = TestServer::start(Plan::normal()).unwrap();
    let other = RawServer::answering(ok(&served(&flags, codes(&["br"])[0])));
    let program = Program::new();
    let (run, results) = compare(&program, &["-s", &other.url(), "br", "us"]);
    assert_eq!(run.exit, Some(0), "{}{}", run.out, run.err);
    assert!(results.runs.iter().all(|run| run.seen_by_server.is_none()));
    let mut costs = run
        .out
        .lines()
        .filter(|line| line.starts_with("semaphore "));
    assert!(costs.nth(1).unwrap().ends_with(" -"), "{}", run.out);
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

#[test]
fn different_outcomes_are_listed_by_code_and_exit_with_1() {
    // Not a test-server, so it is not reset, and only the first strategy has errors.
    let flag = served(
        &TestServer::start(Plan::normal()).unwrap(),
        codes(&["br"])[0],
    );
    let server = RawServer::failing_at_first(2, flag);
    let program = Program::new();
    let (run, _) = compare(&program, &["-s", &server.url(), "br", "xx"]);
    assert!(
        run.out.ends_with(
            "*** BR differs: HTTP error 500 - Internal Server Error (sequential)\n\
             *** BR differs: ok (threadpool, semaphore)\n\
             *** XX differs: HTTP error 500 - Internal Server Error (sequential)\n\
             *** XX differs: not found (threadpool, semaphore)\n"
        ),
        "{}",
        run.out
    );
    assert_eq!(run.exit, Some(1));
}

#[test]
fn errors_common_to_all_strategies_are_not_differences_but_exit_with_1() {
    let program = Program::new();
    let (run, results) = compare(
        &program,
        &["-s", "ERROR", "b", "--strategy", "threadpool,semaphore"],
    );
    assert!(comparison::differences(&side_by_side(&results)).is_empty());
    assert!(!run.out.contains("differs"));
    assert!(
        rows(&run.out)
            .iter()
            .all(|row| row[2..5] == ["12", "8", "6"])
    );
    assert_eq!(run.exit, Some(1));
}

#[test]
fn options_are_passed_to_the_runs() {
    let server = server("100:status=503");
    let program = Program::new();
    let args = ["-s", &server.url(), "br", "--strategy", "semaphore"];
    let more = [
        "--retries",
        "1",
        "--timeout",
        "2.5",
        "--connect-timeout",
        "0.5",
        "--size-limit",
        "2KiB",
    ];
    let (run, results) = compare(&program, &[&args[..], &more].concat());
    let settings = &results.runs[0].settings;
    assert_eq!((settings.retries, settings.size_limit), (1, 2048));
    assert_eq!(
        (settings.timeout_ms, settings.connect_timeout_ms),
        (2500.0, 500.0)
    );
    assert_eq!(results.runs[0].records[0].attempts, 2);
    assert!(
        !run.out.contains("times faster"),
        "a single strategy has no speed-up"
    );
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

#[test]
fn a_comparison_of_no_codes_sends_no_request() {
    let server = server("");
    let program = Program::new();
    let url = server.url();
    program.run(["-s", &url, "br", "--report", "clean.json"]);
    let before = server.stats().requests;
    let run = program.run(["--failed", "clean.json", "--compare"]);
    assert!(
        run.out.ends_with("\nSearching for 0 flags: none\n"),
        "{}",
        run.out
    );
    assert_eq!((run.exit, server.stats().requests), (Some(0), before));
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

#[test]
fn a_comparison_in_which_every_code_failed_names_no_fastest_strategy() {
    let program = Program::new();
    let failed = program.run(["-s", "http://127.0.0.1:1", "b", "--compare"]);
    assert!(
        failed
            .out
            .ends_with("\nNo download succeeded, so the times cannot be compared.\n"),
        "{}",
        failed.out
    );
    assert_eq!(failed.exit, Some(1));
}

#[test]
fn json_on_standard_output_has_no_other_text_around_it() {
    let program = Program::new();
    let run = program.run(["br", "--compare", "--rounds", "1", "--report", "-"]);
    let results: Report = serde_json::from_str(&run.out).unwrap();
    assert_eq!(results.runs.len(), 3);
}

#[cfg(unix)]
#[test]
fn an_interrupted_comparison_shows_the_finished_runs_and_leaves_no_temporary_folder() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::Signal;
    for (signal, exit, name) in [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM")] {
        // Answers at first. After the first 26 requests, holds every answer until 100 requests are in flight, so a run
        // hangs.
        let server = TestServer::start(Plan::normal()).unwrap();
        let program = Program::new();
        let url = server.url();
        let args = [
            "-s",
            &url,
            "b",
            "--compare",
            "--report",
            "c.json",
            "-m",
            "2",
        ];
        let rounds = ["--rounds", "1000", "--strategy", "sequential,semaphore"];
        let running = Running::start(&program, &[&args[..], &rounds].concat());
        // The flags of the first run are where they belong, so it has finished. Looked at with each request of later runs.
        let downloads = program.downloads();
        let is_saved = || downloads.join("bz.gif").exists();
        wait_until(&server, |_| is_saved());
        server.set_plan(Plan::hold_until(100)).unwrap();
        wait_until(&server, |stats| stats.in_flight > 0);
        running.signal(signal);
        let run = running.wait();
        assert_eq!(run.exit, Some(exit), "{}{}", run.out, run.err);
        assert!(
            run.err.contains("stopped: ") && run.err.contains(" of 2000 runs finished\n"),
            "{}",
            run.err
        );
        let results = results(&program);
        let (last, finished) = results.runs.split_last().unwrap();
        assert_eq!(last.ended_by.map(report::Signal::name), Some(name));
        assert!(finished.iter().all(|run| run.ended_by.is_none()) && !finished.is_empty());
        assert!(
            rows(&run.out).iter().any(|row| row[0] == "sequential"),
            "{}",
            run.out
        );
        wait_until(&server, |stats| stats.in_flight == 0);
        assert_eq!(
            listing(&program.downloads()).len(),
            17,
            "the flags, and no folder"
        );
    }
}

/// A terminal sends Ctrl-C to the whole process group. The process of a run must get one signal, not a second one that
/// ends it without a report.
#[cfg(unix)]
#[test]
fn ctrl_c_in_a_terminal_reaches_the_process_of_a_run_only_once() {
    use std::os::unix::process::CommandExt as _;

    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::{Pid, Signal, kill_process_group};
    for _ in 0..5 {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let program = Program::new();
        let mut command = program.command();
        command.process_group(0);
        let url = server.url();
        let args = ["-s", &url, "b", "--compare", "--strategy", "semaphore"];
        let running = Running::of(command, &[&args[..], &["--report", "c.json"]].concat());
        wait_until(&server, |stats| stats.in_flight == 26);
        kill_process_group(Pid::from_child(&running.child), Signal::INT).unwrap();
        let run = running.wait();
        assert_eq!(run.exit, Some(130), "{}", run.err);
        let ended_by = results(&program).runs[0].ended_by;
        assert_eq!(ended_by, Some(report::Signal::Interrupt), "{}", run.err);
    }
}

#[cfg(unix)]
#[test]
fn the_process_of_a_run_ends_when_its_comparison_is_killed() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    use rustix::process::Signal;
    let server = TestServer::start(Plan::hold_until(100)).unwrap();
    let program = Program::new();
    let url = server.url();
    let args = ["-s", &url, "b", "--compare", "--timeout", "3600"];
    let running = Running::start(&program, &args);
    wait_until(&server, |stats| stats.in_flight == 1);
    running.signal(Signal::KILL);
    wait_until(&server, |stats| stats.in_flight == 0);
    assert_eq!(running.wait().exit, None);
}

#[cfg(target_os = "linux")]
#[test]
fn a_comparison_continues_after_the_file_of_the_program_is_removed() {
    use crate::support::running::Running;
    use crate::support::wait_until;
    let server = server("100:hold=2");
    let program = Program::new();
    let url = server.url();
    let args = ["-s", &url, "br", "--compare", "--rounds", "1"];
    let running = Running::of(program.copied_inside(&["env"]), &args);
    wait_until(&server, |stats| stats.in_flight == 1);
    fs::remove_file(program.folder.path().join("flags")).unwrap();
    // A second request releases the first one of each run.
    let waited = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| running.wait());
        while !waiting.is_finished() {
            let held = server.wait_until(std::time::Duration::from_millis(100), |stats| {
                stats.in_flight == 1
            });
            if held.is_ok() {
                served(&server, codes(&["br"])[0]);
            }
        }
        waiting.join()
    });
    let run = waited.unwrap();
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(rows(&run.out).len(), 3, "{}", run.out);
}

#[test]
fn options_of_a_comparison_are_usage_errors_elsewhere_and_the_reverse() {
    let program = Program::new();
    for (args, message) in [
        (&["--rounds", "3"][..], "--rounds N needs --compare"),
        (&["--warmup", "3"], "--warmup N needs --compare"),
        (&["--at", "1,5"], "--at LIMITS needs --compare"),
        (
            &["--strategy", "sequential,semaphore"],
            "several strategies need --compare",
        ),
        (&["--compare", "--rounds", "0"], "--rounds N must be >= 1"),
        (&["--compare", "--at", "5,0"], "--at LIMITS must be >= 1"),
        (
            &["--compare", "--at", "5,x"],
            "--at LIMITS must be numbers separated by commas, such as 1,5,26, not '5,x'",
        ),
        (
            &["--compare", "--at", "5", "-m", "5"],
            "--at LIMITS cannot be used with --max_req CONCURRENT",
        ),
        (
            &["--compare", "--skip-existing"],
            "--skip-existing cannot be used with --compare: each run starts with an empty folder",
        ),
    ] {
        let run = program.run(args);
        let expected = format!("*** Usage error: {message}\nUsage: flags [OPTIONS] [CC]...\n");
        assert_eq!((run.err, run.exit), (expected, Some(2)), "{args:?}");
    }
}

#[test]
fn a_running_test_server_is_reset_so_that_every_run_meets_the_same_faults() {
    let server = server("60:status=503+transient=2");
    let program = Program::new();
    let url = server.url();
    let (run, results) = compare(&program, &["-s", &url, "b", "--retries", "3"]);
    let attempts = |run: &RunReport| -> u32 { run.records.iter().map(|of| of.attempts).sum() };
    let all: Vec<_> = results.runs.iter().map(attempts).collect();
    assert!(all[0] > 26 && all == [all[0]; 3], "{all:?}");
    assert!(
        run.err
            .contains("the test-server was reset before each run\n"),
        "{}",
        run.err
    );
    let state = results.comparison.unwrap().server;
    assert_eq!(state, report::ServerState::Reset);
}

#[test]
fn a_server_of_another_make_is_left_alone_and_its_state_is_said_to_carry_over() {
    let server = RawServer::answering(ok(b"GIF89a"));
    let program = Program::new();
    let (run, results) = compare(&program, &["-s", &server.url(), "br"]);
    assert!(run.err.contains("its state may carry over"), "{}", run.err);
    let state = results.comparison.as_ref().unwrap().server;
    assert_eq!(state, report::ServerState::Kept);
    let facts = side_by_side(&results).facts;
    assert!(
        facts.iter().any(|(name, _)| *name == "Server state"),
        "{facts:?}"
    );
}
