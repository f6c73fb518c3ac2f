//! `--max-time`: the time limit of a whole run or comparison.

use crate::support::{Program, STRATEGIES, listing, server};
use flags::report::Report;

#[test]
fn when_the_time_is_over_the_run_ends_like_after_a_signal() {
    let server = server("100:hang");
    for strategy in STRATEGIES {
        let program = Program::new();
        let args = ["br", "cn", "us", "-m", "2", "--report", "r.json"];
        let limits = ["--max-time", "0.2", "--strategy", strategy];
        let run = program.run([&["-s", &server.url()], &args[..], &limits].concat());
        assert_eq!(run.exit, Some(1));
        assert!(listing(&program.downloads()).is_empty());

        let report = std::fs::read_to_string(program.folder.path().join("r.json")).unwrap();
        let report: Report = serde_json::from_str(&report).unwrap();
        let (settings, totals) = (&report.runs[0].settings, &report.runs[0].totals);
        assert_eq!(
            (settings.max_time_ms, report.runs[0].ended_by),
            (Some(200.0), None)
        );
        // On a slow machine, fewer downloads have begun when the time is over.
        let connections = if strategy == "sequential" { 1 } else { 2 };
        assert!(totals.error <= connections, "{strategy}: {totals:?}");
        assert_eq!(totals.error + totals.not_attempted, 3, "{strategy}");
        let left = match totals.not_attempted {
            1 => "1 code".to_owned(),
            codes => format!("{codes} codes"),
        };
        let expected = format!(
            "*** Error: stopped after 200ms (--max-time): {left} not attempted\n\
             to go on: flags --failed r.json, or the same command with --skip-existing\n"
        );
        assert!(run.err.ends_with(&expected), "{strategy}: {}", run.err);
    }
}

#[test]
fn a_run_within_its_time_is_not_affected() {
    let run = Program::new().run(["br", "--max-time", "1000"]);
    assert!(!run.err.contains("max-time"), "{}", run.err);
    assert_eq!(run.exit, Some(0));
}

#[test]
fn the_time_of_a_comparison_is_that_of_all_its_runs() {
    let server = server("100:hang");
    let program = Program::new();
    let run = program.run(["--compare", "br", "-s", &server.url(), "--max-time", "0.5"]);
    let expected = "*** Error: stopped after 500ms (--max-time): 0 of 3 runs finished\n";
    assert!(run.err.contains(expected), "{}", run.err);
    assert_eq!(run.exit, Some(1));
}
