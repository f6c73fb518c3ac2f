//! What goes wrong in the runs of a comparison: failures, differences, flags that cannot be saved.

use std::fs;

use super::{compare, results, rows};
use crate::support::raw::RawServer;
use crate::support::{Program, codes, served};
use flags::record::Status;
use flags::report::side_by_side;
use test_server::{Plan, TestServer};

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
fn a_flag_that_cannot_be_moved_to_its_place_is_an_error() {
    let program = Program::new();
    fs::create_dir_all(program.downloads().join("br.gif/x")).unwrap();
    let (run, results) = compare(&program, &["br", "cn"]);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    for run in &results.runs {
        assert_eq!((run.totals.ok, run.totals.error), (1, 1));
        let [br, cn] = &run.records[..] else {
            panic!("{:?}", run.records)
        };
        assert_eq!((br.status, br.path.as_deref()), (Status::Error, None));
        let message = br.message.as_deref().unwrap();
        assert!(message.starts_with("write_failed: "), "{message}");
        assert_eq!(
            (cn.status, cn.path.as_deref()),
            (Status::Ok, Some("downloads/cn.gif"))
        );
    }
    assert!(
        run.err.contains("\nwrite_failed: ")
            && run.err.contains(": 1 code in each of 3 runs\n  BR\n"),
        "{}",
        run.err
    );
}

#[test]
fn runs_whose_outcomes_differ_are_not_repeated() {
    let flag = served(
        &TestServer::start(Plan::normal()).unwrap(),
        codes(&["br"])[0],
    );
    let server = RawServer::failing_at_first(1, flag);
    let program = Program::new();
    let args = ["-s", &server.url(), "br", "--compare", "--report", "c.json"];
    let run = program.run(args);
    let results = results(&program);
    assert_eq!(results.runs.len(), 3, "{}", run.out);
    let conclusion = results.comparison.unwrap().conclusion.unwrap();
    assert!(
        conclusion.starts_with("The outcomes differ"),
        "{conclusion}"
    );
    let row = run.out.lines().find(|line| line.starts_with("sequential "));
    assert!(row.unwrap().contains("  -  "), "no speed-up: {}", run.out);
}
