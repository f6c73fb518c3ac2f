//! Logs, descriptors and memory of the program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::status;
use crate::support::program::{Running, command, limited_command, port, start, stop};
use crate::support::receive;

#[test]
fn verbose_prints_a_line_per_request_on_standard_error() {
    let mut child = command("0,0,0")
        .args(["-v", "--serve", "0=100:status=503+delay=1ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, log) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).unwrap();
    let mut log = BufReader::new(log).lines();
    assert_eq!(status(port(&line), "br"), "503");
    let entry = log.next().unwrap().unwrap();
    let words: Vec<_> = entry.split(' ').collect();
    assert_eq!(
        words[1..5],
        ["SERVER-1", "br", "delay+status", "503"],
        "{entry}"
    );
    assert!(
        words[0].ends_with('Z') && words[5] == "24" && words[6].parse::<f64>().unwrap() >= 1.0,
        "{entry}"
    );
    assert_eq!(status(port(&line), "nowhere"), "404");
    let entry = log.next().unwrap().unwrap();
    assert!(
        entry.contains(" SERVER-1 /flags/nowhere/nowhere.gif - 404 "),
        "{entry}"
    );
    stop(running, Signal::TERM);
}

#[test]
fn requests_do_not_wait_for_a_log_that_is_not_read() {
    let mut child = command("0,0,0")
        .args(["-v", "--serve", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped()) // never read
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let running = Running(child);
    let mut connection = TcpStream::connect(("127.0.0.1", port(&line))).unwrap();
    connection
        .set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    // A pipe holds about 1,300 lines, and 10,000 more fit into the queue.
    for _ in 0..13_000 {
        connection
            .write_all(b"HEAD /flags/br/br.gif HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 512];
            let count = receive(&mut connection, &mut byte).unwrap();
            answer.extend_from_slice(&byte[..count]);
        }
    }
    assert_eq!(stop(running, Signal::TERM), Some(0));
}

/// tokio panics instead of returning the error when it cannot create its sockets for signals.
#[test]
fn with_too_few_descriptors_it_reports_an_error_and_does_not_panic() {
    for limit in 5..=10 {
        // One descriptor is inherited, which the limit does not show.
        let limited = format!("exec 3</dev/null; ulimit -n {limit}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &limited])
            .arg(command("0,0,0").get_program());
        let output = shell.args(["--serve", "0=0:close"]).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{limit}: {err}");
        assert!(
            err.starts_with("test-server: ") && !err.contains("panicked"),
            "{limit}: {err}"
        );
    }
}

#[test]
fn a_lack_of_descriptors_is_reported_once_and_the_connections_wait() {
    let mut child = limited_command("ulimit -n 20", &["--serve", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, mut log) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).unwrap();
    let port = port(&line);
    let connect = |_| TcpStream::connect(("127.0.0.1", port)).unwrap();
    let crowd: Vec<TcpStream> = (0..40).map(connect).collect();
    let mut report = Vec::new();
    while !report.ends_with(b"\n") {
        let mut byte = [0];
        log.read_exact(&mut byte).unwrap();
        report.push(byte[0]);
    }
    let report = String::from_utf8(report).unwrap();
    assert!(
        report.starts_with("test-server: SERVER-1 cannot accept connections, which wait: ")
            && report.ends_with("; at most 20 open files are allowed (see `ulimit -n`)\n"),
        "{report}"
    );
    drop(crowd);
    assert_eq!(status(port, "br"), "200");
    assert_eq!(stop(running, Signal::TERM), Some(0));
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "one line only");
}

#[cfg(target_os = "linux")]
#[test]
fn bodies_that_are_not_read_take_little_memory() {
    const CLIENTS: u64 = 200;
    let (running, lines) = start(&["--serve", "0=100:endless"], 1);
    let resident_kb = || {
        let status = format!("/proc/{}/status", running.0.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().trim().strip_suffix(" kB").unwrap();
        number.parse::<u64>().unwrap()
    };
    let before = resident_kb();
    let address = ("127.0.0.1", port(&lines[0]));
    let mut clients: Vec<_> = (0..CLIENTS)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    for client in &mut clients {
        client
            .write_all(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
    }
    // With more than the system buffers, so that the program has filled its own buffers as well.
    for client in &mut clients {
        client.read_exact(&mut vec![0; 8 << 20]).unwrap();
    }
    let each = resident_kb().saturating_sub(before) / CLIENTS;
    assert!(each < 64, "{each} KB for each of {CLIENTS} connections");
    stop(running, Signal::TERM);
}
