//! Destination folders that cannot be written: one error line, exit code 3 and no request.

use std::fs;
use std::os::unix::fs::symlink;

use test_server::{Plan, TestServer};

use crate::support::{Program, Run, STRATEGIES, has_namespaces, skip};

#[test]
fn a_destination_that_is_a_file_or_a_bad_link_exits_3_before_the_first_request() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let at = |name: &str| program.folder.path().join(name);
    fs::write(at("file"), "mine").unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("file", at("to-a-file")).unwrap();
    for (dest, cause) in [
        ("file", "not a directory"),
        ("file/below", "Not a directory"),
        ("dangling", "it is a link to nowhere, which is not a folder"),
        ("to-a-file", "it is a link to file, which is not a folder"),
    ] {
        let run = program.run(["-s", &server.url(), "br", "--dest", dest]);
        run.assert_refused(&format!("cannot write {dest}: {cause}"));
    }
    assert_eq!(server.stop().requests, 0);
    assert_eq!(fs::read(at("file")).unwrap(), b"mine");
    assert!(!at("nowhere").exists());
}

#[test]
fn a_folder_on_a_read_only_disk_exits_3_before_the_first_request() {
    if !has_namespaces() {
        return skip("no mount namespace: a read-only disk");
    }
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    fs::create_dir(program.downloads()).unwrap();
    let commands = "mount --bind downloads downloads && mount -o remount,ro,bind downloads && exec \"$0\" \"$@\"";
    let mut shell = program.inside(&["unshare", "-rm", "sh", "-c", commands]);
    let run = Run::of(shell.args(["-s", &server.url(), "br"]));
    run.assert_refused("cannot write downloads: Read-only file system");
    assert_eq!(server.stop().requests, 0);
}

#[test]
fn a_folder_without_permission_exits_3_before_the_first_request() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    fs::create_dir(program.downloads()).unwrap();
    let allow =
        |mode| fs::set_permissions(program.downloads(), fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let run = Run::of(
        program
            .command_of_a_user()
            .args(["-s", &server.url(), "br"]),
    );
    allow(0o755);
    run.assert_refused("cannot write downloads: Permission denied");
    assert_eq!(server.stop().requests, 0);
}

/// Runs the program with these arguments, and removes its folder during the first request. Asserts that the run then stops.
/// Returns standard error.
fn remove_folder_during_a_run(args: &[&str]) -> String {
    use crate::support::running::Running;
    use crate::support::{codes, served, server, wait_until};
    let server = server("100:hold=2");
    let program = Program::new();
    let url = server.url();
    let running = Running::start(&program, &[&["-s", &url, "b"], args].concat());
    wait_until(&server, |stats| stats.in_flight == 1);
    fs::remove_dir_all(program.downloads()).unwrap();
    // The second request releases the first.
    served(&server, codes(&["us"])[0]);
    let run = running.wait();
    assert_eq!(run.exit, Some(3), "{args:?}: {}", run.err);
    let requests = server.stop().requests;
    assert!(
        requests <= 4,
        "{args:?}: {requests} requests although nothing can be saved"
    );
    run.err
}

#[test]
fn a_folder_that_is_removed_during_a_run_stops_it() {
    for strategy in STRATEGIES {
        let err = remove_folder_during_a_run(&["-m", "1", "--strategy", strategy]);
        let message = "*** Error: the folder downloads is gone: stopped, ";
        assert!(err.contains(message), "{strategy}: {err}");
    }
    let comparison = ["--compare", "--rounds", "9", "--strategy", "sequential"];
    let err = remove_folder_during_a_run(&comparison);
    let message = "*** Error: the folder downloads is gone\nstopped: 0 of 9 runs finished\n";
    assert!(err.ends_with(message), "{err}");
}
