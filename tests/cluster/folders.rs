//! The folder of a run on its workers, and what a worker remembers from one range to the next: pauses of web servers, and nothing
//! that is not true any more.

use std::fs;

use crate::bench::report_of;
use crate::machines::{Pool, Worker, server};
use crate::support::raw::{AtTheEnd, RawServer};
use crate::support::{Program, listing as names, server as site};

/// Lists these URLs.
fn listing(urls: &[String]) -> Program {
    let program = Program::new();
    let list: String = urls.iter().map(|url| format!("{url}\n")).collect();
    fs::write(program.folder.path().join("list"), list).unwrap();
    program
}

#[test]
fn a_pause_that_a_server_requests_holds_for_the_next_ranges_of_the_worker() {
    let (site, nats) = (site("100:status=503+retry-after=1s"), server());
    let path = |cc: &str| format!("{}/{cc}/{cc}.gif", site.url());
    // A range for each: a list is divided into at least four for the one thread.
    let program = listing(&["br", "us"].map(path));
    let _worker = Worker::start(&nats.url());
    let url = nats.url();
    let args = ["--input", "list", "--nats", &url, "--report", "r.json"];
    let run = program.run([&args[..], &["--retries", "1"]].concat());
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let report = report_of(&program, "r.json");
    let records = report["runs"][0]["records"].as_array().unwrap();
    let pauses = records.iter().map(|record| {
        let ms = |field: &str| record[field].as_f64().unwrap();
        ms("queue_ms") - ms("start_ms")
    });
    // One pause before the retry of each, and one more before whichever came second, because of the last answer to the first.
    let all: f64 = pauses.sum();
    assert!(all > 2900.0, "{report}");
}

/// The number of bytes before the cut.
const CUT: usize = 2 << 20;

/// Starts a server that cuts its first answer, and then answers as requested.
fn cutting() -> RawServer {
    RawServer::in_turn(|number, head| {
        let body: Vec<u8> = (0..3_u32 << 18).flat_map(u32::to_le_bytes).collect();
        let range = head.split_once("\r\nrange: bytes=");
        let first = range.and_then(|(_, range)| range.split_once("-\r\n")?.0.parse::<usize>().ok());
        let (status, first, sent) = match first {
            Some(first) => ("206 Partial Content", first, body.len()),
            None if number == 0 => ("200 OK", 0, CUT),
            None => ("200 OK", 0, body.len()),
        };
        let (last, all) = (body.len() - 1, body.len());
        let range = format!("content-range: bytes {first}-{last}/{all}\r\n");
        let range = if first > 0 { range } else { String::new() };
        let head = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\netag: \"1\"\r\n{range}content-length: {}\r\n\r\n",
            all - first
        );
        (
            [head.as_bytes(), &body[first..sent]].concat(),
            AtTheEnd::Closes,
        )
    })
}

#[test]
fn the_next_run_on_the_same_worker_goes_on_where_a_body_was_cut() {
    let (site, nats) = (cutting(), server());
    let program = listing(&[format!("{}/large", site.url())]);
    let _worker = Worker::start(&nats.url());
    let url = nats.url();
    let run = program.run(["--input", "list", "--nats", &url, "--report", "r.json"]);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let run = program.run(["--failed", "r.json", "-v", "--nats", &url]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    let line = format!("large OK (continued after {CUT} bytes)");
    assert!(run.out.contains(&line), "{}", run.out);
}

#[cfg(target_os = "linux")]
#[test]
fn ranges_that_a_worker_without_the_folder_refuses_go_to_another_one() {
    let (site, nats, other) = (site(""), server(), tempfile::tempdir().unwrap());
    let urls = (0..8).map(|number| format!("{}/br/br.gif\t{number}.gif", site.url()));
    let program = listing(&urls.collect::<Vec<_>>());
    // A path that is another folder in each process, as one that is not on shared storage.
    let dest = "/proc/self/cwd/downloads";
    fs::create_dir(other.path().join("downloads")).unwrap();
    let url = nats.url();
    let _wrong = Worker::in_folder(&url, other.path());
    let mut running = program.command();
    let args = ["--input", "list", "--nats", &url, "--dest", dest, "-q"];
    let running = running.args(args).stderr(std::process::Stdio::piped());
    let running = running
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    Pool::of(&nats).wait_until("the wrong worker has a range", |status| {
        status.in_flight > 0
    });
    let _right = Worker::in_folder(&url, program.folder.path());
    let run = running.wait_with_output().unwrap();
    let err = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(0), "{err}");
    let told = err
        .lines()
        .filter(|line| line.starts_with("*** Error: worker "));
    assert_eq!(told.count(), 1, "{err}");
    let why =
        "/proc/self/cwd/downloads is not the folder of the run, which must be shared storage\n";
    assert!(err.contains(why), "{err}");
    assert_eq!(names(&program.downloads()).len(), 8);
    assert!(names(&other.path().join("downloads")).is_empty());
}

#[test]
fn a_worker_makes_as_many_connections_as_its_limit_on_open_files_allows() {
    let (site, nats) = (site("100:delay=50ms"), server());
    let urls = (0..300).map(|number| format!("{}/br/br.gif\t{number}.gif", site.url()));
    let program = listing(&urls.collect::<Vec<_>>());
    let limited = Program::new();
    let limited = limited.inside(&["sh", "-c", "ulimit -n 64; exec \"$0\" \"$@\""]);
    let _worker = Worker::of(&nats.url(), limited);
    let run = program.run(["--input", "list", "--nats", &nats.url(), "-m", "300"]);
    assert_eq!(run.exit, Some(0), "{}", run.err);
    assert_eq!(names(&program.downloads()).len(), 300);
}
