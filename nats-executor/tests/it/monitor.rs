//! What the program `nats-executor` shows.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::support::{PATIENCE, Server, Worker, connect, lines, wait_until};
use crate::tasks::{Noop, WaitFor};

fn status(server: &Server, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nats-executor"));
    command
        .args(["status", &server.url()])
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn the_status_counts_queue_workers_and_what_is_done() {
    let server = Server::start();
    let none = status(&server, &[]);
    let error = String::from_utf8(none.stderr).unwrap();
    assert_eq!(none.status.code(), Some(1));
    assert!(error.contains("has no pool 'default'"), "{error}");

    let worker = Worker::start(&server.url());
    let executor = connect(&server);
    let done: Vec<_> = (0..10).map(|n| executor.submit(Noop(n)).unwrap()).collect();
    assert!(done.iter().all(|future| future.result().is_ok()));
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let running = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);

    let json: Value = serde_json::from_slice(&status(&server, &["--json"]).stdout).unwrap();
    assert_eq!(
        (&json["in_flight"], &json["queued"]),
        (&1.into(), &0.into())
    );
    assert_eq!(json["finished"], 10);
    let state = &json["workers"][0];
    assert_eq!((&state["running"], &state["done"]), (&1.into(), &10.into()));
    let name = state["name"].as_str().unwrap();
    assert!(name.ends_with(&format!(":{}", worker.id())), "{name}");
    let table = String::from_utf8(status(&server, &[]).stdout).unwrap();
    assert!(
        table.starts_with("pool default: 0 queued, 1 in flight"),
        "{table}"
    );
    assert!(table.contains(name), "{table}");
    std::fs::write(go_on, "").unwrap();
    assert_eq!(running.result(), Ok(&false));
}

/// The program, while it serves metrics. Dropping it kills it.
struct Metrics {
    child: Child,
    address: String,
}

impl Metrics {
    fn start(server: &Server) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nats-executor"))
            .args(["status", &server.url(), "--metrics", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
        std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
        let address = line.trim().trim_start_matches("metrics at http://");
        let address = address.trim_end_matches("/metrics").to_owned();
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn metrics_are_served_as_prometheus_reads_them() {
    let server = Server::start();
    let _executor = connect(&server);
    let metrics = Metrics::start(&server);
    let get = |path| metrics.get(path);
    let answer = get("/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("nats_executor_queued_tasks{pool=\"default\"} 0\n"),
        "{answer}"
    );
    assert!(get("/other").starts_with("HTTP/1.1 404 "));
}

#[test]
fn clients_that_send_nothing_hold_up_no_other() {
    let server = Server::start();
    let _executor = connect(&server);
    let metrics = Metrics::start(&server);
    // One after the other, they would take longer than the test waits.
    let mut slow: Vec<_> = (0..10).map(|_| metrics.connect()).collect();
    assert!(metrics.get("/metrics").starts_with("HTTP/1.1 200 OK\r\n"));
    // They are disconnected in the end.
    for stream in &mut slow {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(answer, b"");
    }
}
