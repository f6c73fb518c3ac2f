//! What the program refuses, and what it says then.

use test_server::{Plan, TestServer};

use super::output;
use crate::support::program::command;

#[test]
fn list_faults_prints_a_line_per_fault() {
    let (out, err, exit) = output(&["--list-faults"], "");
    assert_eq!((err.as_str(), exit), ("", Some(0)));
    assert_eq!(out.lines().count(), test_server::list_faults().count());
    assert!(out.contains("\nreset-body[=BYTES] (200)"), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error_and_a_closed_one_is_not() {
    for args in [
        &["--list-faults"][..],
        &["--help"],
        &["--version"],
        &["--serve", "0"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = command("0,0,0").args(args).stdout(full.unwrap()).output();
        let output = output.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let expected =
            "test-server: cannot write to standard output: No space left on device (os error 28)\n";
        assert_eq!(
            (error.as_str(), output.status.code()),
            (expected, Some(1)),
            "{args:?}"
        );
    }
    for args in ["--list-faults", "--help", "--version"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command("0,0,0").arg(args).stdout(writer).output().unwrap();
        assert_eq!(
            (output.stderr.len(), output.status.code()),
            (0, Some(0)),
            "{args}"
        );
    }
}

#[test]
fn invalid_plans_exit_with_2_and_point_at_the_word() {
    for (args, before) in [
        (["--serve", "0=10:rset,5:close"], ""),
        (["--label", "LOCAL=10:rset,5:close"], ""),
    ] {
        let (out, err, exit) = output(&args, "0,0,0");
        let expected = "test-server: unknown fault 'rset'; did you mean 'reset'?\n  10:rset,5:close\n     ^^^^\n";
        assert_eq!(
            (out.as_str(), err, exit),
            (before, expected.to_owned(), Some(2))
        );
    }
    for (args, message) in [
        (
            ["--serve", "x=10:reset"],
            "--serve must begin with a port from 0 to 65535, not 'x=10:reset'",
        ),
        (
            ["--label", "REMOTE=10:reset"],
            "--label must be NAME=PLAN, where NAME is LOCAL, DELAY or ERROR, not 'REMOTE=10:reset'",
        ),
    ] {
        assert_eq!(
            output(&args, "0,0,0"),
            (String::new(), format!("test-server: {message}\n"), Some(2))
        );
    }
}

#[test]
fn invalid_settings_are_reported_in_one_line() {
    for (args, ports, message, exit) in [
        (
            &[][..],
            "8001,8002",
            "FLAGS_PORTS must be three different ports a,b,c from 0 to 65535 (of LOCAL, DELAY and ERROR), not '8001,8002'",
            2,
        ),
        (
            &["--error-rate", "101"],
            "0,0,0",
            "--error-rate: a share must be a number from 0 to 100",
            2,
        ),
        (
            &["--flags-dir", "/nowhere"],
            "0,0,0",
            "cannot start LOCAL: cannot read /nowhere: No such file or directory (os error 2)",
            1,
        ),
        // An address for documentation (RFC 5737), which no machine has.
        (
            &["--bind", "192.0.2.1"],
            "0,0,0",
            "cannot start LOCAL: cannot listen on 192.0.2.1: Cannot assign requested address (os error 99)",
            1,
        ),
    ] {
        let expected = (
            String::new(),
            format!("test-server: {message}\n"),
            Some(exit),
        );
        assert_eq!(output(args, ports), expected);
    }
    for wrong in [
        ["--delay", "soon"],
        ["--seed", "x"],
        ["--bind", "here"],
        ["--error-rate", "x"],
    ] {
        let (out, err, exit) = output(&wrong, "0,0,0");
        assert!(
            out.is_empty() && err.starts_with("test-server: invalid value"),
            "{err}"
        );
        assert_eq!(exit, Some(2));
    }
}

#[cfg(feature = "tls")]
#[test]
fn options_of_tls_are_checked() {
    let (out, error, exit) = output(&["--serve", "0=25:tls-expired"], "0,0,0");
    let refused = "test-server: 'tls-expired' needs --tls\n  25:tls-expired\n     ^^^^^^^^^^^\n";
    assert_eq!((out.as_str(), error.as_str(), exit), ("", refused, Some(2)));

    let (_, error, exit) = output(&["--ca-out", "ca.pem"], "0,0,0");
    assert_eq!(exit, Some(2), "{error}");

    let args = ["--serve", "0", "--tls", "--ca-out", "/nowhere/ca.pem"];
    let (out, error, exit) = output(&args, "0,0,0");
    assert_eq!((out.as_str(), exit), ("", Some(1)));
    assert!(
        error.starts_with("test-server: cannot write /nowhere/ca.pem: "),
        "{error}"
    );

    // Without a reader, opening a pipe to write takes for ever.
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let args = ["--serve", "0", "--tls", "--ca-out", pipe.to_str().unwrap()];
    let refused = format!(
        "test-server: cannot write {}: it is not a regular file\n",
        pipe.display()
    );
    assert_eq!(output(&args, "0,0,0"), (String::new(), refused, Some(1)));
}

#[cfg(feature = "tcp")]
#[test]
fn options_of_proxies_are_checked() {
    for (args, message) in [
        (
            &["--tcp", "9000"][..],
            "--tcp must be PORT=HOST:PORT or PORT=HOST:PORT=PLAN, not '9000'\n",
        ),
        (
            &["--tcp", "x=a:1"],
            "--tcp must be PORT=HOST:PORT or PORT=HOST:PORT=PLAN, not 'x=a:1'\n",
        ),
        (
            &["--tcp", "0=nowhere"],
            "cannot start TCP-1: 'nowhere' is not an address such as 127.0.0.1:5432\n",
        ),
        (
            &["--tcp", "0=a:1=10:delay=1s"],
            "'delay' is not for TCP: use tcp-..., transient and seq\n  10:delay=1s\n     ^^^^^\n",
        ),
        (
            &["--serve", "0=10:tcp-stall"],
            "'tcp-stall' needs --tcp\n  10:tcp-stall\n     ^^^^^^^^^\n",
        ),
        (
            &["--tcp", "0=127.0.0.1:1=100:seq(503,ok)"],
            "'status' is not for TCP: use tcp-..., transient and seq\n  100:seq(503,ok)\n          ^^^\n",
        ),
        (
            &["--tcp", "0=127.0.0.1:1=10:tcp-reset,5:reset"],
            "'reset' is not for TCP: use tcp-..., transient and seq\n  10:tcp-reset,5:reset\n                 ^^^^^\n",
        ),
        (
            &["--label", "LOCAL=5:seq(ok,tcp-reset)"],
            "'tcp-reset' needs --tcp\n  5:seq(ok,tcp-reset)\n           ^^^^^^^^^\n",
        ),
    ] {
        let (out, error, exit) = output(args, "0,0,0");
        let expected = format!("test-server: {message}");
        assert_eq!(
            (out.as_str(), error, exit),
            ("", expected, Some(2)),
            "{args:?}"
        );
    }
}

#[test]
fn a_port_in_use_is_reported_in_one_line_and_no_server_starts() {
    let holder = TestServer::start(Plan::normal()).unwrap();
    let port = holder.port();
    let (out, err, exit) = output(&[], &format!("0,{port},0"));
    assert_eq!(
        err,
        format!(
            "test-server: port {port} of DELAY is in use: stop the program that uses it, or choose \
             another port with FLAGS_PORTS=a,b,c\n"
        )
    );
    assert_eq!((out.as_str(), exit), ("", Some(1)));
}

#[test]
fn options_without_effect_are_refused() {
    let tcp = "0=127.0.0.1:9";
    for (args, message) in [
        (
            &["--tcp", tcp, "--journal", "5"][..],
            "--journal would have no effect: proxies of TCP do not have it, and no other server is started",
        ),
        (
            &["--tcp", tcp, "--delay", "1s"],
            "--delay would have no effect: proxies of TCP do not have it, and no other server is started",
        ),
        (
            &["--tcp", tcp, "--token", "t"],
            "--token would have no effect: proxies of TCP have control paths only with --control",
        ),
        (
            &["--token", "t", "--admin"],
            "--admin would have no effect: with a token, the control paths are open to requests with it, from everywhere, and to no others",
        ),
        (
            &["--bind", "0.0.0.0", "--allow-host", "orders"],
            "--allow-host would have no effect: without --admin, the control paths are closed beyond loopback",
        ),
        (
            &["--label", "error=10:reset", "--error-rate", "5"],
            "--error-rate would have no effect: --label gives ERROR another plan",
        ),
        (
            &["--label", "ERROR=", "--label", "DELAY=", "--delay", "1s"],
            "--delay would have no effect: --label gives DELAY and ERROR other plans",
        ),
        (
            &["--list-faults", "--serve", "0"],
            "--serve would have no effect: --list-faults only prints the faults",
        ),
        (
            &["--journal", "0"],
            "--journal would have no effect: the last 0 requests are none",
        ),
        (
            &["--serve", "21001", "--serve", "21001=10:reset"],
            "port 21001 is given twice",
        ),
        (
            &["--serve", "21001", "--serve", "0", "--control", "21001"],
            "port 21001 is given twice",
        ),
    ] {
        let expected = format!("test-server: {message}\n");
        assert_eq!(output(args, "0,0,0"), (String::new(), expected, Some(2)));
    }
    for host in ["", "a b", "a:80", "http://a", "[::1]"] {
        let (_, error, exit) = output(&["--allow-host", host], "0,0,0");
        let why = "a host is a name of letters, digits, '-', '_' and '.', without a port";
        assert!(
            error.starts_with("test-server: ") && error.contains(why),
            "{error}"
        );
        assert_eq!(exit, Some(2));
    }
    for token in ["", "a b", "a\n"] {
        let (_, error, exit) = output(&["--token", token], "0,0,0");
        assert!(
            error.contains("a token has at least one character, and no blanks"),
            "{error}"
        );
        assert_eq!(exit, Some(2));
    }
    let output = command("0,0,0")
        .env("TEST_SERVER_TOKEN", "t")
        .arg("--list-faults")
        .output();
    assert!(
        output.unwrap().status.success(),
        "the environment may be for another run"
    );
}
