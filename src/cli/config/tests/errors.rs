//! Usage errors: their messages, and which comes first.

use std::ffi::OsString;
use std::time::Duration;

use super::config;
use crate::cli::config::Config;
use crate::cli::config::EarlyExit;

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
        "'b2' is not a country code: use one or two letters, such as br"
    );
    args.extend(["--limit", "abc"]);
    args[1] = "0";
    assert_eq!(
        refused(&args),
        "--limit N must be a whole number, not 'abc'"
    );
}

#[test]
fn parse_errors_have_the_form_of_usage_errors() {
    for (args, message) in [
        (
            &["-l", "abc"][..],
            "--limit N must be a whole number, not 'abc'",
        ),
        (
            &["-l", "1.5"],
            "--limit N must be a whole number, not '1.5'",
        ),
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
            &["--executor", "threads"],
            "--executor EXECUTOR must be one of local, nats, not 'threads'",
        ),
        #[cfg(not(feature = "nats"))]
        (
            &["--executor", "nats"],
            "--executor EXECUTOR is nats, which needs a program that was built with `--features nats`",
        ),
        (
            &["--limt", "3"],
            "unknown option --limt; did you mean --limit?",
        ),
        (&["-x"], "unknown option -x; try --help"),
        (&["--all=yes"], "--all takes no value, but got 'yes'"),
        (
            &["-s", "http://h/f?a"],
            "--server URL must end with its path: without '?' (query) and '#' (fragment)",
        ),
    ] {
        assert_eq!(refused(args), message, "{args:?}");
    }
}

#[test]
fn a_word_that_is_not_a_code_is_named_with_what_to_type_instead() {
    for (word, message) in [
        ("xyz", "use one or two letters, such as br"),
        ("", "use one or two letters, such as br"),
        ("br,us", "separate codes with spaces, as in br us"),
        ("BRA", "did you mean br?"),
        ("Brazil", "did you mean br?"),
    ] {
        let expected = format!("'{word}' is not a country code: {message}");
        assert_eq!(refused(&["us", word]), expected);
    }
    assert_eq!(
        refused(&["\u{1b}[2J"]),
        "'\u{fffd}[2J' is not a country code: use one or two letters, such as br"
    );
}

#[test]
fn numbers_must_be_whole_and_lists_separated_by_commas() {
    assert_eq!(
        refused(&["--limit", "1e3"]),
        "--limit N must be a whole number, not '1e3'"
    );
    for limits in ["1,,2", "", "1 2", "1,x"] {
        let expected = match limits {
            "" => "--at LIMITS needs a value".to_owned(),
            _ => format!(
                "--at LIMITS must be numbers separated by commas, such as 1,5,26, not '{limits}'"
            ),
        };
        assert_eq!(refused(&["--compare", "--at", limits]), expected);
    }
}

#[test]
fn a_part_of_a_strategy_suggests_it() {
    let must = "--strategy STRATEGY must be one of sequential, threadpool, semaphore";
    assert_eq!(
        refused(&["--strategy", "thread"]),
        format!("{must}, not 'thread'; did you mean threadpool?")
    );
    assert_eq!(
        refused(&["--compare", "--strategy", "semaphore,seq"]),
        format!("{must}, not 'seq'; did you mean sequential?")
    );
}

#[test]
fn an_address_suggests_its_url_and_a_misspelt_label_the_label() {
    let must =
        "--server LABEL must be one of DELAY, ERROR, LOCAL, REMOTE (or an http:// or https:// URL)";
    for (typed, hint) in [
        (
            "localhost:9000",
            "; did you mean http://localhost:9000/flags?",
        ),
        ("DELYA", "; did you mean DELAY?"),
        ("BOOK", ""),
        ("DELA", "; did you mean DELAY?"),
        ("me:secret@localhost:9000", ""),
    ] {
        assert_eq!(refused(&["-s", typed]), format!("{must}{hint}"), "{typed}");
    }
}

#[test]
fn an_ambiguous_prefix_lists_the_options_that_start_with_it() {
    for (prefix, options) in [
        ("--re", "--report, --retries"),
        ("--r", "--rate, --report, --retries, --rounds"),
        ("--fail", "--fail-on-not-found, --failed"),
    ] {
        let expected = format!("{prefix} is ambiguous: {options}");
        assert_eq!(refused(&[prefix, "3"]), expected);
    }
}

#[test]
fn an_unknown_option_suggests_only_one_that_is_nearly_the_same() {
    for (typed, hint) in [
        ("--foo", "try --help"),
        ("--nonsense", "try --help"),
        ("--x", "try --help"),
        ("--conect-timout", "did you mean --connect-timeout?"),
        ("--size_limit", "did you mean --size-limit?"),
        ("--hlep", "did you mean --help?"),
        ("--lmt", "try --help"),
    ] {
        assert_eq!(refused(&[typed]), format!("unknown option {typed}; {hint}"));
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
