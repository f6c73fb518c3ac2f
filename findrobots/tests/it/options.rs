//! The options that select requests, `--strict`, and wrong arguments.

use crate::support::log::request;
use crate::support::pack::gzip;
use crate::support::{EXECUTORS, Folder, Run, hit, hits, miss};

fn folder_with(text: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.write("x.log.gz", gzip(text));
    folder
}

/// Runs the program on the log, without the line about what was read.
fn run(folder: &Folder, args: &[&str]) -> Run {
    folder.run([&["-q", "x.log.gz"], args].concat())
}

#[test]
fn paths_statuses_and_methods_select_requests() {
    let with = |host: &str, what: &str, status: &str| {
        let line = String::from_utf8(request(host, what)).unwrap();
        line.replace(" 200 ", &format!(" {status} "))
    };
    let text = [
        with("get", "GET /robots.txt", "200"),
        with("head", "HEAD /robots.txt", "200"),
        with("gone", "GET /robots.txt", "404"),
        with("query", "GET /robots.txt?x", "200"),
        with("login", "POST /wp-login.php", "302"),
        with("admin", "GET /wp-admin/", "200"),
        "short 1 2 3 4 \"GET /robots.txt\n".to_owned(),
    ];
    let folder = folder_with(text.concat().as_bytes());
    for (args, hosts) in [
        (&[][..], &["get", "gone", "head", "short"][..]),
        (&["--path", "/wp-admin/"], &["admin"]),
        (&["--path", "/wp-"], &[]),
        (&["--path", "/wp-", "--path-prefix"], &["admin", "login"]),
        (
            &["--path-prefix"],
            &["get", "gone", "head", "query", "short"],
        ),
        (
            &["--path", "/", "--path-prefix"],
            &["admin", "get", "gone", "head", "login", "query", "short"],
        ),
        (&["--status", "200"], &["get", "head"]),
        (&["--status", "20"], &[]),
        (&["--method", "HEAD"], &["head"]),
        (&["--method", "GET"], &["get", "gone", "short"]),
        (&["--method", "get"], &[]),
        (&["--method", "GET", "--status", "404"], &["gone"]),
        (
            &[
                "--path",
                "/wp-",
                "--path-prefix",
                "--method",
                "POST",
                "--status",
                "302",
            ],
            &["login"],
        ),
        // The last one of two counts.
        (&["--path", "/x", "--path", "/wp-admin/"], &["admin"]),
        (&["--path", "é"], &[]),
    ] {
        for executor in EXECUTORS {
            let all = [args, &["--executor", executor]].concat();
            run(&folder, &all).assert(&format!("{all:?}"), hosts, "", 0);
        }
    }
}

#[test]
fn strict_reports_malformed_lines_and_finds_the_same_hosts() {
    let folder = Folder::new();
    let lines: [&[u8]; 8] = [
        b"",
        b" \t ",
        b"short 2",
        b"b\0 2 3",
        b"h a user - [t z] \"GET /robots.txt x",
        b"x\x1b[31m 2",
        b"\xe9 1 2",
        b"z 3",
    ];
    for number in 0..10 {
        let mut text = hits(&["a", &format!("h-{number}")]);
        for line in lines {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        text.extend(miss("m"));
        folder.write(format!("{number}.log.gz"), gzip(&text));
    }
    let hosts: Vec<_> = (0..10).map(|number| format!("h-{number}")).collect();
    let hosts: Vec<_> = ["a"]
        .into_iter()
        .chain(hosts.iter().map(String::as_str))
        .collect();
    let malformed = "20 malformed lines: empty\n\
        10 malformed lines: binary\n    b\\x00 2 3\n    b\\x00 2 3\n    b\\x00 2 3\n\
        40 malformed lines: fewer than 7 fields\n    short 2\n    x\\x1b[31m 2\n    \\xe9 1 2\n\
        10 malformed lines: no [ before the time or no \" before the request\n";
    let shifted = "    h a user - [t z] \"GET /robots.txt x\n".repeat(3);
    for executor in EXECUTORS {
        folder
            .run_on(executor, &["."])
            .assert(executor, &hosts, "", 0);
        let run = folder.run_on(executor, &["--strict", "."]);
        run.assert(executor, &hosts, &format!("{malformed}{shifted}"), 0);
    }
    let fine = folder_with(&hit("a"));
    run(&fine, &["--strict"]).assert("nothing malformed", &["a"], "", 0);
}

#[test]
fn examples_of_malformed_lines_are_short() {
    let folder = folder_with(&[b'x'; 5000]);
    let expected = format!(
        "1 malformed line: fewer than 7 fields\n    {}\n",
        "x".repeat(80)
    );
    run(&folder, &["--strict"]).assert("long", &[], &expected, 0);
}

#[test]
fn wrong_arguments_are_usage_errors() {
    let folder = folder_with(&hit("a"));
    for (args, message) in [
        (&[][..], "<LOGS>"),
        (&["x.log.gz", "-j", "0"], "must be a whole number >= 1"),
        (&["x.log.gz", "-j", "-1"], "-1"),
        (&["x.log.gz", "-j", "x"], "must be a whole number >= 1"),
        (
            &["x.log.gz", "--executor", "fibers"],
            "must be one of sequential, threads, processes",
        ),
        #[cfg(not(feature = "nats"))]
        (
            &["x.log.gz", "--executor", "nats"],
            "needs a program that was built with `--features nats`",
        ),
        #[cfg(feature = "nats")]
        (
            &["x.log.gz", "--executor", "nats"],
            "--executor nats needs --nats URL",
        ),
        #[cfg(feature = "nats")]
        (
            &["x.log.gz", "--nats", "nats://x", "--executor", "threads"],
            "--nats URL cannot be used without the executor nats",
        ),
        #[cfg(feature = "nats")]
        (
            &["x.log.gz", "--nats", "nats://x", "-j", "2"],
            "the number of workers cannot be set for nats",
        ),
        (
            &["x.log.gz", "--executor", "threads,processes"],
            "several executors need --compare",
        ),
        (&["x.log.gz", "--at", "1"], "--at WORKERS needs --compare"),
        (&["x.log.gz", "--rounds", "2"], "--rounds N needs --compare"),
        (&["x.log.gz", "--warmup", "2"], "--warmup N needs --compare"),
        (
            &["x.log.gz", "--compare", "--at", "1", "-j", "2"],
            "--at WORKERS cannot be used with --workers N",
        ),
        (
            &["x.log.gz", "--compare", "--at", "0"],
            "must be a whole number >= 1",
        ),
        (
            &["x.log.gz", "--compare", "--rounds", "0"],
            "must be a whole number >= 1",
        ),
        (
            &["-", "--compare"],
            "--compare cannot read '-' several times",
        ),
        (
            &["x.log.gz", "--report", "r.txt"],
            "--report FILE must end in .html, .json, .md or .svg, not 'r.txt'",
        ),
        (&["x.log.gz", "--report", "html"], "not 'html'"),
        (&["x.log.gz", "--json", "--csv"], "cannot be used with"),
        (
            &["x.log.gz", "--path", ""],
            "--path PATH must be one word without white space, not ''",
        ),
        (&["x.log.gz", "--path", "/a b"], "not '/a b'"),
        (
            &["x.log.gz", "--status", " "],
            "--status STATUS must be one word",
        ),
        (
            &["x.log.gz", "--method", "A\tB"],
            "--method METHOD must be one word",
        ),
        (&["x.log.gz", "--glob", "[a"], "--glob PATTERN: "),
        (&["x.log.gz", "--unknown"], "--unknown"),
    ] {
        folder.run(args).assert_usage(message);
    }
}

#[test]
fn help_and_version_are_printed() {
    let folder = Folder::new();
    let help = folder.run(["--help"]);
    assert_eq!((help.exit, &*help.err), (Some(0), ""));
    for option in [
        "--glob",
        "--count",
        "--executor",
        "--compare",
        "--report",
        "Exit codes:",
    ] {
        assert!(help.text().contains(option), "{option}");
    }
    let version = folder.run(["--version"]);
    assert_eq!(
        version.text(),
        format!("findrobots {}\n", env!("CARGO_PKG_VERSION"))
    );
}
