//! A comparison: its table, its bounds, and its report with a lane for each worker.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::gcd;

#[test]
fn a_comparison_shows_each_executor_with_the_bound() {
    let run = gcd("--compare --repeat 1 -j 2 --warmup 0 --rounds 1".split(' '));
    assert_eq!(run.exit, Some(0), "{run:?}");
    for row in [
        "sequential        1   6      0",
        "threads           2   6      0",
        "processes         2   6      0",
    ] {
        assert!(run.out.contains(row), "{row} in {}", run.out);
    }
    assert!(
        !run.out.contains("not found") && !run.out.contains("in flight"),
        "{}",
        run.out
    );
    let bound = "\nSpeed-up over sequential: at most 1.90 possible with 2 workers in this order, \
                 1.99 in the best order.\n";
    assert!(run.out.contains(bound), "{}", run.out);
    assert!(
        run.lines()
            .last()
            .unwrap()
            .starts_with("Euclid's algorithm needs ")
    );
    let begun: Vec<_> = run.err.lines().collect();
    let expected = [
        "6 pairs, each computed 1 time in each run",
        "round 1: sequential, 1 worker",
        "round 1: threads, 2 workers",
        "round 1: processes, 2 workers",
    ];
    assert_eq!(begun, expected);
}

#[test]
fn without_a_sequential_run_nothing_is_said_about_algorithms() {
    let args = "--compare --executor threads --at 1,2 --warmup 0 --rounds 1 --quiet --repeat 1";
    let run = gcd(args.split(' ').chain(["12,18", "30000,20000"]));
    assert_eq!((run.exit, &*run.err), (Some(0), ""));
    let bounds = "at most 1.00 possible with 1 worker in this order, 1.00 in the best order; \
                  at most 1.00 possible with 2 workers in this order, 1.00 in the best order.";
    assert!(run.out.contains(bounds), "{}", run.out);
    assert!(!run.out.contains("Euclid"), "{}", run.out);
}

#[test]
fn the_report_of_a_comparison_has_a_lane_for_each_worker() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.json");
    let args = "--compare --repeat 1 -j 2 --rounds 2 --report".split(' ');
    let run = gcd(args.chain([file.to_str().unwrap()]));
    assert_eq!(run.exit, Some(0), "{run:?}");

    let report: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let series = report["series"].as_array().unwrap();
    assert_eq!(series.len(), 3);
    assert!(series[0]["elapsed_ms"]["median"].as_f64().unwrap() > 0.0);
    let conclusion = report["conclusion"].as_str().unwrap();
    assert!(run.out.contains(conclusion), "{}", run.out);
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 6);
    for run in runs {
        let tasks = run["tasks"].as_array().unwrap();
        let lanes: BTreeSet<_> = tasks
            .iter()
            .map(|task| task["lane"].as_u64().unwrap())
            .collect();
        // With work of milliseconds, one worker may take everything before the other has started.
        assert!(
            lanes
                .iter()
                .all(|lane| *lane < run["slots"].as_u64().unwrap()),
            "{run}"
        );
        assert!(run["cpu_ms"].as_f64().unwrap() > 0.0, "{run}");
    }
    let facts = report["facts"].as_object().unwrap();
    let rounds =
        "2 rounds at most, in rotated order after 1 warm-up round, each run in its own process";
    assert_eq!(facts["Rounds"], rounds);
    assert!(
        facts["Workload"].as_str().unwrap().starts_with("trial: "),
        "{facts:?}"
    );
}
