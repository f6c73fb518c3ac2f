//! The program: its ready lines, its end, and what it says when it cannot begin.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use test_server::{Plan, TestServer};

fn command(ports: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-server"));
    command.env("FLAGS_PORTS", ports);
    command
}

/// A running program; a test that fails does not leave it behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program on free ports, and the first lines it printed.
fn start(args: &[&str], lines: usize) -> (Running, Vec<String>) {
    let mut child = command("0,0,0")
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let lines = out.lines().take(lines).map(Result::unwrap).collect();
    (Running(child), lines)
}

fn stop(mut running: Running, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(&running.0), signal).unwrap();
    running.0.wait().unwrap().code()
}

fn port(line: &str) -> u16 {
    let (_, rest) = line.split_once("http://localhost:").unwrap();
    rest.split_once('/').unwrap().0.parse().unwrap()
}

fn status(port: u16, code: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request =
        format!("GET /flags/{code}/{code}.gif HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[9..12]).into_owned()
}

fn output(args: &[&str], ports: &str) -> (String, String, Option<i32>) {
    let Output {
        stdout,
        stderr,
        status,
    } = command(ports).args(args).output().unwrap();
    (
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
        status.code(),
    )
}

#[test]
fn each_server_has_a_line_when_it_is_ready_and_ends_at_a_signal() {
    for signal in [Signal::INT, Signal::TERM] {
        let (running, lines) = start(&["--delay", "1ms"], 3);
        let expected = [
            ("LOCAL", "answers at once"),
            ("DELAY", "answers every request with delay=1ms"),
            (
                "ERROR",
                "answers 25 % of the codes with status=500|501|502|503, 50 % of the codes with \
                 delay=1ms, the rest at once",
            ),
        ];
        for (line, (name, words)) in lines.iter().zip(expected) {
            let site = format!("{name} site: http://localhost:{}/flags {words}", port(line));
            assert_eq!(*line, site);
            assert_eq!(status(port(line), "bd"), "200");
        }
        assert_eq!(
            status(port(&lines[2]), "br"),
            "500",
            "under seed 35 ERROR fails for BR"
        );
        assert_eq!(stop(running, signal), Some(0));
    }
}

#[test]
fn a_request_that_hangs_does_not_keep_it_from_ending() {
    let (running, lines) = start(&["--delay", "1h"], 3);
    let mut hanging = TcpStream::connect(("127.0.0.1", port(&lines[1]))).unwrap();
    hanging
        .write_all(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    assert_eq!(stop(running, Signal::TERM), Some(0));
}

#[test]
fn the_seed_and_the_error_rate_decide_what_fails() {
    let (running, lines) = start(&["--seed", "42", "--delay", "1ms"], 3);
    let codes = ["ac", "af", "ah", "am", "ay", "bc", "ad"];
    let statuses = codes.map(|code| status(port(&lines[2]), code));
    assert!(
        statuses[..6].iter().all(|status| status.starts_with('5')),
        "{statuses:?}"
    );
    assert_eq!(statuses[6], "200");
    stop(running, Signal::TERM);

    let (running, lines) = start(&["--error-rate", "100"], 3);
    let words = " answers every request with status=500|501|502|503";
    assert!(lines[2].ends_with(words), "{}", lines[2]);
    stop(running, Signal::TERM);
}

#[test]
fn a_taken_port_is_one_line_that_names_it_and_nothing_is_started() {
    let holder = TestServer::start(Plan::normal()).unwrap();
    let port = holder.port();
    let (out, err, exit) = output(&[], &format!("0,{port},0"));
    assert_eq!(
        err,
        format!(
            "test-server: port {port} of DELAY is taken: end the program that uses it, or choose \
             another one with FLAGS_PORTS=a,b,c\n"
        )
    );
    assert_eq!((out.as_str(), exit), ("", Some(1)));
}

#[test]
fn what_cannot_be_served_is_said_in_one_line() {
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
            out.is_empty() && err.starts_with("error: invalid value"),
            "{err}"
        );
        assert_eq!(exit, Some(2));
    }
}

// Elsewhere 127.0.0.1 is the only address of its kind.
#[cfg(target_os = "linux")]
#[test]
fn it_can_be_bound_to_one_address() {
    let (running, lines) = start(&["--bind", "127.0.0.2"], 1);
    assert!(
        lines[0].starts_with("LOCAL site: http://127.0.0.2:"),
        "{}",
        lines[0]
    );
    assert_eq!(stop(running, Signal::INT), Some(0));
}
