//! The folder that `--dest` names.

use std::fs;

use test_server::{Plan, TestServer};

use crate::support::{Program, listing};

#[test]
fn a_destination_is_created_with_its_parents_and_named_on_standard_error() {
    let program = Program::new();
    let run = program.run(["br", "--dest", "here/and/there"]);
    assert_eq!(
        listing(&program.folder.path().join("here/and/there")),
        ["br.gif"]
    );
    assert!(
        run.err.ends_with("1 flag saved in here/and/there\n"),
        "{}",
        run.err
    );
}

#[test]
fn a_destination_that_is_a_file_exits_3_before_the_first_request() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    fs::write(program.folder.path().join("file"), "mine").unwrap();
    for dest in ["file", "file/below"] {
        let run = program.run(["-s", &server.url(), "br", "--dest", dest]);
        run.assert_refused(&format!("cannot write {dest}: "));
    }
    assert_eq!(server.stop().requests, 0);
    assert_eq!(
        fs::read(program.folder.path().join("file")).unwrap(),
        b"mine"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_exits_3_before_the_first_request() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let run = Program::new().run(["-s", &server.url(), "br", "--dest", "/proc"]);
    run.assert_refused("cannot write /proc: ");
    assert_eq!(server.stop().requests, 0);
}
