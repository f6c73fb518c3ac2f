//! The program as people and scripts meet it: what it prints where, its exit code, and what it leaves behind.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod support;

use std::fs;
use std::net::{Ipv6Addr, TcpListener};

use support::{Program, Run, listing, until};
use test_server::{Plan, TestServer};

#[test]
fn delay_b_saves_17_flags_and_misses_9() {
    for strategy in ["threadpool", "semaphore"] {
        let program = Program::new();
        let run = program.run(["-s", "DELAY", "b", "--strategy", strategy]);
        assert_eq!(
            run.report(),
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
fn verbose_has_a_line_for_each_code_between_the_reports() {
    let program = Program::new();
    let run = program.run(["-v", "--strategy", "SEQUENTIAL", "br", "xx", "us"]);
    assert_eq!(
        run.report(),
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
fn error_is_told_code_by_code_or_grouped_by_cause_and_exits_1() {
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
fn quiet_leaves_standard_error_empty_and_the_report_whole() {
    let program = Program::new();
    let run = program.run(["-q", "-s", "error", "be", "bd"]);
    assert_eq!((run.err.as_str(), run.exit), ("", Some(1)));
    assert_eq!(run.out.lines().count(), 7, "{}", run.out);
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

#[test]
fn usage_errors_are_on_standard_error_with_the_usage_and_exit_2() {
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
            "each CC argument must be A to Z or AA to ZZ.",
        ),
        (
            &["--limit", "abc", "-m", "0"],
            "--limit N must be >= 1, not 'abc'",
        ),
        (
            &["--timeout", "0"],
            "--timeout SECONDS must be a number of seconds > 0, not '0'",
        ),
        (&["--nonsense"], "there is no option --nonsense"),
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
        "nothing is made before the arguments are understood"
    );
}

#[test]
fn help_and_version_are_answers_on_standard_output() {
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

#[test]
fn a_destination_is_made_with_its_parents_and_named_on_standard_error() {
    let program = Program::new();
    let run = program.run(["br", "--dest", "here/and/there"]);
    assert_eq!(
        listing(&program.folder.path().join("here/and/there")),
        ["br.gif"]
    );
    assert!(
        run.err.ends_with("1 flag saved in here/and/there\n"),
        "{}",
        run.err
    );
}

#[test]
fn a_destination_that_cannot_be_is_one_line_exit_3_and_no_request() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    fs::write(program.folder.path().join("file"), "mine").unwrap();
    for dest in ["file", "file/below"] {
        let run = program.run(["-s", &server.url(), "br", "--dest", dest]);
        let expected = format!("*** Error: cannot write {dest}: ");
        assert!(
            run.err.starts_with(&expected) && run.err.lines().count() == 1,
            "{}",
            run.err
        );
        assert_eq!((run.out.as_str(), run.exit), ("", Some(3)));
    }
    assert_eq!(server.stop().requests, 0);
    assert_eq!(
        fs::read(program.folder.path().join("file")).unwrap(),
        b"mine"
    );
}

#[test]
fn a_url_of_ones_own_is_a_custom_site_and_its_password_is_not_shown() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let url = server.url().replace("http://", "http://me:secret@");
    let run = program.run(["-s", &format!("{url}/"), "br"]);
    let shown = url.replace("secret", "***");
    assert!(
        run.out.starts_with(&format!("CUSTOM site: {shown}\n")),
        "{}",
        run.out
    );
    assert!(!(run.out + &run.err).contains("secret"));
    assert_eq!(run.exit, Some(0));
}

#[test]
fn a_server_that_runs_is_used() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::with_ports([server.port(), 0, 0]);
    let run = program.run(["b"]);
    assert!(
        run.out
            .starts_with(&format!("LOCAL site: {}\n", server.url()))
    );
    assert!(run.err.contains(&format!(
        "LOCAL is served by the server that runs on port {}",
        server.port()
    )));
    assert_eq!((server.stop().requests, run.exit), (26, Some(0)));
}

#[test]
fn a_server_that_has_no_flag_at_all_is_doubted() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let program = Program::new();
    let wrong = server.url().replace("/flags", "/flag");
    let run = program.run(["-s", &wrong, "br", "us"]);
    assert!(run.err.ends_with(&format!(
        "none of them is at {wrong}: is that where the flags are?\n"
    )));
    assert_eq!(run.exit, Some(0));
    for args in [
        &["-s", &server.url(), "xx", "us"][..],
        &["-s", &wrong, "xx"],
        &["xx", "qq"],
    ] {
        assert!(!program.run(args).err.contains("none of them"), "{args:?}");
    }
}

#[test]
fn with_no_server_running_the_run_brings_its_own_and_takes_it_away() {
    let free = TestServer::start(Plan::normal()).unwrap();
    let port = free.port();
    free.stop();
    let program = Program::with_ports([port, 0, 0]);
    for _ in 0..2 {
        let run = program.run(["b"]);
        assert!(
            run.err
                .contains(&format!("LOCAL is served by this run on port {port}")),
            "{}",
            run.err
        );
        assert!(
            run.out
                .starts_with(&format!("LOCAL site: http://localhost:{port}/flags\n"))
        );
        assert_eq!(run.exit, Some(0));
    }
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_port_that_is_taken_on_one_of_its_addresses_is_taken() {
    let half = TestServer::builder()
        .address(Ipv6Addr::LOCALHOST.into())
        .start();
    let Ok(half) = half else {
        return support::skip("this machine has no ::1");
    };
    let program = Program::with_ports([half.port(), 0, 0]);
    let run = program.run(["b"]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(
        half.stop().requests,
        26,
        "the server on ::1 is used, and no other is put on 127.0.0.1"
    );
}

#[test]
fn a_port_taken_by_something_that_is_not_http_fails_every_code_and_says_why() {
    let other = support::raw::RawServer::answering("SSH-2.0-OpenSSH_9.2\r\n");
    let program = Program::with_ports([other.port(), 0, 0]);
    let run = program.run(["b"]);
    assert!(
        run.err
            .ends_with("bad_response: invalid HTTP version parsed: all 26 codes\n"),
        "{}",
        run.err
    );
    assert!(run.out.contains("\n0 flags downloaded.\n26 errors.\n"));
    assert_eq!(run.exit, Some(1));
}

#[cfg(unix)]
#[test]
fn a_port_that_is_taken_by_nobody_who_answers_is_said_to_be() {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
    // Bound and not listening: the port can be neither had nor reached.
    let taken = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&taken, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address: std::net::SocketAddr = getsockname(&taken).unwrap().try_into().unwrap();
    let program = Program::with_ports([address.port(), 0, 0]);
    let run = program.run(["br"]);
    let notice = format!(
        "port {} of LOCAL is taken, and nobody answers there\n",
        address.port()
    );
    assert!(run.err.starts_with(&notice), "{}", run.err);
    assert!(run.err.contains("connect_refused: "), "{}", run.err);
    assert_eq!(run.exit, Some(1));
}

#[test]
fn a_port_that_takes_connections_and_never_answers_is_a_timeout() {
    let mute = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let program = Program::with_ports([mute.local_addr().unwrap().port(), 0, 0]);
    let run = program.run(["br", "--timeout", "0.05"]);
    assert!(
        run.err
            .ends_with("timeout: no complete answer within 50ms: 1 code\n  BR\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(1));
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::io::Read as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::Stdio;

    use rustix::process::Signal;
    use support::running::Running;

    use super::*;

    #[test]
    fn a_code_that_is_not_utf_8_is_a_usage_error() {
        let run = Program::new().run([OsStr::from_bytes(b"b\xff")]);
        assert!(
            run.err
                .starts_with("*** Usage error: each CC argument must be A to Z or AA to ZZ.\n")
        );
        assert_eq!(run.exit, Some(2));
    }

    #[test]
    fn a_signal_ends_the_run_with_its_report_and_nothing_half_done() {
        for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let server = TestServer::start(Plan::hold_until(100)).unwrap();
            let program = Program::new();
            let running = Running::start(&program, &["-s", &server.url(), "b", "-m", "3"]);
            until(|| server.stats().in_flight == 3);
            running.signal(signal);
            let run = running.end();
            assert!(
                run.out
                    .contains("\n0 flags downloaded.\n3 errors.\n23 not attempted.\n"),
                "{}",
                run.out
            );
            assert!(
                run.err
                    .contains("interrupted: stopped before the answer was complete: 3 codes\n")
            );
            assert_eq!(run.exit, Some(exit));
            assert!(listing(&program.downloads()).is_empty());
        }
    }

    #[test]
    fn two_runs_at_once_do_not_share_a_server_that_one_of_them_takes_away() {
        let free = TestServer::start(Plan::normal()).unwrap();
        let port = free.port();
        free.stop();
        let ports = [0, port, 0];
        let first_program = Program::with_ports(ports);
        let mut first = Running::start(
            &first_program,
            &["-vs", "DELAY", "-e", "--strategy", "sequential"],
        );
        assert_eq!(
            first.line(),
            format!("DELAY site: http://localhost:{port}/flags\n")
        );

        let second = Program::with_ports(ports).run(["-s", "DELAY", "-m", "1000", "b"]);
        assert!(
            second
                .err
                .contains(&format!(": port {port} is another run's\n")),
            "{}",
            second.err
        );
        assert!(
            !second.out.contains(&format!("localhost:{port}/")),
            "{}",
            second.out
        );
        assert!(
            second
                .out
                .contains("\n17 flags downloaded.\n9 not found.\n")
        );
        assert_eq!(second.exit, Some(0));

        first.signal(Signal::TERM);
        assert_eq!(first.end().exit, Some(143));
    }

    #[test]
    fn a_reader_that_goes_away_ends_the_run_quietly() {
        let program = Program::new();
        let mut running = Running::start(&program, &["-v", "-e", "-s", "DELAY", "-m", "5"]);
        assert!(running.line().starts_with("DELAY site: "));
        drop(running.out.take());
        let run = running.end();
        assert!(
            !run.err.contains("panic") && !run.err.contains("standard output"),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(141));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_in_which_nothing_can_be_made_is_found_out_before_the_first_request() {
        let server = TestServer::start(Plan::normal()).unwrap();
        let run = Program::new().run(["-s", &server.url(), "br", "--dest", "/proc"]);
        assert!(
            run.err.starts_with("*** Error: cannot write /proc: "),
            "{}",
            run.err
        );
        assert_eq!(
            (run.out.as_str(), run.exit, server.stop().requests),
            ("", Some(3), 0)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn on_a_terminal_there_is_a_bar_unless_it_is_not_wanted() {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let shown = |args: &[&str]| {
            let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            grantpt(&terminal).unwrap();
            unlockpt(&terminal).unwrap();
            let name = ptsname(&terminal, Vec::new()).unwrap();
            let window = rustix::termios::Winsize {
                ws_row: 24,
                ws_col: 100,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            rustix::termios::tcsetwinsize(&terminal, window).unwrap();
            let path = OsStr::from_bytes(name.to_bytes());
            let screen = fs::File::options()
                .read(true)
                .write(true)
                .open(path)
                .unwrap();
            let program = Program::new();
            let mut command = program.command();
            command
                .env("TERM", "xterm")
                .args(["-s", "DELAY", "br", "us", "xx"])
                .args(args);
            let mut child = command
                .stdout(Stdio::null())
                .stderr(screen)
                .spawn()
                .unwrap();
            drop(command); // and with it the last of this end
            let mut screen = Vec::new();
            // On Linux the terminal of a program that has ended is an error to read.
            let _ = fs::File::from(terminal).read_to_end(&mut screen);
            assert_eq!(child.wait().unwrap().code(), Some(0));
            String::from_utf8(screen).unwrap()
        };
        let bar = shown(&[]);
        assert!(
            bar.contains("semaphore ") && bar.contains(" 0/3 0 ok, 0 not found, 0 errors"),
            "{bar:?}"
        );
        assert!(
            bar.contains("is served by this run") && bar.contains("2 flags saved in"),
            "{bar:?}"
        );
        let lines = shown(&["-v"]);
        assert!(
            !lines.contains("0/3") && lines.contains("2 flags saved in"),
            "{lines:?}"
        );
        assert_eq!(shown(&["-q"]), "");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_second_signal_ends_even_a_run_that_is_stuck_in_its_output() {
        let server = TestServer::start(Plan::normal()).unwrap();
        let program = Program::new();
        // Nobody reads: 676 lines do not fit into the smallest pipe there is, and the run waits for room.
        let (reader, writer) = std::io::pipe().unwrap();
        let room = rustix::pipe::fcntl_setpipe_size(&reader, 4096).unwrap();
        let mut command = program.command();
        let child = command
            .args(["-q", "-v", "-e", "-s", &server.url()])
            .stdout(writer)
            .spawn()
            .unwrap();
        let mut running = Running { child, out: None };
        until(|| rustix::io::ioctl_fionread(&reader).unwrap() as usize >= room - 64);
        running.signal(Signal::TERM);
        running.signal(Signal::INT);
        let exit = running.child.wait().unwrap().code();
        assert!(matches!(exit, Some(130 | 143)), "{exit:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_behind_standard_output_is_said_and_exits_3() {
        let server = TestServer::start(Plan::normal()).unwrap();
        let program = Program::new();
        let full = || fs::File::options().write(true).open("/dev/full").unwrap();
        let run = Run::of(
            program
                .command()
                .args(["-s", &server.url(), "b"])
                .stdout(full()),
        );
        assert!(
            run.err
                .contains("*** Error: cannot write to standard output: No space left on device"),
            "{}",
            run.err
        );
        assert_eq!(run.exit, Some(3));
        // Nowhere to complain either: no panic.
        let mute = Run::of(program.command().arg("br").stdout(full()).stderr(full()));
        assert_eq!(mute.exit, Some(3));
    }
}
