//! Comparisons and reports.

use std::collections::BTreeSet;
use std::fs;

use roxmltree::{Document, ParsingOptions};
use serde_json::Value;

use crate::support::pack::gzip;
use crate::support::{EXECUTORS, Folder, hit};

const REPORTS: [&str; 8] = [
    "--report", "r.html", "--report", "r.json", "--report", "r.md", "--report", "r.svg",
];

/// A folder with some logs in `logs`.
fn folder() -> Folder {
    let folder = Folder::new();
    for number in 0..5 {
        folder.write(
            format!("logs/{number}.log.gz"),
            gzip(&hit(&format!("host-{number}"))),
        );
    }
    folder
}

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// Parses a page or a picture as XML. Panics if it is not well-formed.
fn assert_well_formed(text: &str) {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).unwrap();
}

/// Asserts that all four reports were written, and returns the runs of the one for programs.
fn runs(folder: &Folder) -> Vec<Value> {
    assert_well_formed(&read(folder, "r.html"));
    assert_well_formed(&read(folder, "r.svg"));
    assert!(
        read(folder, "r.md").contains("\n| "),
        "{}",
        read(folder, "r.md")
    );
    let json: Value = serde_json::from_str(&read(folder, "r.json")).unwrap();
    assert_eq!(json["schema"], 1);
    let runs = json["runs"].as_array().unwrap();
    for run in runs {
        let slots = run["slots"].as_u64().unwrap();
        let tasks = run["tasks"].as_array().unwrap();
        let lanes = tasks.iter().filter_map(|task| task["lane"].as_u64());
        assert!(lanes.clone().all(|lane| lane < slots), "{run:#}");
        let names: BTreeSet<_> = tasks
            .iter()
            .map(|task| task["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.len(), tasks.len(), "{run:#}");
    }
    runs.clone()
}

/// Returns the first words of the rows of the first table.
fn rows(text: &str) -> Vec<&str> {
    let rows = text
        .trim_start()
        .lines()
        .take_while(|line| !line.is_empty());
    let rows = rows.filter(|row| row.starts_with(|c: char| c.is_ascii_alphabetic()));
    let words = rows.map(|row| row.split_whitespace().next().unwrap());
    words.skip(1).collect()
}

#[test]
fn a_comparison_has_each_executor_with_the_same_work() {
    let folder = folder();
    let run = folder.run(
        [
            &[
                "--compare",
                "--rounds",
                "1",
                "--warmup",
                "0",
                "-j",
                "2",
                "logs",
            ],
            &REPORTS[..],
        ]
        .concat(),
    );
    assert_eq!((run.exit, &*run.err), (Some(0), ""), "{}", run.text());
    assert_eq!(rows(&run.text()), EXECUTORS, "{}", run.text());
    let runs = runs(&folder);
    let labels: Vec<_> = runs
        .iter()
        .map(|run| {
            (
                run["label"].as_str().unwrap(),
                run["slots"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        labels,
        [("sequential", 1), ("threads", 2), ("processes", 2)]
    );
    let tasks: Vec<_> = runs
        .iter()
        .map(|run| run["tasks"].as_array().unwrap().len())
        .collect();
    assert_eq!(tasks, [tasks[0]; 3]);
    let outcomes = runs.iter().flat_map(|run| run["tasks"].as_array().unwrap());
    assert!(outcomes.into_iter().all(|task| task["outcome"] == "ok"));
}

#[test]
fn executors_numbers_of_workers_and_rounds_are_combined() {
    let folder = folder();
    let args = [
        "--compare",
        "--executor",
        "threads,processes",
        "--at",
        "1,3",
        "--rounds",
        "2",
        "--warmup",
        "0",
        "logs",
    ];
    let run = folder.run([&args, &REPORTS[..]].concat());
    assert_eq!(run.exit, Some(0), "{}", run.err);
    let runs = runs(&folder);
    let mut labels: Vec<_> = runs
        .iter()
        .map(|run| {
            (
                run["label"].as_str().unwrap(),
                run["slots"].as_u64().unwrap(),
                run["round"].as_u64().unwrap(),
            )
        })
        .collect();
    labels.sort_unstable();
    let expected = ["processes", "threads"]
        .into_iter()
        .flat_map(|label| [(label, 1, 1), (label, 1, 2), (label, 3, 1), (label, 3, 2)]);
    assert_eq!(labels, expected.collect::<Vec<_>>());
}

#[test]
fn a_damaged_or_missing_file_makes_a_comparison_incomplete() {
    let folder = folder();
    folder.write("logs/cut.log.gz", &gzip(&hit("x"))[..30]);
    let run = folder.run(["--compare", "--warmup", "0", "logs"]);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    assert_eq!(rows(&run.text()), EXECUTORS, "{}", run.text());
    let run = folder.run(["--compare", "--warmup", "0", "gone", "logs/1.log.gz"]);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    assert!(
        run.err.starts_with("*** Error: gone: No such file"),
        "{}",
        run.err
    );
    let strict = folder.run(["--compare", "--warmup", "0", "--strict", "logs/1.log.gz"]);
    assert_eq!((strict.exit, &*strict.err), (Some(0), ""));
}

#[test]
fn a_run_has_reports_on_each_executor() {
    let folder = folder();
    for executor in EXECUTORS {
        let run = folder.run_on(executor, &[&["logs"], &REPORTS[..]].concat());
        run.assert(
            executor,
            &["host-0", "host-1", "host-2", "host-3", "host-4"],
            "",
            0,
        );
        let runs = runs(&folder);
        assert_eq!((runs.len(), &runs[0]["label"]), (1, &Value::from(executor)));
    }
}

#[test]
fn reports_are_well_formed_whatever_the_names_of_the_files() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = Folder::new();
    let names: [&[u8]; 5] = [
        b"<script>&\"'.log.gz",
        b"\x1b[31m\x01\n.log.gz",
        b"]]>-->.log.gz",
        b"\xff\xfe.log.gz",
        "\u{fffe}\u{2028}.log.gz".as_bytes(),
    ];
    let bytes = gzip(&hit("h"));
    for name in names {
        let name = std::ffi::OsStr::from_bytes(name);
        // Each in a task of its own: small files are read together, and only the first one is named.
        let path = folder.write(name, &bytes[..bytes.len() - 1]);
        let path = path
            .strip_prefix(folder.path())
            .unwrap()
            .as_os_str()
            .to_owned();
        let mut command = folder.command();
        let run =
            crate::support::Run::of(command.args(["-q", "-j", "1"]).args(REPORTS).arg(path), b"");
        assert_eq!(run.exit, Some(1), "{}", run.err);
        assert_eq!(runs(&folder)[0]["tasks"][0]["outcome"], "error");
    }
    let path = "--path=/<&>'\u{1}";
    folder.write("x.log", hit("h"));
    let run = folder.run([&["-q", path, "x.log"], &REPORTS[..]].concat());
    assert_eq!(run.exit, Some(0), "{}", run.err);
    runs(&folder);
}

#[test]
fn a_run_of_standard_input_alone_has_reports_too() {
    let folder = Folder::new();
    let mut command = folder.command();
    command.args(["-q", "-"]).args(REPORTS);
    let run = crate::support::Run::of(&mut command, &gzip(&hit("a")));
    run.assert("standard input", &["a"], "", 0);
    assert_eq!(runs(&folder).len(), 1);
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_before_anything_is_read() {
    let folder = folder();
    fs::create_dir(folder.path().join("folder.html")).unwrap();
    for report in ["gone/r.html", "folder.html"] {
        let run = folder.run(["--report", report, "logs"]);
        assert!(run.err.starts_with("*** Error: "), "{}", run.err);
        assert!(run.err.contains(report), "{}", run.err);
        assert_eq!((&*run.text(), run.exit), ("", Some(3)), "{}", run.err);
    }
}
