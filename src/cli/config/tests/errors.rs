//! Usage errors: their messages, and which comes first.

use std::ffi::OsString;
use std::time::Duration;

use super::config;
use crate::cli::config::Config;
use crate::cli::usage::EarlyExit;

/// Returns the message of the usage error that these arguments give.
fn refused(args: &[&str]) -> String {
    let args = std::iter::once("flags")
        .chain(args.iter().copied())
        .map(OsString::from);
    match Config::from_args(args) {
        Err(EarlyExit::UsageError(text)) => {
            let (message, usage) = text.split_once('\n').unwrap();
            assert_eq!(usage, "Usage: flags [OPTIONS] [CC]...\n");
            message.trim_start_matches("*** Usage error: ").to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn usage_errors_are_reported_one_at_a_time_in_the_order_of_the_original() {
    let mut args = vec!["-m", "-3", "-l", "-1", "-s", "BOOK", "b2"];
    assert_eq!(refused(&args), "--max_req CONCURRENT must be >= 1");
    args[1] = "1";
    assert_eq!(refused(&args), "--limit N must be >= 1");
    args[3] = "1";
    assert_eq!(
        refused(&args),
        "--server LABEL must be one of DELAY, ERROR, LOCAL, REMOTE (or an http:// or https:// URL)"
    );
    args[5] = "local";
    assert_eq!(
        refused(&args),
        "each CC argument must be A to Z or AA to ZZ."
    );
    args.extend(["--limit", "abc"]);
    args[1] = "0";
    assert_eq!(refused(&args), "--limit N must be >= 1, not 'abc'");
}

#[test]
fn parse_errors_have_the_form_of_usage_errors() {
    for (args, message) in [
        (&["-l", "abc"][..], "--limit N must be >= 1, not 'abc'"),
        (&["-l", "1.5"], "--limit N must be >= 1, not '1.5'"),
        (&["-m="], "--max_req CONCURRENT needs a value"),
        (&["br", "-m"], "--max_req CONCURRENT needs a value"),
        (&["-m", "0"], "--max_req CONCURRENT must be >= 1"),
        (
            &["-m", "-99999999999999999999999"],
            "--max_req CONCURRENT must be >= 1",
        ),
        (
            &["--strategy", "fast"],
            "--strategy STRATEGY must be one of sequential, threadpool, semaphore, not 'fast'",
        ),
        (
            &["--limt", "3"],
            "unknown option --limt; did you mean --limit?",
        ),
        (&["-x"], "unknown option -x"),
        (&["--all=yes"], "--all takes no value, but got 'yes'"),
        (
            &["-s", "http://h/f?a"],
            "--server URL must end with its path: without '?' (query) and '#' (fragment)",
        ),
    ] {
        assert_eq!(refused(args), message, "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf_8_are_usage_errors() {
    use std::os::unix::ffi::OsStringExt as _;
    let broken = || OsString::from_vec(b"b\xff".to_vec());
    for option in [
        None,
        Some("-s"),
        Some("-l"),
        Some("--strategy"),
        Some("--timeout"),
    ] {
        let words = std::iter::once("flags").chain(option).map(OsString::from);
        let parsed = Config::from_args(words.chain([broken()]));
        assert!(
            matches!(parsed, Err(EarlyExit::UsageError(_))),
            "{option:?}: {parsed:?}"
        );
    }
    let all = ["flags".into(), "-a".into(), broken()];
    assert!(
        Config::from_args(all).is_ok(),
        "with -a the codes are not checked"
    );
}

#[test]
fn timeouts_are_decimal_and_positive() {
    let timeout = |text| config(&["--timeout", text]).limits.timeout;
    assert_eq!(timeout("0.25"), Duration::from_millis(250));
    assert_eq!(timeout("1e300"), Duration::MAX);
    assert_eq!(timeout("1e-300"), Duration::from_nanos(1));
    for wrong in ["0", "-1", "abc", "inf", "NaN", "-0.0"] {
        assert_eq!(
            refused(&["--timeout", wrong]),
            format!("--timeout SECONDS must be a number of seconds > 0, not '{wrong}'")
        );
    }
}
