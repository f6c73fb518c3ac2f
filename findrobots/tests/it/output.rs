//! What is printed: the hosts as lines, CSV and JSON, and the line about what was read.

use serde_json::Value;

use crate::support::pack::gzip;
use crate::support::{EXECUTORS, Folder, Run, hit, hits};

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
fn hosts_are_sorted_by_their_bytes() {
    let folder = folder_with(&hits(&["b", "a", "é", "Z", "10.0.0.1", "9.0.0.1", "a"]));
    run(&folder, &[]).assert("lines", &["10.0.0.1", "9.0.0.1", "Z", "a", "b", "é"], "", 0);
}

#[test]
fn counts_come_most_first_and_ties_by_host() {
    let folder = folder_with(&hits(&["b", "c", "a", "c", "d", "b", "é", "c"]));
    for option in ["--count", "-c"] {
        run(&folder, &[option]).assert(option, &["3 c", "2 b", "1 a", "1 d", "1 é"], "", 0);
    }
}

#[test]
fn csv_quotes_what_must_be_quoted() {
    let folder = folder_with(
        &[
            hits(&["a", "b", "b", "x,y", "\"q\"", "'s'"]),
            b"l\xfc 1 2 3 4 5 /robots.txt\n".to_vec(),
        ]
        .concat(),
    );
    let csv = run(&folder, &["--csv"]);
    let lines = "host,requests\n\"\"\"q\"\"\",1\n's',1\na,1\nb,2\nl\u{fc},1\n\"x,y\",1\n";
    let latin_1: String = csv.out.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!((&*latin_1, csv.exit), (lines, Some(0)));
    let by_requests = run(&folder, &["--csv", "--count"]).text();
    assert!(
        by_requests.starts_with("host,requests\nb,2\n"),
        "{by_requests}"
    );
    let none = folder_with(b"");
    run(&none, &["--csv"]).assert("none", &["host,requests"], "", 0);
}

#[test]
fn json_has_the_hosts_and_what_was_read() {
    let text = [
        hits(&["a", "\"b\"", "a"]),
        b"\xff\x01 1 2 3 4 5 /robots.txt\n\n".to_vec(),
    ]
    .concat();
    let folder = folder_with(&text);
    let bytes = gzip(&text);
    folder.write("cut.log.gz", &bytes[..bytes.len() - 2]);
    for executor in EXECUTORS {
        let args = [
            "--json",
            "--strict",
            "cut.log.gz",
            "gone",
            "--executor",
            executor,
            "-j",
            "3",
        ];
        let run = run(&folder, &args);
        assert_eq!(run.exit, Some(1), "{}", run.err);
        let json: Value = serde_json::from_slice(&run.out).unwrap();
        let hosts = serde_json::json!([
            { "host": "\"b\"", "requests": 2 },
            { "host": "a", "requests": 4 },
            { "host_base64": "/wE=", "requests": 2 },
        ]);
        assert_eq!(json["hosts"], hosts);
        let files =
            serde_json::json!({ "whole": 1, "in_part": 1, "not_at_all": 1, "not_attempted": 0 });
        assert_eq!(json["files"], files);
        let errors = json["errors"].as_array().unwrap();
        let paths: Vec<_> = errors.iter().map(|error| &error["path"]).collect();
        assert_eq!(paths, ["gone", "cut.log.gz"]);
        assert_eq!(errors[1]["offset"], bytes.len() - 2);
        assert_eq!(errors[1]["cause"], "the file is truncated");
        assert_eq!(json["schema"], 1);
        assert_eq!(json["malformed"][0]["sort"], "empty");
        assert_eq!(json["malformed"][0]["lines"], 2);
        assert_eq!(json["decompressed_bytes"], 2 * text.len());
        assert_eq!(json["compressed_bytes"], 2 * bytes.len() - 2);
        assert_eq!(json["lines_too_long"], 0);
        assert_eq!(json["executor"], executor);
        assert_eq!(
            json["workers"],
            if executor == "sequential" { 1 } else { 3 }
        );
        assert!(json["elapsed_ms"].as_f64().unwrap() > 0.0);
    }
    let by_requests = run(&folder, &["--json", "--count"]);
    let json: Value = serde_json::from_slice(&by_requests.out).unwrap();
    assert_eq!(json["hosts"][0]["host"], "a");
    assert_eq!(json["malformed"], Value::Null);
}

#[test]
fn the_last_line_of_standard_error_says_what_was_read() {
    let folder = folder_with(&hit("a"));
    let bytes = gzip(&hit("a"));
    folder.write("cut.log.gz", &bytes[..20]);
    for (args, start, end) in [
        (
            &["x.log.gz"][..],
            "1 file read whole, 99 B (81 B decompressed) in ",
            "",
        ),
        (
            &["x.log.gz", "x.log.gz", "-j", "1"],
            "2 files read whole, ",
            " on 1 thread\n",
        ),
        (
            &["x.log.gz", "-j", "3"],
            "1 file read whole, ",
            " on 3 threads\n",
        ),
        (
            &["x.log.gz", "-j", "3", "--executor", "sequential"],
            "",
            " one after another\n",
        ),
        (
            &["x.log.gz", "--executor", "PROCESSES", "--workers", "1"],
            "",
            " on 1 process\n",
        ),
        (
            &["x.log.gz", "--executor", "processes", "-j2"],
            "",
            " on 2 processes\n",
        ),
    ] {
        let run = folder.run(args);
        assert!(
            run.err.starts_with(start) && run.err.ends_with(end),
            "{args:?}: {}",
            run.err
        );
        assert_eq!((run.err.lines().count(), run.exit), (1, Some(0)));
        // Of so little, the rate would be that of starting.
        assert!(!run.err.contains("MB/s"), "{}", run.err);
    }
    let run = folder.run(["x.log.gz", "cut.log.gz"]);
    let last = run.err.lines().last().unwrap();
    assert!(
        last.starts_with("2 files: 1 read whole, 1 not at all, "),
        "{last}"
    );
}
