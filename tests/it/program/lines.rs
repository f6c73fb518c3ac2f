//! The lines that a run prints.

use crate::support::{Program, Run, listing, server};

#[test]
fn delay_b_saves_17_flags_and_does_not_find_9() {
    for strategy in ["threadpool", "semaphore"] {
        let program = Program::new();
        let run = program.run(["-s", "DELAY", "b", "--strategy", strategy]);
        assert_eq!(
            run.normalized_output(),
            "DELAY site: http://localhost:PORT/flags\n\
             Searching for 26 flags: from BA to BZ\n\
             26 concurrent connections will be used.\n\
             --------------------\n\
             17 flags downloaded.\n\
             9 not found.\n\
             Elapsed time: TIME\n"
        );
        assert_eq!(run.exit, Some(0));
        assert_eq!(listing(&program.downloads()).len(), 17);
    }
}

#[test]
fn verbose_prints_a_line_for_each_code_before_the_summary() {
    let program = Program::new();
    let run = program.run(["-v", "--strategy", "SEQUENTIAL", "br", "xx", "us"]);
    assert_eq!(
        run.normalized_output(),
        "LOCAL site: http://localhost:PORT/flags\n\
         Searching for 3 flags: BR, US, XX\n\
         1 concurrent connection will be used.\n\
         BR OK\n\
         US OK\n\
         XX not found\n\
         --------------------\n\
         2 flags downloaded.\n\
         1 not found.\n\
         Elapsed time: TIME\n"
    );
    assert_eq!(run.exit, Some(0));
}

#[test]
fn errors_are_listed_by_code_or_grouped_by_cause_and_exit_with_1() {
    let program = Program::new();
    let args = ["-s", "error", "be", "bh", "br", "cs"];
    let verbose = program.run([&args[..], &["-v"]].concat());
    let mut lines: Vec<_> = verbose.out.lines().skip(3).take(4).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "*** Error for BE: HTTP error 500 - Internal Server Error",
            "*** Error for BH: HTTP error 502 - Bad Gateway",
            "*** Error for BR: HTTP error 500 - Internal Server Error",
            "*** Error for CS: HTTP error 503 - Service Unavailable",
        ]
    );
    assert!(!verbose.err.contains("HTTP error"), "{}", verbose.err);
    assert_eq!(verbose.exit, Some(1));

    let grouped = program.run(args);
    assert!(
        grouped.out.ends_with("s\n") && grouped.out.contains("\n0 flags downloaded.\n4 errors.\n")
    );
    let causes = "HTTP error 500 - Internal Server Error: 2 codes\n  BE, BR\n\
                  HTTP error 502 - Bad Gateway: 1 code\n  BH\n\
                  HTTP error 503 - Service Unavailable: 1 code\n  CS\n";
    assert!(grouped.err.ends_with(causes), "{}", grouped.err);
    assert_eq!(grouped.exit, Some(1));
}

#[test]
fn quiet_silences_standard_error_but_not_the_summary() {
    let program = Program::new();
    let run = program.run(["-q", "-s", "error", "be", "bd"]);
    assert_eq!((run.err.as_str(), run.exit), ("", Some(1)));
    assert_eq!(run.out.lines().count(), 7, "{}", run.out);
}

#[test]
fn a_run_reports_bytes_latencies_and_retries_on_standard_error() {
    let server = server("100:status=503+transient=1");
    let program = Program::new();
    let args = ["br", "us", "--retries", "2", "-s", &server.url()];
    let run = program.run(args);
    let (figures, saved) = run.err.split_once('\n').unwrap();
    assert_eq!(saved, "2 flags saved in downloads\n");
    let words: Vec<_> = figures
        .split([' ', ','])
        .filter(|word| word.starts_with(|c: char| !c.is_ascii_digit()))
        .collect();
    let downloads = program.downloads();
    let sizes = listing(&downloads).into_iter();
    let bytes: u64 = sizes
        .map(|name| std::fs::metadata(downloads.join(name)).unwrap().len())
        .sum();
    assert!(
        figures.starts_with(&format!("{:.1} kB at ", bytes as f64 / 1000.0)),
        "{figures} for {bytes}"
    );
    assert!(figures.ends_with(" ms, 2 retries"), "{figures}");
    assert_eq!(
        words,
        [
            "kB", "at", "kB/s", "latency", "p50", "ms", "p95", "ms", "max", "ms", "retries"
        ],
        "{figures}"
    );
    let quiet = program.run([&args[..], &["-q"]].concat());
    assert_eq!(quiet.err, "");
}

#[test]
fn more_connections_than_possible_are_reported_with_the_most() {
    let program = Program::new();
    let notice = "--max_req 5000: the most is 1000 concurrent requests\n";
    assert!(program.run(["br", "-m", "5000"]).err.starts_with(notice));
    assert!(
        !program
            .run(["br", "-m", "1000"])
            .err
            .contains("the most is")
    );
    assert_eq!(program.run(["br", "-qm5000"]).err, "");
    let compared = program.run([
        "br",
        "--compare",
        "--at",
        "5,2000",
        "--strategy",
        "semaphore",
        "-v",
    ]);
    let notice = "--at 2000: the most is 1000 concurrent requests\n";
    assert_eq!(compared.err.matches(notice).count(), 1, "{}", compared.err);
}

#[test]
fn errors_are_red_where_colours_are_wanted() {
    let program = Program::new();
    let (red, end) = ("\u{1b}[31m", "\u{1b}[0m");
    let run = |args: &[&str], variable: &str| {
        let mut command = program.command();
        command.args(["-s", "error", "be", "bd"]).args(args);
        Run::of(command.env(variable, "1"))
    };
    let cause = "HTTP error 500 - Internal Server Error";
    for (args, variable) in [
        (&["--color", "always"][..], "NO_COLOR"),
        (&[], "CLICOLOR_FORCE"),
    ] {
        let grouped = run(args, variable).err;
        assert!(
            grouped.contains(&format!("{red}{cause}{end}: 1 code\n")),
            "{grouped}"
        );
        let verbose = run(&[args, &["-v"]].concat(), variable).out;
        assert!(
            verbose.contains(&format!("\n{red}*** Error for BE: {cause}{end}\n")),
            "{verbose}"
        );
        assert!(verbose.contains("\nBD "), "{verbose}");
    }
    for (args, variable) in [
        (&["--color", "never"][..], "CLICOLOR_FORCE"),
        (&["--color", "auto"], "NO_COLOR"),
    ] {
        let plain = run(args, variable);
        assert!(!(plain.out + &plain.err).contains('\u{1b}'));
    }
    let compared = run(&["--color=always", "--compare", "-v"], "NO_COLOR").err;
    assert!(
        compared.contains(&format!("{red}*** Error for BE")),
        "{compared}"
    );
}

#[test]
fn no_control_byte_reaches_a_pipe() {
    let program = Program::new();
    let run = program.run(["-s", "error", "b"]);
    let printed = run.out + &run.err;
    assert!(
        printed.chars().all(|c| c == '\n' || !c.is_control()),
        "{printed:?}"
    );
}
