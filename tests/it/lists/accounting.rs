//! Every line is accounted for, with any content, and nothing is written outside the folder.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::{list, program, site};
use crate::support::{Program, STRATEGIES, listing};

#[test]
fn every_strategy_saves_each_file_of_a_list_under_a_safe_name_and_counts_each_line() {
    let server = site();
    let paths = [
        "a.gif",
        "x/a.gif",
        "..%2F..%2Fup.txt",
        "missing",
        "S%C3%A3o%20Tom%C3%A9.txt",
        "b.txt\tnamed.md",
        "c.txt\t../out.txt",
    ];
    let mut text = b"# comment\r\n\r\n".to_vec();
    text.extend(list(&server, &paths).replace('\n', "\r\n").bytes());
    text.extend(b"ftp://x/y\n\xff\n");
    for strategy in STRATEGIES {
        let program = program(&text);
        let run = program.run(["--input", "list", "--strategy", strategy, "-v"]);
        let saved = [
            "São Tomé.txt",
            "_.._.._up.txt",
            "a.2.gif",
            "a.gif",
            "named.md",
        ];
        let mut names = listing(&program.downloads());
        names.sort_by_key(|name| saved.iter().position(|saved| saved == name));
        assert_eq!(names, saved, "{strategy}");
        assert_eq!(listing(program.folder.path()), ["downloads", "list"]);
        for line in [
            "a.gif OK",
            "a.2.gif OK",
            "missing not found",
            "*** Error for line 9: bad_line: the file name contains one of / \\ : * ? \" < > |",
            "*** Error for line 10: bad_line: not an http:// or https:// URL",
            "*** Error for line 11: bad_line: the line is not valid UTF-8",
        ] {
            assert!(run.out.contains(&format!("\n{line}\n")), "{}", run.out);
        }
        let start = "Searching for 9 files: a.gif, a.2.gif, _.._.._up.txt, missing, São Tomé.txt, named.md, line 9, line 10, line 11\n";
        assert!(run.out.starts_with(start), "{}", run.out);
        let counts = "\n5 files downloaded.\n1 not found.\n3 errors.\n";
        assert!(run.out.contains(counts), "{}", run.out);
        assert!(
            run.err.ends_with("\n5 files saved in downloads\n"),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(1));
        let bytes = fs::read(program.downloads().join("named.md")).unwrap();
        assert_eq!(bytes, b"/b.txt");
    }
}

#[test]
fn a_list_may_come_from_standard_input() {
    let server = site();
    let text: Vec<_> = (0..20).map(|i| format!("{i:05}.txt")).collect();
    let text = list(
        &server,
        &text.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let program = Program::new();
    let piped = |command: &mut std::process::Command| {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut child = piped(program.command().args(["--input", "-"]));
    let mut stdin = child.stdin.take().unwrap();
    // Without the last line break.
    stdin.write_all(text.trim_end().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let start = "Searching for files as they are listed: 00000.txt first\n30 concurrent connections will be used.\n";
    assert!(out.starts_with(start), "{out}");
    assert!(out.contains("\n20 files downloaded.\n"), "{out}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(listing(&program.downloads()).len(), 20);
}

#[test]
fn failures_are_grouped_by_cause_and_bad_lines_do_not_stop_a_quiet_run() {
    let server = site();
    let text = list(&server, &["a.txt"]) + "x\ny\n";
    let run = program(&text).run(["--input", "list"]);
    assert!(
        run.err
            .contains("bad_line: not an http:// or https:// URL: 2 files\n  line 2, line 3\n"),
        "{}",
        run.err
    );
    let quiet = program(&text).run(["--input", "list", "--quiet"]);
    assert_eq!((quiet.err.as_str(), quiet.exit), ("", Some(1)));
    assert!(
        quiet.out.contains("\n1 file downloaded.\n2 errors.\n"),
        "{}",
        quiet.out
    );
}

#[test]
fn an_empty_list_is_a_run_over_nothing() {
    for text in ["", "\n", "# nothing\n"] {
        let run = program(text).run(["--input", "list"]);
        assert!(
            run.out.starts_with("Searching for 0 files: none\n"),
            "{}",
            run.out
        );
        assert!(run.out.contains("\n0 files downloaded.\n"), "{}", run.out);
        assert_eq!(run.exit, Some(0), "{}", run.err);
    }
}
