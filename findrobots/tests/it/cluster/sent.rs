//! Files that are sent with their tasks, to workers that cannot open them.

use std::fs;

use crate::cluster::machines::{Pool, Worker, server};
use crate::support::pack::{bzip2, gzip, zstd};
use crate::support::running::Running;
use crate::support::{Folder, Random, hit, log};

#[test]
fn files_that_are_sent_need_not_exist_where_they_are_read() {
    let (folder, nats) = (Folder::new(), server());
    // All but the last are too large for a message, in every format.
    for (name, size) in [("plain", 3_000_000), ("more", 20_000_000), ("small", 3000)] {
        let lines = [hit(&format!("host-of-{name}")), log::misses(size)].concat();
        folder.write(format!("logs/{name}.log"), lines);
    }
    let random = Random(1).bytes(2_000_000);
    for (name, pack) in [
        ("gzip", gzip as fn(&[u8]) -> Vec<u8>),
        ("bzip2", bzip2),
        ("zstd", zstd),
    ] {
        let lines = [hit(&format!("host-of-{name}")), random.clone()].concat();
        folder.write(format!("logs/{name}.log"), pack(&lines));
    }
    let args = ["--count", "--glob", "*.log", "logs"];
    let on_threads = folder.run(args);
    assert_eq!(on_threads.text().lines().count(), 6, "{}", on_threads.err);
    let sent = ["--via-object-store", "--nats", &nats.url()];
    let run = Running::start(folder.command().args(args).args(sent));
    Pool::of(&nats).wait_until("all files are on the server", |status| status.queued == 6);
    fs::remove_dir_all(folder.path().join("logs")).unwrap();
    let _workers = [Worker::start(&nats.url()), Worker::start(&nats.url())];
    let run = run.wait();
    let expected = (on_threads.text(), Some(0));
    assert_eq!((run.text(), run.exit), expected, "{}", run.err);
}

/// The workers could open it.
#[test]
fn a_file_that_is_too_large_to_be_sent_is_an_error_and_is_not_read_where_the_workers_are() {
    let (folder, nats) = (Folder::new(), server());
    folder.write("logs/small.log", hit("host-of-the-small-file"));
    let path = folder.write("logs/large.log", hit("host-of-the-large-file"));
    let large = fs::File::options().write(true).open(&path).unwrap();
    large.set_len(300 << 20).unwrap();
    let _worker = Worker::start(&nats.url());
    let args = [
        "-q",
        "--glob",
        "*.log",
        "logs",
        "--via-object-store",
        "--nats",
    ];
    let run = Running::start(folder.command().args(args).arg(nats.url())).wait();
    let error = "logs/large.log: the file has 314572800 bytes, and --via-object-store sends at most 267386880";
    run.assert(
        "300 MiB",
        &["host-of-the-small-file"],
        &format!("*** Error: {error}\n"),
        1,
    );
}

#[test]
fn only_a_part_of_the_files_is_in_memory_at_a_time() {
    const MIB: u64 = 1 << 20;
    let (folder, nats) = (Folder::new(), server());
    for number in 0..20 {
        let path = folder.write(format!("logs/{number}.log"), hit("host"));
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(24 * MIB).unwrap();
    }
    let args = ["--glob", "*.log", "logs", "--via-object-store", "--nats"];
    let run = Running::start(folder.command().args(args).arg(nats.url()));
    // No worker takes them: the sixth is the last for which there was room, below 128 MiB.
    Pool::of(&nats).wait_until("six are on the server", |status| status.queued == 6);
    let io = fs::read_to_string(format!("/proc/{}/io", run.child.id())).unwrap();
    let read = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    let read: u64 = read.unwrap().parse().unwrap();
    assert!((6 * 24 * MIB..7 * 24 * MIB).contains(&read), "{io}");
}
