//! A worker process that is killed: its files are errors, the others are read, and every file is accounted for.

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::support::log::misses;
use crate::support::pack::gzip;
use crate::support::running::{Running, is_alive};
use crate::support::{Folder, hit};

/// Writes a large log that a worker reads first, and others that it does not read together with it.
fn write_logs(folder: &Folder) {
    let lines = misses(1_000_000).repeat(60);
    folder.write("logs/large.log.gz", gzip(&[hit("large"), lines].concat()));
    for number in 0..5 {
        let name = format!("logs/{number}.log.gz");
        folder.write(name, gzip(&hit(&format!("small-{number}"))));
    }
}

#[test]
fn a_killed_worker_costs_its_file_only() {
    let folder = Folder::new();
    write_logs(&folder);
    let path = folder
        .path()
        .canonicalize()
        .unwrap()
        .join("logs/large.log.gz");
    for workers in ["1", "2"] {
        let mut command = folder.command();
        let args = ["--executor", "processes", "-j", workers, "--json", "logs"];
        let running = Running::start(command.args(args));
        let worker = running.reader_of(&path);
        // Stopped first: it must not end its task before it is killed.
        kill_process(worker, Signal::STOP).unwrap();
        kill_process(worker, Signal::KILL).unwrap();
        let run = running.wait();
        assert!(!is_alive(worker));
        let json: Value = serde_json::from_slice(&run.out).unwrap();
        let hosts = json["hosts"].as_array().unwrap().iter();
        let hosts: Vec<_> = hosts.map(|host| host["host"].as_str().unwrap()).collect();
        assert_eq!(
            hosts,
            ["small-0", "small-1", "small-2", "small-3", "small-4"]
        );
        assert_eq!(json["files"]["whole"], 5);
        assert_eq!(json["files"]["not_at_all"], 1);
        let mut lines = run.err.lines();
        let error = lines.next().unwrap();
        assert!(
            error.starts_with("*** Error: logs/large.log.gz: "),
            "{error}"
        );
        assert!(
            error.contains(&worker.to_string()) && error.contains("signal: 9"),
            "{error}"
        );
        let summary = lines.next().unwrap();
        assert!(
            summary.starts_with("6 files: 5 read whole, 1 not at all, "),
            "{summary}"
        );
        assert_eq!((lines.next(), run.exit), (None, Some(1)));
    }
}

#[test]
fn a_report_of_a_run_with_a_killed_worker_is_complete() {
    let folder = Folder::new();
    write_logs(&folder);
    let path = folder
        .path()
        .canonicalize()
        .unwrap()
        .join("logs/large.log.gz");
    let mut command = folder.command();
    let args = [
        "-q",
        "--executor",
        "processes",
        "-j",
        "1",
        "--report",
        "r.json",
        "logs",
    ];
    let running = Running::start(command.args(args));
    kill_process(running.reader_of(&path), Signal::KILL).unwrap();
    let run = running.wait();
    assert_eq!(run.exit, Some(1), "{}", run.err);
    let report = std::fs::read(folder.path().join("r.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let tasks = report["runs"][0]["tasks"].as_array().unwrap();
    let failed: Vec<_> = tasks
        .iter()
        .filter(|task| task["outcome"] != "ok")
        .collect();
    assert_eq!((tasks.len(), failed.len()), (2, 1), "{report:#}");
    assert_eq!(failed[0]["name"], "large.log.gz");
}
