//! Single fields of a report, in the cases in which their meaning is easily mistaken.

use std::ffi::OsString;
use std::fs;

use crate::support::raw::RawServer;
use crate::support::{Program, server};
use flags::report::{Report, RunReport};

/// Runs the program and returns the report of its run.
fn report(args: &[&str]) -> RunReport {
    let run = Program::new().run([args, &["--report", "-"]].concat());
    let report: Report = serde_json::from_str(&run.out).unwrap();
    report.runs.into_iter().next().unwrap()
}

#[test]
fn the_status_is_that_of_the_last_response_even_if_it_was_a_redirect_that_led_nowhere() {
    for plan in ["100:redirect-loop", "100:redirect-refused"] {
        let server = server(plan);
        let run = report(&["-s", &server.url(), "br"]);
        assert_eq!(run.records[0].http_status, Some(302), "{plan}");
        assert_eq!(run.totals.error, 1);
    }
    let server = server("100:close");
    let run = report(&["-s", &server.url(), "br"]);
    assert_eq!(run.records[0].http_status, None);
}

#[test]
fn bytes_are_those_of_answers_with_status_200() {
    let missing = RawServer::answering_in_two_parts("404 Not Found");
    let run = report(&["-s", &missing.url(), "br", "us"]);
    assert!(run.records.iter().all(|record| record.bytes == 0));
    assert_eq!((run.totals.bytes, run.totals.not_found), (0, 2));

    let page = server("100:html");
    let run = report(&["-s", &page.url(), "br", "us"]);
    let bytes = run.records.iter().map(|record| record.bytes);
    assert!(bytes.clone().all(|bytes| bytes > 0), "{run:?}");
    assert_eq!(bytes.sum::<u64>(), run.totals.bytes);
}

#[test]
fn a_run_reports_the_counters_of_its_own_server_only() {
    let own = report(&["-s", "LOCAL", "br"]);
    assert_eq!(own.seen_by_server.unwrap().requests, 1);
    let running = server("");
    let other = report(&["-s", &running.url(), "br"]);
    assert_eq!(other.seen_by_server, None);
    assert_eq!(running.stats().requests, 1);
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf_8_is_reported_with_replacement_characters() {
    use std::os::unix::ffi::OsStringExt as _;
    let program = Program::new();
    let folder = OsString::from_vec(b"fl\xe4gs".to_vec());
    let mut args: Vec<OsString> = ["br", "--report", "-", "--dest"].map(Into::into).into();
    args.push(folder.clone());
    let run = program.run(args);
    let report: Report = serde_json::from_str(&run.out).unwrap();
    let run = &report.runs[0];
    assert_eq!(run.settings.dest, "fl\u{fffd}gs");
    assert_eq!(run.records[0].path.as_deref(), Some("fl\u{fffd}gs/br.gif"));
    assert!(fs::exists(program.folder.path().join(folder).join("br.gif")).unwrap());
}
