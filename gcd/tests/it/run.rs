//! One run: its results, what it says about them, and its report.

use std::fs;

use serde_json::Value;

use crate::support::gcd;

const BOUND_OF_SIX: &str =
    "(at most 1.90 possible with 2 workers in this order, 1.99 in the best order).";

#[test]
fn every_executor_finds_the_divisors_of_the_original_pairs() {
    for executor in ["sequential", "threads", "processes"] {
        let run = gcd(["--executor", executor, "-j", "2"]);
        assert_eq!(run.exit, Some(0), "{run:?}");
        let lines = run.lines();
        assert_eq!(lines[0], "[1, 5, 1, 5, 2, 3]");
        let seconds = lines[1].strip_prefix("Took ").unwrap();
        let seconds = seconds.strip_suffix(" seconds.").unwrap();
        assert!(seconds.parse::<f64>().unwrap() > 0.0, "{seconds}");
        assert_eq!(seconds.split_once('.').unwrap().1.len(), 3, "{seconds}");
        assert!(
            lines
                .last()
                .unwrap()
                .starts_with("Euclid's algorithm needs ")
        );
        let is_pool = executor != "sequential";
        assert_eq!(lines.len(), 3 + usize::from(is_pool), "{run:?}");
        if is_pool {
            assert!(
                lines[2].starts_with("Speed-up over sequential: "),
                "{run:?}"
            );
            assert!(lines[2].ends_with(BOUND_OF_SIX), "{run:?}");
        }
    }
}

#[test]
fn the_four_pairs_and_those_of_the_user() {
    let first_line = |args: &[&str]| gcd(args).lines()[0].to_owned();
    assert_eq!(first_line(&["--pairs", "four"]), "[1, 1, 5, 1]");
    assert_eq!(
        first_line(&["12,18", "7,7", "12,18", "1,9"]),
        "[6, 7, 6, 1]"
    );
    assert_eq!(
        first_line(&["18446744073709551615,18446744073709551615"]),
        "[18446744073709551615]"
    );
}

#[test]
fn a_quiet_run_prints_only_the_results_and_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("r.json");
    let run = gcd(["--quiet", "12,18", "--report", json.to_str().unwrap()]);
    assert_eq!((run.exit, &*run.err), (Some(0), ""));
    assert_eq!(run.lines().len(), 2, "{run:?}");
    let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1, "no sequential run to compare with: {report}");
}

#[test]
fn a_run_that_is_too_short_suggests_how_often_to_repeat_it() {
    let suggests = |args: &[&str]| gcd(args).err.contains("--repeat 100000000 makes");
    assert!(suggests(&["12,18", "6,4"]));
    assert!(
        !suggests(&["12,18", "6,4", "--repeat", "2"]),
        "the user has chosen"
    );
}

#[test]
fn the_report_of_a_run_holds_the_sequential_run_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let (json, page) = (folder.path().join("r.json"), folder.path().join("r.html"));
    let reports = [
        "--report",
        json.to_str().unwrap(),
        "--report",
        page.to_str().unwrap(),
    ];
    let pairs = ["30000,20000", "40000,50000", "12,18", "12,18"];
    let run = gcd(["-j", "2"].into_iter().chain(reports).chain(pairs));
    assert_eq!(run.exit, Some(0), "{run:?}");

    let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let [threads, sequential] = &report["runs"].as_array().unwrap()[..] else {
        panic!("{report}")
    };
    assert_eq!(
        (&threads["label"], &threads["slots"]),
        (&"threads".into(), &2.into())
    );
    assert_eq!(
        (&sequential["label"], &sequential["slots"]),
        (&"sequential".into(), &1.into())
    );
    let names: Vec<_> = threads["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["name"])
        .collect();
    assert_eq!(names, ["30000,20000", "40000,50000", "12,18", "12,18 (2)"]);
    assert!(
        report["facts"]["Algorithm"]
            .as_str()
            .unwrap()
            .starts_with("Euclid's")
    );
    assert!(fs::read_to_string(page).unwrap().contains("30000,20000"));
}
