//! The options of a comparison, and those that it passes on to its runs.

use super::compare;
use crate::support::{Program, server};
use flags::report::Report;

#[test]
fn options_are_passed_to_the_runs() {
    let server = server("100:status=503");
    let program = Program::new();
    let args = ["-s", &server.url(), "br", "--strategy", "semaphore"];
    let more = [
        "--retries",
        "1",
        "--timeout",
        "2.5",
        "--connect-timeout",
        "0.5",
        "--size-limit",
        "2KiB",
    ];
    let (run, results) = compare(&program, &[&args[..], &more].concat());
    let settings = &results.runs[0].settings;
    assert_eq!((settings.retries, settings.size_limit), (1, Some(2048)));
    assert_eq!(
        (settings.timeout_ms, settings.connect_timeout_ms),
        (2500.0, 500.0)
    );
    assert_eq!(results.runs[0].records[0].attempts, 2);
    assert!(
        !run.out.contains("times faster"),
        "a single strategy has no speed-up"
    );
}

#[test]
fn options_of_a_comparison_are_usage_errors_elsewhere_and_the_reverse() {
    let program = Program::new();
    for (args, message) in [
        (&["--rounds", "3"][..], "--rounds N needs --compare"),
        (&["--warmup", "3"], "--warmup N needs --compare"),
        (&["--at", "1,5"], "--at LIMITS needs --compare"),
        (
            &["--strategy", "sequential,semaphore"],
            "several strategies need --compare",
        ),
        (&["--compare", "--rounds", "0"], "--rounds N must be >= 1"),
        (&["--compare", "--at", "5,0"], "--at LIMITS must be >= 1"),
        (
            &["--compare", "--at", "5,x"],
            "--at LIMITS must be numbers separated by commas, such as 1,5,26, not '5,x'",
        ),
        (
            &["--compare", "--at", "5", "-m", "5"],
            "--at LIMITS cannot be used with --max_req CONCURRENT",
        ),
        (
            &["--compare", "--skip-existing"],
            "--skip-existing cannot be used with --compare: each run starts with an empty folder",
        ),
    ] {
        let run = program.run(args);
        let expected = format!("*** Usage error: {message}\nUsage: flags [OPTIONS] [CC]...\n");
        assert_eq!((run.err, run.exit), (expected, Some(2)), "{args:?}");
    }
}

#[test]
fn json_on_standard_output_has_no_other_text_around_it() {
    let program = Program::new();
    let run = program.run(["br", "--compare", "--rounds", "1", "--report", "-"]);
    let results: Report = serde_json::from_str(&run.out).unwrap();
    assert_eq!(results.runs.len(), 3);
}

#[test]
fn a_comparison_of_no_codes_sends_no_request() {
    let server = server("");
    let program = Program::new();
    let url = server.url();
    program.run(["-s", &url, "br", "--report", "clean.json"]);
    let before = server.stats().requests;
    let run = program.run(["--failed", "clean.json", "--compare"]);
    assert!(
        run.out.ends_with("\nSearching for 0 flags: none\n"),
        "{}",
        run.out
    );
    assert_eq!((run.exit, server.stats().requests), (Some(0), before));
}
