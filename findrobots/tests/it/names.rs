//! Names of any bytes: the files are read, and messages show no control characters.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use crate::files::make_pipe;
use crate::support::pack::gzip;
use crate::support::{EXECUTORS, Folder, Run, hit};

#[test]
fn names_of_any_bytes_are_read_and_shown_without_control_characters() {
    let folder = Folder::new();
    let names = [
        &b"latin-\xfc.log.gz"[..],
        b"line\nfeed.log.gz",
        b"\x1b[31mred.log.gz",
        b"-dash.log.gz",
        b"del\x7f\xc2\x9b.log.gz",
        b" space .log.gz",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let text = hit(&format!("host-{number}"));
        let bytes = gzip(&text);
        let name = OsStr::from_bytes(name);
        folder.write(std::path::Path::new("logs").join(name), &bytes);
        folder.write(
            std::path::Path::new("cut").join(name),
            &bytes[..bytes.len() - 1],
        );
    }
    let hosts = ["host-0", "host-1", "host-2", "host-3", "host-4", "host-5"];
    for executor in EXECUTORS {
        folder
            .run_on(executor, &["logs"])
            .assert(executor, &hosts, "", 0);
        let run = folder.run_on(executor, &["cut"]);
        assert_eq!(
            (run.err.lines().count(), run.exit),
            (6, Some(1)),
            "{}",
            run.err
        );
        assert_no_control(&run);
        for shown in [
            "cut/latin-\u{fffd}.log.gz",
            "cut/line\\nfeed.log.gz",
            "cut/\\u{1b}[31mred.log.gz",
            "cut/del\\u{7f}\\u{9b}.log.gz",
        ] {
            assert!(
                run.err.contains(&format!("*** Error: {shown}: ")),
                "{shown}: {}",
                run.err
            );
        }
    }
}

/// Asserts that only line feeds control the terminal.
#[track_caller]
fn assert_no_control(run: &Run) {
    let control = run.err.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "{:?}", run.err);
}

#[test]
fn warnings_and_errors_about_words_show_no_control_characters_either() {
    let folder = Folder::new();
    let bad = "\x1b[31m\nx";
    fs::create_dir_all(folder.path().join(format!("{bad}/sub"))).unwrap();
    symlink("..", folder.path().join(format!("{bad}/sub/circle"))).unwrap();
    folder.write("a.log", hit("a"));
    make_pipe(&folder, &format!("{bad}/pipe.log.gz"));
    make_pipe(&folder, "pipe\x1b.log");
    let gone = format!("gone{bad}");
    for args in [
        &["-q", bad, "a.log"][..],
        &["-q", "-r", bad, "a.log"],
        &["-q", &gone, "a.log"],
        &["--glob", bad, bad, "a.log"],
        &["--compare", "pipe\x1b.log"],
        &["--report", &format!("{bad}.txt"), "a.log"],
        &["--report", "gone\x1b/x.md", "a.log"],
        &["--path", bad, "a.log"],
    ] {
        let run = folder.run(args);
        assert_no_control(&run);
        assert!(!run.err.is_empty(), "{args:?}");
        if args[0] == "-q" {
            assert!(
                run.err.lines().all(|line| line.starts_with("*** ")),
                "{}",
                run.err
            );
        }
    }
}
