//! What a comparison says while it runs.

use super::compare;
use crate::support::{Program, server};

#[test]
fn the_runs_are_announced_and_a_long_one_leaves_a_line() {
    let program = Program::new();
    let args = ["-s", "DELAY", "br", "us"];
    let (run, _) = compare(&program, &args);
    let lines: Vec<_> = run.err.lines().collect();
    assert!(
        lines[0].starts_with("DELAY is served by this run on port "),
        "{lines:?}"
    );
    assert_eq!(lines[1], "3 runs, about 2 s");
    assert!(
        lines[2].starts_with("run 1 of 3: sequential, 1 connection: ")
            && lines[2].ends_with(" s, 2 ok, 0 not found, 0 errors"),
        "{lines:?}"
    );
    let (quiet, _) = compare(&program, &[&args[..], &["-q"]].concat());
    assert_eq!(quiet.err, "");
}

#[test]
fn the_number_of_runs_is_announced_if_it_is_fixed() {
    let program = Program::new();
    let run = program.run(["br", "--compare", "--rounds", "2", "--warmup", "1"]);
    assert!(run.err.contains("\n9 runs\n"), "{}", run.err);
    let run = program.run(["br", "--compare"]);
    assert!(!run.err.contains(" runs\n"), "{}", run.err);
}

#[test]
fn failures_are_grouped_by_cause_over_all_runs() {
    let server = server("100:status=503");
    let program = Program::new();
    let (run, _) = compare(&program, &["-s", &server.url(), "br", "us"]);
    let group = "\nHTTP error 503 - Service Unavailable: 2 codes in each of 3 runs\n  BR, US\n";
    assert!(run.err.ends_with(group), "{}", run.err);
}

#[test]
fn verbose_lines_of_the_runs_are_passed_on_below_their_headings() {
    let server = server("100:status=503");
    let program = Program::new();
    let url = server.url();
    let (run, _) = compare(&program, &["-s", &url, "br", "-v", "--color", "always"]);
    let line = "\u{1b}[31m*** Error for BR: HTTP error 503 - Service Unavailable\u{1b}[0m\n";
    for heading in ["sequential", "threadpool", "semaphore"] {
        let expected = format!("\n{heading}, 1 connection:\n{line}");
        assert!(run.err.contains(&expected), "{}", run.err);
    }
}

/// There, a process in the background that writes is stopped. The processes of the runs must not be.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_stops_background_output_does_not_stop_the_runs() {
    use crate::support::Run;
    let program = Program::new();
    // `script` runs the command in a terminal of its own.
    let command = "timeout -s KILL 100 script -qec \"stty tostop; exec $0 --compare --rounds 1 br us\" /dev/null";
    let run = Run::of(&mut program.inside(&["sh", "-c", command]));
    assert_eq!(run.exit, Some(0), "{}{}", run.out, run.err);
    assert!(run.out.contains("speed-up"), "{}", run.out);
}
