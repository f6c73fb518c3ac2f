//! Reports for programs: that they agree with the text and with each other, that they are written whole, and that the
//! failures in them can be run again.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flags::export::COLUMNS;
use flags::results::{RecordResults, Results, RunResults};
use support::{Program, Run, STRATEGIES, listing};
use test_server::{Plan, TestServer};

fn results(path: &Path) -> Results {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn write(path: &Path, results: &Results) {
    fs::write(path, serde_json::to_string(results).unwrap()).unwrap();
}

/// The number of lines of a report that say so: `12 flags downloaded.`
fn told(text: &str, what: &str) -> usize {
    let line = text.lines().find(|line| {
        line.trim_end_matches('.')
            .trim_end_matches('s')
            .ends_with(what)
    });
    line.map_or(0, |line| line.split(' ').next().unwrap().parse().unwrap())
}

fn counted(run: &RunResults, status: &str) -> usize {
    run.records
        .iter()
        .filter(|record| record.status == status)
        .count()
}

#[test]
fn json_csv_and_text_agree_in_every_strategy() {
    for strategy in STRATEGIES {
        let program = Program::new();
        let args = [
            "-s",
            "ERROR",
            "b",
            "--strategy",
            strategy,
            "--retries",
            "1",
            "--report",
            "r.json",
            "--report",
            "r.csv",
        ];
        let run = program.run(args);
        let json = results(&program.folder.path().join("r.json"));
        let only = &json.runs[0];
        assert_eq!(
            (json.schema, json.runs.len(), only.strategy.as_str()),
            (1, 1, strategy)
        );
        assert_eq!(
            (
                only.settings.server.as_str(),
                only.settings.retries,
                only.settings.embedded
            ),
            ("ERROR", 1, true)
        );

        let totals = &only.totals;
        assert_eq!(
            [
                totals.ok,
                totals.not_found,
                totals.error,
                totals.not_attempted
            ],
            ["ok", "not_found", "error", "not_attempted"].map(|status| counted(only, status))
        );
        assert_eq!(
            totals.asked,
            totals.ok + totals.not_found + totals.error + totals.not_attempted
        );
        assert_eq!([totals.ok, totals.not_found, totals.error], [12, 8, 6]);
        assert_eq!(
            [
                told(&run.out, "downloaded"),
                told(&run.out, "not found"),
                told(&run.out, "error")
            ],
            [12, 8, 6]
        );
        assert_eq!(
            totals.bytes,
            only.records.iter().map(|record| record.bytes).sum::<u64>()
        );
        let codes: Vec<_> = only
            .records
            .iter()
            .map(|record| record.code.as_str())
            .collect();
        assert!(codes.is_sorted() && codes.len() == 26 && codes[0] == "BA");
        for record in &only.records {
            agrees_with_itself(record, totals.elapsed_ms, &program);
        }

        let mut reader = csv::Reader::from_path(program.folder.path().join("r.csv")).unwrap();
        assert_eq!(
            reader.headers().unwrap().iter().collect::<Vec<_>>(),
            COLUMNS
        );
        let rows: Vec<BTreeMap<String, String>> =
            reader.deserialize().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 26);
        for (row, record) in rows.iter().zip(&only.records) {
            let same = serde_json::to_value(record).unwrap();
            for (name, value) in same.as_object().unwrap() {
                let value = match value {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(row[name], value, "{name} of {}", record.code);
            }
            assert_eq!((row["strategy"].as_str(), row.len()), (strategy, 17));
        }
    }
}

/// What must be true of a record whatever it is about.
fn agrees_with_itself(record: &RecordResults, elapsed_ms: f64, program: &Program) {
    let failed = record.status == "error";
    assert_eq!(
        (record.kind.is_some(), record.message.is_some()),
        (failed, failed),
        "{record:?}"
    );
    match &record.path {
        Some(path) => {
            assert_eq!(record.status, "ok");
            let length = fs::metadata(program.folder.path().join(path))
                .unwrap()
                .len();
            assert_eq!((record.bytes, record.http_status), (length, Some(200)));
        }
        None => assert_ne!(record.status, "ok"),
    }
    let spans = [
        record.queue_ms,
        record.earlier_ms,
        record.first_byte_ms,
        record.body_ms,
        record.save_ms,
    ];
    assert!(spans.iter().all(|&span| span >= 0.0));
    // Each span is rounded down to the microsecond.
    assert!(
        spans.iter().sum::<f64>() <= elapsed_ms + 0.01,
        "{record:?} in {elapsed_ms}"
    );
    assert!(record.start_ms.unwrap() <= record.queue_ms, "{record:?}");
    let again = record
        .http_status
        .is_some_and(|status| [500, 502, 503].contains(&status));
    assert_eq!(record.attempts, if again { 2 } else { 1 }, "{record:?}");
}

#[test]
fn the_spans_of_a_record_are_all_the_time_there_was() {
    let server = TestServer::start(
        "100:status=503+retry-after=1+transient=1"
            .parse::<Plan>()
            .unwrap(),
    )
    .unwrap();
    let program = Program::new();
    program.run([
        "-s",
        &server.url(),
        "br",
        "--retries",
        "1",
        "--report",
        "r.json",
    ]);
    let report = results(&program.folder.path().join("r.json"));
    let (record, totals) = (&report.runs[0].records[0], &report.runs[0].totals);
    assert!(
        record.queue_ms >= 999.0 && record.start_ms.unwrap() < record.queue_ms - 900.0,
        "{record:?}"
    );
    assert!(
        record.earlier_ms > 0.0 && record.first_byte_ms > 0.0 && record.save_ms > 0.0,
        "{record:?}"
    );
    let spans = [
        record.queue_ms,
        record.earlier_ms,
        record.first_byte_ms,
        record.body_ms,
        record.save_ms,
    ];
    let sum = spans.iter().sum::<f64>();
    // What is between the spans is a few lines of code, and what is measured a second.
    assert!(
        sum > 0.9 * totals.elapsed_ms && sum <= totals.elapsed_ms + 0.01,
        "{sum} of {totals:?}"
    );
}

#[test]
fn a_dash_is_json_on_standard_output_and_nothing_else() {
    let program = Program::new();
    let run = program.run(["-v", "br", "xx", "--report", "-"]);
    let results: Results = serde_json::from_str(&run.out).unwrap();
    assert_eq!(results.runs[0].totals.asked, 2);
    assert!(
        run.err.contains("\nBR OK\n") && run.err.contains("XX not found\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(0));
}

#[test]
fn a_report_that_cannot_be_written_is_found_out_before_the_first_request() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    fs::create_dir(program.folder.path().join("folder.json")).unwrap();
    for (file, cause) in [("nowhere/r.json", "No such file"), ("folder.json", "")] {
        let run = program.run(["-s", &server.url(), "br", "--report", file]);
        let expected = format!("*** Error: cannot write {file}: {cause}");
        assert!(
            run.err.starts_with(&expected) && run.err.lines().count() == 1,
            "{}",
            run.err
        );
        assert_eq!((run.out.as_str(), run.exit), ("", Some(3)));
    }
    assert_eq!(server.stop().requests, 0);
}

#[test]
fn an_older_report_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
    let program = Program::new();
    let path = program.folder.path().join("r.json");
    fs::write(&path, "x".repeat(1 << 20)).unwrap();
    assert_eq!(program.run(["br", "--report", "r.json"]).exit, Some(0));
    assert_eq!(results(&path).runs[0].totals.ok, 1);
    assert_eq!(listing(program.folder.path()), ["downloads", "r.json"]);
}

#[cfg(unix)]
#[test]
fn a_report_follows_a_link_and_fills_a_pipe() {
    let program = Program::new();
    let at = |name: &str| program.folder.path().join(name);
    fs::create_dir(at("reports")).unwrap();
    std::os::unix::fs::symlink("reports/new.json", at("r.json")).unwrap();
    fs::write(at("reports/new.json"), "older").unwrap();
    assert_eq!(program.run(["br", "--report", "r.json"]).exit, Some(0));
    assert!(fs::symlink_metadata(at("r.json")).unwrap().is_symlink());
    assert_eq!(results(&at("reports/new.json")).runs[0].totals.ok, 1);

    support::make_pipe(&at("pipe.csv"));
    let pipe = at("pipe.csv");
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    assert_eq!(program.run(["br", "--report", "pipe.csv"]).exit, Some(0));
    let text = reader.join().unwrap();
    assert!(
        text.starts_with("strategy,connections,round,code,") && text.lines().count() == 2,
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn a_report_that_nobody_takes_can_be_interrupted() {
    use rustix::process::Signal;
    use support::running::Running;
    let program = Program::new();
    support::make_pipe(&program.folder.path().join("pipe.json"));
    let mut running = Running::start(&program, &["br", "--report", "pipe.json"]);
    while !running.line().starts_with("Elapsed time: ") {}
    running.signal(Signal::INT);
    support::until(|| running.child.try_wait().unwrap().is_some());
    assert_eq!(running.end().exit, Some(130));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_every_code_and_the_rest_can_be_had_later() {
    use rustix::process::Signal;
    use support::running::Running;
    for strategy in STRATEGIES {
        let server = TestServer::start(Plan::hold_until(100)).unwrap();
        let program = Program::new();
        let args = [
            "-s",
            &server.url(),
            "b",
            "-m",
            "3",
            "--report",
            "r.json",
            "--strategy",
            strategy,
        ];
        let running = Running::start(&program, &args);
        support::until(|| server.stats().in_flight >= 1);
        running.signal(Signal::TERM);
        assert_eq!(running.end().exit, Some(143));
        let path = program.folder.path().join("r.json");
        let report = results(&path);
        let only = &report.runs[0];
        assert_eq!(only.ended_by.as_deref(), Some("SIGTERM"));
        assert_eq!(only.records.len(), 26);
        let (errors, not_attempted) = (counted(only, "error"), counted(only, "not_attempted"));
        assert_eq!(
            (errors + not_attempted, errors >= 1),
            (26, true),
            "{strategy}"
        );
        for record in &only.records {
            assert_eq!(record.start_ms.is_none(), record.status == "not_attempted");
        }

        server.set_plan(Plan::normal()).unwrap();
        let rest = program.run(["--failed", "r.json", "--report", "r.json"]);
        assert!(
            rest.out.contains("\n17 flags downloaded.\n9 not found.\n"),
            "{}",
            rest.out
        );
        assert_eq!(rest.exit, Some(0));
        let none = program.run(["--failed", "r.json", "--report", "r.json"]);
        assert!(
            none.out.contains("\nSearching for 0 flags: none\n"),
            "{}",
            none.out
        );
        assert_eq!(
            (none.exit, results(&path).runs[0].totals.asked),
            (Some(0), 0)
        );
    }
}

#[test]
fn just_what_failed_is_run_again_from_the_same_server_into_the_same_folder() {
    let server = TestServer::start("25:status=500+transient=1".parse::<Plan>().unwrap()).unwrap();
    let program = Program::new();
    let first = program.run([
        "-s",
        &server.url(),
        "b",
        "c",
        "--dest",
        "here",
        "--report",
        "r.json",
    ]);
    assert_eq!(first.exit, Some(1));
    let failed: Vec<_> = server
        .stats()
        .codes
        .iter()
        .filter(|(_, code)| !code.injected.is_empty())
        .map(|(code, _)| code.to_uppercase())
        .collect();
    assert!(failed.len() > 5 && failed.len() < 40, "{failed:?}");
    server.reset();
    // After a reset the first attempt is the first again, and fails; the second does not.
    let again = program.run(["--failed", "r.json", "--retries", "1"]);
    assert_eq!(again.exit, Some(0), "{}", again.err);
    let asked: Vec<_> = server
        .stats()
        .codes
        .keys()
        .map(|code| code.to_uppercase())
        .collect();
    assert_eq!(asked, failed);
    let have = listing(&program.folder.path().join("here")).len();
    assert_eq!(
        have,
        told(&first.out, "downloaded") + told(&again.out, "downloaded")
    );
    assert!(!program.downloads().exists());

    // What is typed stands over what was.
    let elsewhere = TestServer::start(Plan::normal()).unwrap();
    let run = program.run([
        "--failed",
        "r.json",
        "-s",
        &elsewhere.url(),
        "--dest",
        "there",
        "--limit",
        "3",
    ]);
    assert_eq!((run.exit, elsewhere.stats().requests), (Some(0), 3));
    assert!(program.folder.path().join("there").exists());
}

#[cfg(unix)]
#[test]
fn what_failed_can_be_read_from_standard_input() {
    let program = Program::new();
    let shell = "\"$0\" -q -s ERROR be bd --report - | \"$0\" -q -v --failed -";
    let run = Run::of(&mut program.inside(&["sh", "-c", shell]));
    assert!(
        run.out.contains("\nSearching for 1 flag: BE\n"),
        "{}{}",
        run.out,
        run.err
    );
    assert_eq!(run.exit, Some(1));
}

#[test]
fn a_file_that_is_no_report_is_a_usage_error() {
    let program = Program::new();
    let at = |name: &str| program.folder.path().join(name);
    fs::write(at("text.json"), "hello").unwrap();
    fs::write(at("other.json"), "{\"schema\": 1}").unwrap();
    program.run(["br", "--report", "r.json"]);
    let newer = fs::read_to_string(at("r.json"))
        .unwrap()
        .replace("\"schema\": 1", "\"schema\": 2");
    fs::write(at("newer.json"), newer).unwrap();
    let hidden = fs::read_to_string(at("r.json")).unwrap();
    let hidden = hidden
        .replace("\"LOCAL\"", "\"CUSTOM\"")
        .replace("http://", "http://me:***@");
    fs::write(at("hidden.json"), hidden).unwrap();
    let lossy = fs::read_to_string(at("r.json")).unwrap();
    let lossy = lossy.replace("\"downloads\"", "\"downl\u{fffd}ads\"");
    fs::write(at("lossy.json"), lossy).unwrap();
    let mut odd = results(&at("r.json"));
    odd.runs[0].records[0].code = "../".to_owned();
    write(&at("odd.json"), &odd);
    let mut two = results(&at("r.json"));
    two.runs.push(two.runs[0].clone());
    two.runs[1].settings.dest = "elsewhere".to_owned();
    write(&at("two.json"), &two);
    two.runs.clear();
    write(&at("none.json"), &two);
    for (args, message) in [
        (
            &["--failed", "missing.json"][..],
            "--failed FILE: missing.json: No such file",
        ),
        (
            &["--failed", "text.json"],
            "--failed FILE: text.json: not the JSON report of a run: ",
        ),
        (
            &["--failed", "other.json"],
            "--failed FILE: other.json: not the JSON report of a run: missing field",
        ),
        (
            &["--failed", "newer.json"],
            "--failed FILE: newer.json: schema 2 instead of 1",
        ),
        (
            &["--failed", "hidden.json"],
            "--failed FILE: hidden.json does not have the password of its server; name it with --server",
        ),
        (
            &["--failed", "lossy.json"],
            "--failed FILE: lossy.json does not have the whole name of its folder; name it with --dest",
        ),
        (
            &["--failed", "odd.json"],
            "--failed FILE: odd.json: no record has the code \"../\" with the status \"ok\"",
        ),
        (
            &["--failed", "two.json"],
            "--failed FILE: two.json: its runs differ in server or folder",
        ),
        (
            &["--failed", "none.json"],
            "--failed FILE: none.json: there is no run in it",
        ),
        (
            &["--failed", "r.json", "br"],
            "--failed FILE says which codes: not together with CC, --all or --every",
        ),
        (
            &["--report", "r.txt"],
            "--report FILE must end in .html, .json, .csv, .md, .svg or .trace.json (or be - for JSON on standard output), not 'r.txt'",
        ),
    ] {
        let run = program.run(args);
        assert!(
            run.err.starts_with(&format!("*** Usage error: {message}")),
            "{}",
            run.err
        );
        assert_eq!((run.out.as_str(), run.exit), ("", Some(2)));
    }
}

#[test]
fn a_missing_flag_counts_only_if_it_is_wanted_to() {
    let program = Program::new();
    for (args, exit) in [
        (&["br", "xx"][..], 0),
        (&["br", "xx", "--fail-on-not-found"], 1),
        (&["br", "--fail-on-not-found"], 0),
    ] {
        assert_eq!(program.run(args).exit, Some(exit), "{args:?}");
    }
}
