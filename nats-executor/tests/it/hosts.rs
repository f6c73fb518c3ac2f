//! Workers in network namespaces, as separate hosts: a network that is torn apart and heals.

use std::io::Write as _;
use std::process::{Command, Stdio};

use concurrent_futures::ExecutorExt;

use crate::support::{Proxy, Server, Settings, Worker, connect, lines, wait_until};
use crate::tasks::{Noop, WaitFor};

/// Set in the process that has a network of its own.
const INSIDE: &str = "NATS_EXECUTOR_TEST_NETWORK";

/// The test runs in a process of its own, in which it is root of a network.
#[test]
fn a_worker_on_another_host_is_replaced_while_the_network_is_torn_and_comes_back() {
    if std::env::var_os(INSIDE).is_some() {
        return in_own_network();
    }
    let mut attempt = Command::new("unshare");
    attempt.args(["-rn", "ip", "link", "add", "name", "near", "type", "veth"]);
    let attempt = attempt.stderr(Stdio::null()).status();
    if !attempt.is_ok_and(|status| status.success()) {
        return skip("network namespaces with unshare and ip: a torn network");
    }
    let test =
        "hosts::a_worker_on_another_host_is_replaced_while_the_network_is_torn_and_comes_back";
    let output = Command::new("unshare")
        .arg("-rn")
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

/// Appends a line to the file in which `.ci/run` counts the tests that a machine cannot run.
fn skip(what: &str) {
    eprintln!("skipped: {what}");
    if let Some(list) = std::env::var_os("FLAGS_SKIPPED") {
        let list = std::fs::File::options()
            .append(true)
            .create(true)
            .open(list);
        writeln!(list.unwrap(), "{what}").unwrap();
    }
}

#[track_caller]
fn shell(command: &str) {
    let status = Command::new("sh").args(["-ec", command]).status();
    assert!(status.unwrap().success(), "{command}");
}

fn in_own_network() {
    shell("ip link set dev lo up");
    // Keeps the network of the other host.
    let mut host = Command::new("unshare")
        .args(["-n", "sleep", "300"])
        .spawn()
        .unwrap();
    let id = host.id();
    let own = std::fs::read_link("/proc/self/ns/net").unwrap();
    wait_until("the other host has its network", || {
        std::fs::read_link(format!("/proc/{id}/ns/net")).is_ok_and(|other| other != own)
    });
    shell(&format!(
        "ip link add name near0 type veth peer name far0
         ip link set dev far0 netns {id}
         ip addr add 10.99.0.1/24 dev near0
         ip link set dev near0 up
         nsenter -t {id} -n ip addr add 10.99.0.2/24 dev far0
         nsenter -t {id} -n ip link set dev far0 up"
    ));
    let server = Server::start();
    let line = Proxy::at("10.99.0.1", server.port());
    let mut command = Command::new("nsenter");
    command.args(["-t", &id.to_string(), "-n"]);
    let far = Worker::inside(command, &Settings::new(&line.url()));
    let executor = connect(&server);
    let (begun, go_on) = (server.folder().join("begun"), server.folder().join("go on"));
    let future = executor
        .submit(WaitFor(begun.clone(), go_on.clone()))
        .unwrap();
    wait_until("the task has begun", || lines(&begun) == 1);
    shell("ip link set dev near0 down");
    let near = Worker::start(&server.url());
    wait_until("the task has begun again", || lines(&begun) == 2);
    std::fs::write(go_on, "").unwrap();
    assert_eq!(future.result(), Ok(&false));
    drop(near);
    shell("ip link set dev near0 up");
    let sum: u64 = executor
        .map((0..100).map(Noop))
        .unwrap()
        .map(Result::unwrap)
        .sum();
    assert_eq!(sum, 4950);
    drop(far);
    host.kill().unwrap();
    host.wait().unwrap();
}
