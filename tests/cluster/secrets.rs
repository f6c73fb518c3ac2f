//! A password in the URL of the NATS server is in no output, no report and no file.

use std::fs;

use crate::bench::program;
use crate::machines::{Server, Worker};
use crate::support::{Run, server as site};

const PASSWORD: &str = "s3cret-of-nats";

#[track_caller]
fn assert_silent(what: &str, text: &str) {
    assert!(!text.contains(PASSWORD), "{what}: {text}");
}

#[track_caller]
fn assert_silent_run(run: &Run) {
    assert_silent("standard output", &run.out);
    assert_silent("standard error", &run.err);
}

#[test]
fn a_password_of_the_nats_server_is_never_shown() {
    let (site, guard) = (site("20:status=503"), PASSWORD);
    let nats = Server::with(&format!("authorization {{ user: me, password: {guard} }}"));
    let program = program(&site);
    let at = |user: &str| format!("nats://{user}@127.0.0.1:{}", nats.port());
    let right = at(&format!("me:{PASSWORD}"));

    let worker = Worker::start(&right);
    let reports = ["r.json", "r.jsonl", "r.csv", "r.html", "r.md", "r.svg"];
    let reports = reports.iter().flat_map(|name| ["--report", name]);
    let args = ["--input", "list", "-v", "--nats", &right];
    let args: Vec<_> = args.into_iter().chain(reports).collect();
    let run = program.run(args);
    assert_eq!(run.exit, Some(1), "{}", run.err);
    assert_silent_run(&run);
    for entry in fs::read_dir(program.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            assert_silent(
                &path.display().to_string(),
                &String::from_utf8_lossy(&bytes),
            );
        }
    }
    let (printed, _) = worker.end();
    assert_silent("the worker", &printed);

    let wrong = at(&format!("you:{PASSWORD}"));
    let gone = format!("nats://me:{PASSWORD}@127.0.0.1:1");
    let bad = format!("http://me:{PASSWORD}@127.0.0.1");
    let odd = format!("nats://me:{PASSWORD}@[::1");
    for url in [&wrong, &gone, &bad, &odd] {
        for args in [&["--input", "list", "--nats", url][..], &["--worker", url]] {
            let run = program.run(args);
            assert!(matches!(run.exit, Some(1 | 2)), "{}", run.err);
            assert_silent_run(&run);
        }
    }
    for args in [
        &["--nats", &right, "br"][..],
        &["--nats", &right, "--worker", &right],
        &["--worker", &right, "--worker-threads", "0"],
        &["--nats", &right, "--input", "nowhere"],
        &["--nats", &right, "--input", "list", "--pool", "a.b"],
    ] {
        assert_silent_run(&program.run(args));
    }
}
