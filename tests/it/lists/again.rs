//! `--failed` with the report of a run over a list: the same list again, but only the lines that failed.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{list, program, site};
use crate::support::raw::{RawServer, ok};
use crate::support::{Program, Run, listing};

const UNAVAILABLE: &[u8] =
    b"HTTP/1.1 503 Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Starts a server that has no file `bad.txt` until it is asked for it a second time.
fn unreliable() -> RawServer {
    let asked = AtomicBool::new(false);
    RawServer::deciding(move |head, _| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path {
            "/missing" => {
                b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec()
            }
            "/bad.txt" if !asked.swap(true, Ordering::Relaxed) => UNAVAILABLE.to_vec(),
            _ => ok(path.as_bytes()),
        }
    })
}

/// Returns the lines of `-v` on standard output.
fn results(run: &Run) -> Vec<&str> {
    let lines = run
        .out
        .lines()
        .skip_while(|line| !line.ends_with(" will be used."));
    lines
        .skip(1)
        .take_while(|line| !line.starts_with("---"))
        .collect()
}

#[test]
fn only_the_lines_that_failed_are_downloaded_again_under_the_same_names() {
    for report in ["r.json", "r.jsonl"] {
        let server = unreliable();
        let program =
            program(list(&server, &["x/bad.txt\tbad.txt", "bad.txt", "missing"]) + "nothing\n");
        let first = program.run(["--input", "list", "-m", "1", "-v", "--report", report]);
        let failed = "*** Error for bad.2.txt: HTTP error 503 - Service Unavailable";
        assert_eq!(
            results(&first)[..3],
            ["bad.txt OK", failed, "missing not found"]
        );
        let second = program.run(["--failed", report, "-v"]);
        let bad_line = "*** Error for line 4: bad_line: not an http:// or https:// URL";
        let mut lines = results(&second);
        lines.sort_unstable();
        assert_eq!(
            lines,
            [bad_line, "bad.2.txt OK"],
            "{report}: {}",
            second.err
        );
        assert!(
            second
                .out
                .starts_with("Searching for 2 files: bad.2.txt, line 4\n"),
            "{}",
            second.out
        );
        assert_eq!(listing(&program.downloads()), ["bad.2.txt", "bad.txt"]);
        assert_eq!((server.connections(), second.exit), (4, Some(1)));
    }
}

#[test]
fn the_list_and_the_folder_of_a_report_are_found_from_another_folder() {
    for report in ["r.json", "r.jsonl"] {
        let server = unreliable();
        let program = program(list(&server, &["good.txt", "bad.txt"]));
        let first = program.run(["--input", "list", "--report", report]);
        assert_eq!(first.exit, Some(1), "{}", first.err);
        let elsewhere = program.folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let mut again = program.command();
        let report = format!("../{report}");
        let again = Run::of(again.current_dir(elsewhere).args(["--failed", &report]));
        assert_eq!(again.exit, Some(0), "{}", again.err);
        assert_eq!(listing(&program.downloads()), ["bad.txt", "good.txt"]);
    }
}

#[test]
fn a_report_that_ends_in_the_middle_stands_for_the_lines_that_it_has() {
    let server = site();
    let program = program(list(&server, &["a.txt", "b.txt", "c.txt"]));
    program.run(["--input", "list", "-m", "1", "--report", "r.jsonl"]);
    let path = program.folder.path().join("r.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 6, "{whole}");
    // As if the program had been killed while it wrote the second record.
    fs::write(&path, lines[..3].concat() + &lines[3][..10]).unwrap();
    let again = program.run(["--failed", "r.jsonl", "-m", "1", "-v"]);
    assert_eq!(results(&again), ["b.txt OK", "c.txt OK"], "{}", again.err);
    fs::write(&path, &whole).unwrap();
    let nothing = program.run(["--failed", "r.jsonl"]);
    assert!(
        nothing.out.starts_with("Searching for 0 files: none\n"),
        "{}",
        nothing.out
    );
    assert_eq!(nothing.exit, Some(0));
}

#[test]
fn a_list_that_has_changed_and_a_list_that_is_gone_are_usage_errors() {
    let server = site();
    let text = list(&server, &["a.txt", "missing", "c.txt"]);
    let program = program(&text);
    program.run(["--input", "list", "--report", "r.json"]);
    let at = |name: &str| program.folder.path().join(name);
    let changed = text.replace("c.txt", "d.txt");
    let shorter: String = text
        .lines()
        .take(2)
        .map(|line| line.to_owned() + "\n")
        .collect();
    fs::write(at("changed"), changed).unwrap();
    fs::write(at("shorter"), shorter).unwrap();
    fs::write(at("longer"), text.clone() + &list(&server, &["e.txt"])).unwrap();
    let refused = |args: &[&str], message: &str| {
        let run = program.run(args);
        let expected = format!("*** Usage error: {message}");
        assert!(run.err.starts_with(&expected), "{args:?}: {}", run.err);
        assert_eq!((run.out.as_str(), run.exit), ("", Some(2)));
    };
    for name in ["changed", "shorter"] {
        let message =
            format!("--input FILE: {name}: it has changed since the report was written\n");
        refused(&["--failed", "r.json", "--input", name], &message);
    }
    let longer = program.run(["--failed", "r.json", "--input", "longer"]);
    assert!(
        longer.out.starts_with("Searching for 0 files: none\n"),
        "{}",
        longer.err
    );
    refused(
        &["--failed", "r.json", "--compare"],
        "--compare cannot be used with --failed FILE of a run over a list\n",
    );
    refused(
        &["--failed", "r.json", "-s", "LOCAL"],
        "--server LABEL cannot be used with a list: each line has its own\n",
    );
    fs::remove_file(at("list")).unwrap();
    refused(&["--failed", "r.json"], "--input FILE: list: No such file");
}

#[test]
fn the_report_of_a_stream_needs_the_list_as_a_file() {
    let server = site();
    let program = program(list(&server, &["a.txt", "missing"]));
    let piped = "flags=$0; cat list | \"$flags\" --input - --report r.jsonl";
    let first = Run::of(&mut program.inside(&["sh", "-c", piped]));
    assert_eq!(first.exit, Some(0), "{}", first.err);
    let refused = program.run(["--failed", "r.jsonl"]);
    let message = "--failed FILE: r.jsonl does not contain a list that can be read again; specify it with --input\n";
    assert!(refused.err.contains(message), "{}", refused.err);
    let again = program.run(["--failed", "r.jsonl", "--input", "list"]);
    assert_eq!(again.exit, Some(0), "{}", again.err);
}

#[test]
fn the_report_of_codes_cut_in_the_middle_is_a_usage_error() {
    let program = Program::new();
    program.run(["br", "cn", "--report", "r.jsonl"]);
    let path = program.folder.path().join("r.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    assert_eq!(program.run(["--failed", "r.jsonl"]).exit, Some(0));
    let cut: String = whole.split_inclusive('\n').take(3).collect();
    fs::write(&path, cut).unwrap();
    let refused = program.run(["--failed", "r.jsonl"]);
    assert!(
        refused.err.contains(
            "r.jsonl: it ends in the middle of a run; --skip-existing keeps what is there\n"
        ),
        "{}",
        refused.err
    );
}

#[test]
fn the_files_of_a_run_with_keep_paths_are_saved_in_the_same_folders() {
    let server = unreliable();
    let program = program(list(&server, &["x/y.txt", "bad.txt"]));
    program.run(["--input", "list", "--keep-paths", "--report", "r.json"]);
    let again = program.run(["--failed", "r.json"]);
    assert_eq!(again.exit, Some(0), "{}", again.err);
    let site = format!("127.0.0.1_{}", server.port());
    assert_eq!(listing(&program.downloads()), [site.as_str()]);
    let saved = listing(&program.downloads().join(site));
    assert_eq!(saved, ["bad.txt", "x"]);
}

#[test]
fn names_that_have_changed_are_a_usage_error() {
    let server = unreliable();
    let text = list(&server, &["a.txt\tone.txt", "bad.txt\ttwo.txt"]);
    let program = program(&text);
    program.run(["--input", "list", "-m", "1", "--report", "r.json"]);
    let swapped = text
        .replace("one", "three")
        .replace("two", "one")
        .replace("three", "two");
    fs::write(program.folder.path().join("list"), swapped).unwrap();
    let run = program.run(["--failed", "r.json"]);
    let message =
        "*** Usage error: --input FILE: list: it has changed since the report was written\n";
    assert!(run.err.starts_with(message), "{}", run.err);
}

#[test]
fn a_cut_report_with_a_limit_stands_for_no_more_lines_than_that() {
    let server = site();
    let names: Vec<_> = (0..20).map(|number| format!("{number}.txt")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let program = program(list(&server, &names));
    program.run([
        "--input", "list", "--limit", "5", "-m", "1", "--report", "r.jsonl",
    ]);
    let path = program.folder.path().join("r.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    fs::write(&path, lines[..4].concat()).unwrap();
    let again = program.run([
        "--failed", "r.jsonl", "-m", "1", "-v", "--report", "s.jsonl",
    ]);
    assert_eq!(results(&again), ["2.txt OK", "3.txt OK", "4.txt OK"]);

    let second = program.folder.path().join("s.jsonl");
    let whole = fs::read_to_string(&second).unwrap();
    let cut: String = whole.split_inclusive('\n').take(3).collect();
    fs::write(&second, cut).unwrap();
    let refused = program.run(["--failed", "s.jsonl"]);
    let message = "*** Usage error: --failed FILE: s.jsonl: it is cut, and the run was one with --failed: use the report that it had\n";
    assert!(refused.err.starts_with(message), "{}", refused.err);
}

#[test]
fn a_damaged_report_is_a_usage_error() {
    let server = site();
    let program = program(list(&server, &["a.txt", "missing"]));
    program.run(["--input", "list", "-m", "1", "--report", "r.jsonl"]);
    let path = program.folder.path().join("r.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    for (from, to, message) in [
        (
            "\"line\":2",
            "\"line\":18446744073709551615",
            "not a usable report: no list has a line 18446744073709551615\n",
        ),
        (
            "\"not_found\"",
            "\"lost\"",
            "line 4: not a usable report: unknown variant `lost`",
        ),
        (
            "\"line\":2,",
            "",
            "not a usable report: a record has neither code nor line\n",
        ),
    ] {
        fs::write(&path, whole.replacen(from, to, 1)).unwrap();
        let run = program.run(["--failed", "r.jsonl"]);
        let message = format!("*** Usage error: --failed FILE: r.jsonl: {message}");
        assert!(run.err.starts_with(&message), "{}", run.err);
        assert_eq!(run.exit, Some(2));
    }
}

#[test]
fn no_report_replaces_what_the_run_reads() {
    let server = site();
    let text = list(&server, &["a.txt"]);
    let program = program(&text);
    let at = |name: &str| program.folder.path().join(name);
    fs::rename(at("list"), at("l.csv")).unwrap();
    let refused = program.run(["--input", "l.csv", "--report", "./l.csv"]);
    let message = "*** Usage error: --report FILE must not be the list\n";
    assert!(refused.err.starts_with(message), "{}", refused.err);
    assert_eq!(fs::read_to_string(at("l.csv")).unwrap(), text);
    program.run(["--input", "l.csv", "--report", "r.jsonl"]);
    let report = fs::read_to_string(at("r.jsonl")).unwrap();
    let refused = program.run(["--failed", "r.jsonl", "--report", "r.jsonl"]);
    let message = "*** Usage error: --report FILE must not be that of --failed: ";
    assert!(refused.err.starts_with(message), "{}", refused.err);
    assert_eq!(fs::read_to_string(at("r.jsonl")).unwrap(), report);
}

#[test]
fn a_file_of_the_list_replaces_neither_the_list_nor_a_report_in_its_folder() {
    let server = site();
    let text = list(&server, &["a.txt\tlist", "b.txt\tr.jsonl", "c.txt\tr.json"]);
    let program = program(&text);
    let at = |name: &str| program.folder.path().join(name);
    let args = ["--input", "list", "--dest", "."];
    let run = program.run(
        args.into_iter()
            .chain(["--report", "r.jsonl", "--report", "r.json"]),
    );
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(fs::read_to_string(at("list")).unwrap(), text);
    assert!(
        fs::read_to_string(at("r.jsonl"))
            .unwrap()
            .starts_with("{\"schema\":2,")
    );
    assert!(
        fs::read_to_string(at("r.json"))
            .unwrap()
            .starts_with("{\n  \"schema\": 2,")
    );
    for (name, content) in [
        ("list.2", "/a.txt"),
        ("r.2.jsonl", "/b.txt"),
        ("r.2.json", "/c.txt"),
    ] {
        assert_eq!(fs::read_to_string(at(name)).unwrap(), content);
    }
}

#[test]
fn a_report_that_another_run_is_writing_is_refused_before_the_first_request() {
    let server = site();
    let program = program(list(&server, &["a.txt"]));
    let path = program.folder.path().join("r.jsonl");
    fs::write(&path, "first line of the other run\n").unwrap();
    let other = fs::File::options().write(true).open(&path).unwrap();
    other.try_lock().unwrap();
    let run = program.run(["--input", "list", "--report", "r.jsonl"]);
    run.assert_refused("cannot write r.jsonl: another run is writing it\n");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "first line of the other run\n"
    );
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_report_without_one_of_its_records_is_a_usage_error() {
    let server = site();
    let program = program(list(&server, &["a.txt", "b.txt"]));
    program.run(["--input", "list", "-m", "1", "--report", "r.jsonl"]);
    let path = program.folder.path().join("r.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines = whole
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("{\"line\":2,"));
    fs::write(&path, lines.collect::<String>()).unwrap();
    let run = program.run(["--failed", "r.jsonl"]);
    let message = "*** Usage error: --failed FILE: r.jsonl: not a usable report: it has 1 records of 2 items\n";
    assert!(run.err.starts_with(message), "{}", run.err);
}
