//! Usage errors, `--help` and `--version`.

#[cfg(unix)]
use std::ffi::OsStr;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;

use test_server::{Plan, TestServer};

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
        (&["--re", "3"], "--re is ambiguous: --report, --retries"),
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
    let is_heading = |line: &&str| line.ends_with(':') && !line.starts_with(' ');
    let headings = help.out.lines().filter(is_heading);
    let expected = [
        "Arguments:",
        "Codes:",
        "Downloads:",
        "Connections:",
        "Comparison:",
        "Output:",
        "Help:",
        "Examples:",
    ];
    assert_eq!(headings.collect::<Vec<_>>(), expected);
    let version = program.run(["-V"]);
    assert_eq!(
        (version.out.as_str(), version.exit),
        (concat!("flags ", env!("CARGO_PKG_VERSION"), "\n"), Some(0))
    );
}

#[test]
fn list_prints_the_codes_with_their_urls_and_requests_nothing() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let url = server.url();
    let list = program.run(["us", "br", "xx", "--list", "-s", &url]);
    let expected = format!("BR {url}/br/br.gif\nUS {url}/us/us.gif\nXX {url}/xx/xx.gif\n");
    assert_eq!(
        (list.out.as_str(), list.err.as_str(), list.exit),
        (expected.as_str(), "", Some(0))
    );
    assert_eq!(server.stats().requests, 0);
    assert!(listing(program.folder.path()).is_empty());

    let hidden = program.run(["br", "--list", "-s", "http://me:secret@example.org/x/"]);
    assert_eq!(hidden.out, "BR http://me:***@example.org/x/br/br.gif\n");
    let remote = program.run(["br", "--list", "-s", "REMOTE"]);
    assert_eq!(remote.out, "BR http://flupy.org/data/flags/br/br.gif\n");
    let labelled = Program::with_ports([7, 8, 9]).run(["br", "--list", "-s", "DELAY"]);
    assert_eq!(labelled.out, "BR http://localhost:8/flags/br/br.gif\n");
}

#[test]
fn list_omits_the_flags_that_skip_existing_keeps() {
    let program = Program::new();
    assert_eq!(program.run(["br", "us"]).exit, Some(0));
    let listed = |args: &[&str]| {
        let list = program.run([&["br", "cn", "--list"], args].concat()).out;
        let codes: Vec<_> = list.lines().map(|line| line[..2].to_owned()).collect();
        codes.join(" ")
    };
    assert_eq!(listed(&[]), "BR CN");
    assert_eq!(listed(&["--skip-existing"]), "CN");
}

#[test]
fn completions_and_the_manual_page_name_the_options_that_the_help_lists() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell", "BASH"] {
        let run = program.run(["--completions", shell]);
        assert_eq!((run.err.as_str(), run.exit), ("", Some(0)), "{shell}");
        for option in ["max_req", "fail-on-not-found", "list"] {
            assert!(run.out.contains(option), "{shell} {option}");
        }
        assert!(!run.out.contains("one-of-several"), "{shell}");
    }
    let unknown = program.run(["--completions", "sh"]);
    assert!(
        unknown.err.starts_with(
            "*** Usage error: --completions SHELL must be one of bash, elvish, fish, powershell, zsh, not 'sh'\n"
        ),
        "{}",
        unknown.err
    );
    assert_eq!(unknown.exit, Some(2));

    let page = program.run(["--man"]);
    assert_eq!((page.err.as_str(), page.exit), ("", Some(0)));
    for part in [".TH flags 1", ".SH COMPARISON", "max_req", "Exit codes"] {
        assert!(page.out.contains(part), "{part}: {}", page.out);
    }
    assert!(
        !page.out.contains("several\\fR"),
        "the hidden option is not shown"
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
