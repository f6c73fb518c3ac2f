//! A full disk, and a limit on the size of files.

use std::fs;
use std::io;

use rustix::io::Errno;

use super::serve_large_flags;
use crate::support::{Program, Run, STRATEGIES, has_namespaces, listing, skip};

/// Returns the line for a code whose flag could not be written.
fn write_failed(code: &str, errno: Errno) -> String {
    let cause = io::Error::from(errno);
    format!("\n*** Error for {code}: write_failed: {cause}\n")
}

#[test]
fn a_full_disk_stops_the_run_and_keeps_the_flags_that_fitted() {
    if !has_namespaces() {
        return skip("no mount namespace: a full disk");
    }
    for strategy in STRATEGIES {
        let (_folder, server) =
            serve_large_flags(&["aa", "ab", "ac", "ad", "ae", "af", "ag", "ah"]);
        let program = Program::new();
        fs::create_dir(program.downloads()).unwrap();
        // Room for three flags. The shell lists the folder at the end, because the mount is visible only in its
        // namespace.
        let commands = "mount -t tmpfs -o size=3m tmpfs downloads && \"$0\" \"$@\"; code=$?; ls -A downloads >&2; exit $code";
        let mut shell = program.inside(&["unshare", "-rm", "sh", "-c", commands]);
        let list = ["aa", "ab", "ac", "ad", "ae", "af", "ag", "ah"];
        let args = ["-v", "-s", &server.url(), "-m", "1", "--strategy", strategy];
        let run = Run::of(shell.args(args).args(list));
        assert!(
            run.out.contains(&write_failed("AD", Errno::NOSPC)),
            "{}{}",
            run.out,
            run.err
        );
        assert!(
            run.out
                .contains("\n3 flags downloaded.\n1 error.\n4 not attempted.\n"),
            "{}",
            run.out
        );
        assert!(
            run.err.contains(
                "*** Error: no space left in downloads: stopped, 4 codes not attempted\n"
            ),
            "{}",
            run.err
        );
        assert!(
            run.err.ends_with("\naa.gif\nab.gif\nac.gif\n"),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(3), "{strategy}");
        assert_eq!(
            server.stop().requests,
            4,
            "no request is sent after the disk is full"
        );
    }
}

#[test]
fn a_full_disk_ends_a_comparison_and_its_message_names_the_folder_of_the_user() {
    if !has_namespaces() {
        return skip("no mount namespace: a full disk");
    }
    let (_folder, server) = serve_large_flags(&["aa", "ab", "ac", "ad"]);
    let program = Program::new();
    fs::create_dir(program.downloads()).unwrap();
    // Room for two flags.
    let commands = "mount -t tmpfs -o size=2m tmpfs downloads && \"$0\" \"$@\"";
    let mut shell = program.inside(&["unshare", "-rm", "sh", "-c", commands]);
    let args = ["-s", &server.url(), "--compare", "--rounds", "3"];
    let run = Run::of(shell.args(args).args(["aa", "ab", "ac", "ad"]));
    assert!(
        run.err
            .ends_with("*** Error: no space left in downloads\nstopped: 0 of 9 runs finished\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(3), "{}", run.out);
    let requests = server.stop().requests;
    assert!(requests <= 4, "{requests} requests: one run, and no other");
}

#[test]
fn a_limit_on_file_size_is_an_error_of_each_code_and_no_file_is_left() {
    let (_folder, server) = serve_large_flags(&["aa", "ab"]);
    let program = Program::new();
    let run = Run::of(
        program
            .after("ulimit -f 8")
            .args(["-v", "-s", &server.url(), "aa", "ab"]),
    );
    assert!(
        run.out.contains(&write_failed("AA", Errno::FBIG)),
        "{}{}",
        run.out,
        run.err
    );
    assert_eq!(run.exit, Some(1));
    assert!(listing(&program.downloads()).is_empty());
}
