//! The words on the command line: files, folders, links and pipes.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::pack::gzip;
use crate::support::running::wait_until;
use crate::support::{EXECUTORS, Folder, hit, hits};

pub(crate) fn make_pipe(folder: &Folder, name: &str) {
    let path = folder.path().join(name);
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
}

#[test]
fn twenty_thousand_small_files() {
    let folder = Folder::new();
    let (hit, empty) = (gzip(&hits(&["a", "a"])), gzip(b""));
    for number in 0..20_000 {
        folder.write(
            format!("logs/{number}.log.gz"),
            if number % 2 == 0 { &hit } else { &empty },
        );
    }
    for executor in EXECUTORS {
        let run = folder.run(["--count", "--executor", executor, "-j", "2", "logs"]);
        assert_eq!(
            (&*run.text(), run.exit),
            ("20000 a\n", Some(0)),
            "{executor}: {}",
            run.err
        );
        assert!(
            run.err.starts_with("20000 files read whole, "),
            "{}",
            run.err
        );
    }
}

#[test]
fn a_folder_stands_for_its_files_with_matching_names() {
    let folder = Folder::new();
    for name in [
        "b.log.gz",
        "a.log.gz",
        ".hidden.log.gz",
        "x.log",
        "x.gz",
        "x.log.gz.bak",
        "sub/c.log.gz",
        "sub/deep/d.log.gz",
    ] {
        folder.write(format!("logs/{name}"), hit(name));
    }
    folder.write("logs/folder.log.gz/e.log.gz", hit("folder.log.gz/e.log.gz"));
    let top = [".hidden.log.gz", "a.log.gz", "b.log.gz"];
    let all = [
        ".hidden.log.gz",
        "a.log.gz",
        "b.log.gz",
        "folder.log.gz/e.log.gz",
        "sub/c.log.gz",
        "sub/deep/d.log.gz",
    ];
    for (args, hosts) in [
        (&["logs"][..], &top[..]),
        (&["logs/"], &top),
        (&["--recursive", "logs"], &all),
        (&["-r", "logs"], &all),
        (&["--glob", "*.log", "logs"], &["x.log"]),
        (
            &["--glob", "?.log.gz", "--glob", "x.*", "logs"],
            &["a.log.gz", "b.log.gz", "x.gz", "x.log", "x.log.gz.bak"],
        ),
        (
            &["--glob", "[bc].*", "-r", "logs"],
            &["b.log.gz", "sub/c.log.gz"],
        ),
        // Files are read whatever their names.
        (&["logs/x.log", "logs/sub"], &["sub/c.log.gz", "x.log"]),
    ] {
        folder
            .run_on("threads", args)
            .assert(&format!("{args:?}"), hosts, "", 0);
    }
}

#[test]
fn without_a_log_to_read_the_program_says_so() {
    let folder = Folder::new();
    folder.write("logs/x.log", hit("x"));
    fs::create_dir(folder.path().join("empty")).unwrap();
    folder.write("more/a.log.gz", hit("a"));
    let none = "*** Error: there is no log to read\n";
    for (args, err) in [
        (
            &["logs"][..],
            "*** Warning: no file in logs matches *.log.gz\n",
        ),
        (
            &["empty"],
            "*** Warning: no file in empty matches *.log.gz\n",
        ),
        (
            &["--glob", "*.a", "--glob", "*.b", "logs"],
            "*** Warning: no file in logs matches *.a or *.b\n",
        ),
        (
            &["gone"],
            "*** Error: gone: No such file or directory (os error 2)\n",
        ),
        (
            &["logs/x.log/y"],
            "*** Error: logs/x.log/y: Not a directory (os error 20)\n",
        ),
    ] {
        folder.run_on("threads", args).assert(
            &format!("{args:?}"),
            &[],
            &format!("{err}{none}"),
            2,
        );
    }
    let run = folder.run_on("threads", &["more", "empty"]);
    run.assert(
        "one of two",
        &["a"],
        "*** Warning: no file in empty matches *.log.gz\n",
        0,
    );
    let run = folder.run_on("threads", &["more", "gone"]);
    run.assert(
        "one is gone",
        &["a"],
        "*** Error: gone: No such file or directory (os error 2)\n",
        1,
    );
}

#[test]
fn pipes_in_a_folder_are_skipped_and_as_words_they_are_read() {
    let folder = Folder::new();
    folder.write("logs/a.log.gz", gzip(&hit("a")));
    make_pipe(&folder, "logs/pipe.log.gz");
    let skipped = "*** Warning: logs/pipe.log.gz is not a regular file and is skipped\n";
    for executor in EXECUTORS {
        folder
            .run_on(executor, &["logs"])
            .assert(executor, &["a"], skipped, 0);
    }
    for executor in EXECUTORS {
        for bytes in [hit("piped"), gzip(&hit("piped"))] {
            let path = folder.path().join("logs/pipe.log.gz");
            // Opening it waits for the program; writing does not, because it is little.
            let writer = std::thread::spawn(move || fs::write(path, bytes).unwrap());
            let run = folder.run_on(executor, &["logs/pipe.log.gz", "logs/a.log.gz"]);
            run.assert(executor, &["a", "piped"], "", 0);
            wait_until("all is written", || writer.is_finished().then_some(()));
        }
    }
}

#[test]
fn links_are_followed_and_circles_are_reported() {
    let folder = Folder::new();
    folder.write("logs/sub/a.log.gz", gzip(&hit("a")));
    folder.write("elsewhere/b.log.gz", gzip(&hit("b")));
    let link = |to: &str, from: &str| symlink(to, folder.path().join(from)).unwrap();
    link("../elsewhere", "logs/other");
    link("../elsewhere/b.log.gz", "logs/linked.log.gz");
    folder
        .run_on("threads", &["logs"])
        .assert("link to a file", &["b"], "", 0);
    folder
        .run_on("threads", &["--count", "-r", "logs"])
        .assert("links", &["2 b", "1 a"], "", 0);

    link("..", "logs/sub/circle");
    link(".", "logs/self");
    let circles = "*** Error: logs/self: a link in a circle, to logs\n\
                   *** Error: logs/sub/circle: a link in a circle, to logs\n";
    folder.run_on("threads", &["--count", "-r", "logs"]).assert(
        "circles",
        &["2 b", "1 a"],
        circles,
        1,
    );
    folder
        .run_on("threads", &["logs"])
        .assert("circles that are not followed", &["b"], "", 0);
}

#[test]
fn broken_links_are_errors_if_their_names_match() {
    let folder = Folder::new();
    folder.write("logs/a.log.gz", gzip(&hit("a")));
    let link = |to: &str, from: &str| symlink(to, folder.path().join(from)).unwrap();
    link("nowhere", "logs/other");
    folder
        .run_on("threads", &["logs"])
        .assert("another name", &["a"], "", 0);
    link("nowhere", "logs/x.log.gz");
    link("y.log.gz", "logs/y.log.gz");
    let run = folder.run_on("threads", &["logs"]);
    let err = "*** Error: logs/x.log.gz: No such file or directory (os error 2)\n\
               *** Error: logs/y.log.gz: Too many levels of symbolic links (os error 40)\n";
    run.assert("the same name", &["a"], err, 1);
}

#[test]
fn a_file_that_vanishes_or_cannot_be_read_is_an_error_and_the_others_are_read() {
    let folder = Folder::new();
    folder.write("a.log", hit("a"));
    // This file exists and opens, and reading it fails, also for the superuser.
    let unreadable = "/proc/self/mem";
    for executor in EXECUTORS {
        let run = folder.run_on(executor, &[unreadable, "a.log"]);
        assert!(
            run.err.starts_with("*** Error: /proc/self/mem: "),
            "{}",
            run.err
        );
        assert_eq!(
            (&*run.text(), run.exit),
            ("a\n", Some(1)),
            "{executor}: {}",
            run.err
        );
    }
}

#[test]
fn the_same_file_twice_counts_twice() {
    let folder = Folder::new();
    folder.write("a.log.gz", gzip(&hit("a")));
    for executor in EXECUTORS {
        let run = folder.run_on(executor, &["--count", "a.log.gz", "a.log.gz", "."]);
        run.assert(executor, &["3 a"], "", 0);
    }
}
