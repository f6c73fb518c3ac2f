//! Usage errors, `--help` and `--version`.

#[cfg(unix)]
use std::ffi::OsStr;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;

use crate::support::{Program, Run, listing};

#[test]
fn usage_errors_are_printed_on_standard_error_with_the_usage_and_exit_2() {
    let program = Program::new();
    for (args, message) in [
        (
            &["-m", "-3", "-l", "-1", "-s", "BOOK", "b2"][..],
            "--max_req CONCURRENT must be >= 1",
        ),
        (&["-l", "-1", "-s", "BOOK", "b2"], "--limit N must be >= 1"),
        (
            &["-s", "BOOK", "b2"],
            "--server LABEL must be one of DELAY, ERROR, LOCAL, REMOTE (or an http:// or https:// URL)",
        ),
        (
            &["br", "b2"],
            "'b2' is not a country code: use one or two letters, such as br",
        ),
        (
            &["--limit", "abc", "-m", "0"],
            "--limit N must be a whole number, not 'abc'",
        ),
        (
            &["--timeout", "0"],
            "--timeout SECONDS must be a number of seconds > 0, not '0'",
        ),
        (&["--nonsense"], "unknown option --nonsense; try --help"),
        (
            &["br,us"],
            "'br,us' is not a country code: separate codes with spaces, as in br us",
        ),
        (
            &["Brazil"],
            "'Brazil' is not a country code: did you mean br?",
        ),
        (
            &["--limit", "1e3"],
            "--limit N must be a whole number, not '1e3'",
        ),
        (&["--re", "3"], "--re is ambiguous: --retries, --report"),
    ] {
        let run = program.run(args);
        let expected = format!("*** Usage error: {message}\nUsage: flags [OPTIONS] [CC]...\n");
        assert_eq!(
            (run.out.as_str(), run.err, run.exit),
            ("", expected, Some(2)),
            "{args:?}"
        );
    }
    let run = Run::of(program.command().env("FLAGS_PORTS", "8001"));
    let expected = "*** Usage error: FLAGS_PORTS must be three different ports a,b,c from 0 to 65535 (of LOCAL, DELAY and ERROR), not '8001'\n";
    assert!(run.err.starts_with(expected), "{}", run.err);
    assert_eq!(run.exit, Some(2));
    assert!(
        listing(program.folder.path()).is_empty(),
        "no file is created before the arguments are valid"
    );
}

#[test]
fn help_and_version_are_printed_on_standard_output_and_exit_0() {
    let program = Program::new();
    let help = program.run(["--help"]);
    assert_eq!((help.err.as_str(), help.exit), ("", Some(0)));
    for option in [
        "--all",
        "--every",
        "--limit",
        "--max_req",
        "--server",
        "--verbose",
        "--strategy",
        "--dest",
        "--timeout",
        "--quiet",
        "--version",
    ] {
        assert!(help.out.contains(option), "{option}");
    }
    let version = program.run(["-V"]);
    assert_eq!(
        (version.out.as_str(), version.exit),
        (concat!("flags ", env!("CARGO_PKG_VERSION"), "\n"), Some(0))
    );
}

#[cfg(unix)]
#[test]
fn a_code_that_is_not_utf_8_is_a_usage_error() {
    let run = Program::new().run([OsStr::from_bytes(b"b\xff")]);
    assert!(run.err.starts_with(
        "*** Usage error: 'b\u{fffd}' is not a country code: use one or two letters, such as br\n"
    ));
    assert_eq!(run.exit, Some(2));
}
