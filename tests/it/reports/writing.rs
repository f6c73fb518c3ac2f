//! Writing report files: errors before the first request, replacement as a whole, links and pipes.

use std::fs;

use test_server::{Plan, TestServer};

use super::results;
#[cfg(unix)]
use crate::support;
use crate::support::{Program, listing};

#[test]
fn a_report_that_cannot_be_written_exits_3_before_the_first_request() {
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
fn an_older_report_is_replaced_completely_and_no_temporary_file_is_left() {
    let program = Program::new();
    let path = program.folder.path().join("r.json");
    fs::write(&path, "x".repeat(1 << 20)).unwrap();
    assert_eq!(program.run(["br", "--report", "r.json"]).exit, Some(0));
    assert_eq!(results(&path).runs[0].totals.ok, 1);
    assert_eq!(listing(program.folder.path()), ["downloads", "r.json"]);
}

#[cfg(unix)]
#[test]
fn a_report_is_written_through_a_link_and_into_a_pipe() {
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
fn a_run_that_writes_its_report_into_an_unread_pipe_can_be_interrupted() {
    use crate::support::running::Running;
    use rustix::process::Signal;
    let program = Program::new();
    support::make_pipe(&program.folder.path().join("pipe.json"));
    let mut running = Running::start(&program, &["br", "--report", "pipe.json"]);
    while !running.line().starts_with("Elapsed time: ") {}
    running.signal(Signal::INT);
    assert_eq!(running.wait().exit, Some(130));
}
