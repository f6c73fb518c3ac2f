//! `--failed`, which repeats the failures in the report of an earlier run, and `--fail-on-not-found`.

use std::fs;
use std::path::Path;

use flags::record::Status;
use flags::report::{self, Report};
use test_server::{Plan, TestServer};

use super::{count, printed_count, results};
#[cfg(unix)]
use crate::support;
use crate::support::{Program, Run, STRATEGIES, listing};

fn write(path: &Path, results: &Report) {
    fs::write(path, serde_json::to_string(results).unwrap()).unwrap();
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_every_code_and_failed_downloads_the_rest() {
    use crate::support::running::Running;
    use rustix::process::Signal;
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
        support::wait_until(&server, |stats| stats.in_flight >= 1);
        running.signal(Signal::TERM);
        assert_eq!(running.wait().exit, Some(143));
        let path = program.folder.path().join("r.json");
        let report = results(&path);
        let only = &report.runs[0];
        assert_eq!(only.ended_by.map(report::Signal::name), Some("SIGTERM"));
        assert_eq!(only.records.len(), 26);
        let (errors, not_attempted) = (
            count(only, Status::Error),
            count(only, Status::NotAttempted),
        );
        assert_eq!(
            (errors + not_attempted, errors >= 1),
            (26, true),
            "{strategy}"
        );
        for record in &only.records {
            assert_eq!(
                record.start_ms.is_none(),
                record.status == Status::NotAttempted
            );
        }

        // Words of a later version do not matter to what is read.
        let report = fs::read_to_string(&path).unwrap();
        let report = report
            .replace("\"SIGTERM\"", "\"SIGHUP\"")
            .replace(&format!("\"{strategy}\""), "\"fibers\"");
        fs::write(&path, report).unwrap();

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
fn only_failed_codes_are_repeated_from_the_same_server_into_the_same_folder() {
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
    // The reset restarts the transient faults: the first attempt fails again, and the second succeeds.
    let again = program.run(["--failed", "r.json", "--retries", "1"]);
    assert_eq!(again.exit, Some(0), "{}", again.err);
    let requested: Vec<_> = server
        .stats()
        .codes
        .keys()
        .map(|code| code.to_uppercase())
        .collect();
    assert_eq!(requested, failed);
    let saved = listing(&program.folder.path().join("here")).len();
    assert_eq!(
        saved,
        printed_count(&first.out, "downloaded") + printed_count(&again.out, "downloaded")
    );
    assert!(!program.downloads().exists());

    // Options on the command line override the settings in the report.
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

#[test]
fn failed_codes_are_saved_in_the_same_folder_from_wherever_they_are_repeated() {
    let program = Program::new();
    let elsewhere = program.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for (args, dest) in [
        (&["--dest", "here"][..], "here"),
        (&["--compare", "--rounds", "1"], "downloads"),
    ] {
        let server = TestServer::start("100:status=500".parse::<Plan>().unwrap()).unwrap();
        let url = server.url();
        let first = program.run([&["-s", &url, "br", "--report", "r.json"], args].concat());
        assert_eq!(first.exit, Some(1), "{}", first.err);
        server.set_plan(Plan::normal()).unwrap();
        let mut again = program.command();
        again.current_dir(&elsewhere);
        let again = Run::of(again.args(["--failed", "../r.json", "--report", "r.json"]));
        assert_eq!(again.exit, Some(0), "{}", again.err);
        let saved = program.folder.path().join(dest);
        assert_eq!(listing(&saved), ["br.gif"]);
        assert_eq!(listing(&elsewhere), ["r.json"]);
        let saved_in = format!("saved in {}\n", saved.display());
        assert!(again.err.ends_with(&saved_in), "{}", again.err);
        // From the same folder, it is named as before.
        let same = program.run(["--failed", "r.json"]);
        assert!(
            same.err.ends_with(&format!("saved in {dest}\n")),
            "{}",
            same.err
        );
    }
}

#[cfg(unix)]
#[test]
fn a_report_can_be_read_from_standard_input() {
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
fn a_file_that_is_not_a_usable_report_is_a_usage_error() {
    let program = Program::new();
    let at = |name: &str| program.folder.path().join(name);
    fs::write(at("text.json"), "hello").unwrap();
    fs::write(at("other.json"), "{\"schema\": 1}").unwrap();
    program.run(["br", "--report", "r.json"]);
    let newer = fs::read_to_string(at("r.json"))
        .unwrap()
        .replace("\"schema\": 1", "\"schema\": 3");
    fs::write(at("newer.json"), newer).unwrap();
    let hidden = fs::read_to_string(at("r.json")).unwrap();
    let hidden = hidden
        .replace("\"LOCAL\"", "\"CUSTOM\"")
        .replace("http://", "http://me:***@");
    fs::write(at("hidden.json"), hidden).unwrap();
    let lossy = fs::read_to_string(at("r.json")).unwrap();
    let lossy = lossy.replace("\"downloads\"", "\"downl\u{fffd}ads\"");
    fs::write(at("lossy.json"), lossy).unwrap();
    let odd = fs::read_to_string(at("r.json")).unwrap();
    let odd = odd.replace("\"BR\"", "\"../\"");
    fs::write(at("odd.json"), odd).unwrap();
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
            "--failed FILE: text.json: not a usable report: ",
        ),
        (
            &["--failed", "other.json"],
            "--failed FILE: other.json: it contains no run",
        ),
        (
            &["--failed", "newer.json"],
            "--failed FILE: newer.json: schema 3 is not supported, only 1 and 2",
        ),
        (
            &["--failed", "hidden.json"],
            "--failed FILE: hidden.json does not contain the login of its server; specify it with --server",
        ),
        (
            &["--failed", "lossy.json"],
            "--failed FILE: lossy.json does not contain the full name of its folder; specify it with --dest",
        ),
        (
            &["--failed", "odd.json"],
            "--failed FILE: odd.json: not a usable report: \"../\" is not a country code",
        ),
        (
            &["--failed", "two.json"],
            "--failed FILE: two.json: its runs have different servers or folders",
        ),
        (
            &["--failed", "none.json"],
            "--failed FILE: none.json: it contains no run",
        ),
        (
            &["--failed", "r.json", "br"],
            "--failed FILE cannot be used with CC, --all or --every",
        ),
        (
            &["--report", "r.txt"],
            "--report FILE must end in .html, .json, .jsonl, .csv, .md, .svg or .trace.json (or be - for JSON on standard output), not 'r.txt'",
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
fn a_missing_flag_is_a_failure_only_with_fail_on_not_found() {
    let program = Program::new();
    for (args, exit) in [
        (&["br", "xx"][..], 0),
        (&["br", "xx", "--fail-on-not-found"], 1),
        (&["br", "--fail-on-not-found"], 0),
    ] {
        assert_eq!(program.run(args).exit, Some(exit), "{args:?}");
    }
}

/// Text that a terminal shows in reverse, and that starts a line.
const MISLEADING: &str = "sgalf\u{202e}\u{2028}\u{1b}[2J\nx";

#[test]
fn names_in_a_tampered_report_are_printed_with_escapes() {
    let program = Program::new();
    let path = program.folder.path().join("r.json");
    program.run(["br", "--report", "r.json"]);
    let mut tampered = results(&path);
    let run = &mut tampered.runs[0];
    run.records[0].status = Status::NotAttempted;
    run.settings.dest = MISLEADING.to_owned();
    run.settings.folder = None;
    write(&path, &tampered);
    let again = program.run(["--failed", "r.json"]);
    assert_eq!(again.exit, Some(0), "{}", again.err);
    assert!(
        again
            .err
            .contains(r"saved in sgalf\u{202e}\u{2028}\u{1b}[2J\nx"),
        "{}",
        again.err
    );
    assert!(program.folder.path().join(MISLEADING).is_dir());

    tampered.runs[0].settings.server = MISLEADING.to_owned();
    write(&path, &tampered);
    let missing = format!("missing{MISLEADING}");
    for args in [
        ["--failed", "r.json"],
        ["--failed", &missing],
        ["--strategy", MISLEADING],
    ] {
        let refused = program.run(args);
        assert_eq!(refused.exit, Some(2), "{}", refused.err);
        let hidden = |c: char| c != '\n' && safe_text::is_hidden(c);
        assert!(!refused.err.contains(hidden), "{:?}", refused.err);
    }
}
