//! The exit code of curl for every fault.

use std::collections::BTreeSet;
use std::process::Command;

use test_server::list_faults;

use super::{BR, server_with};
use crate::support::skip;

/// The exit codes of curl for each fault; several if the versions of curl differ.
const CURL: [(&str, &[i32]); 59] = [
    ("delay=1ms", &[0]),
    ("hold=1", &[0]),
    ("close+transient=1", &[52]),
    ("seq(close,ok)", &[52]),
    ("limit=1/h", &[0]),
    ("connections=1", &[0]),
    ("status=503", &[22]),
    ("status=503+retry-after=1s", &[22]),
    ("status=503+reason=x", &[22]),
    ("empty", &[0]),
    ("no-content", &[0]),
    ("partial", &[0]),
    ("not-modified", &[0]),
    ("html", &[0]),
    ("gif-cut", &[0]),
    ("gif-trailing", &[0]),
    ("huge=100000", &[0]),
    ("endless", &[28]),
    ("gzip-bomb", &[0]),
    ("redirect", &[0]),
    ("redirect-loop", &[47]),
    ("redirect-missing", &[22]),
    ("redirect-nowhere", &[0]),
    ("redirect-scheme", &[1]),
    ("redirect-refused", &[7]),
    ("slow-head=100us", &[0]),
    ("drip=100us", &[0]),
    ("bandwidth=100000", &[0]),
    ("hang", &[28]),
    ("hang-head", &[28]),
    ("hang-body", &[28]),
    ("reset", &[56]),
    ("reset-head", &[56]),
    ("reset-body", &[56]),
    ("close", &[52]),
    ("close-head", &[0, 1, 8, 52, 56]),
    ("close-body", &[18]),
    ("refuse", &[52]),
    ("truncate", &[18]),
    ("truncate-chunked", &[18]),
    ("truncate-unframed", &[0]),
    ("length-short", &[0]),
    ("length-long", &[28]),
    ("length-absurd", &[28]),
    ("length-malformed", &[8]),
    ("length-twice", &[0, 8, 18]),
    ("bad-chunk", &[56]),
    ("garbage", &[1]),
    ("http09", &[1]),
    ("tls-alert", &[1]),
    ("ssh-banner", &[1]),
    ("bad-status-line", &[1]),
    ("bad-header", &[0, 8]),
    ("many-headers", &[0]),
    ("endless-headers", &[27, 28, 56]),
    ("endless-1xx", &[28, 56]),
    ("early-hints", &[0]),
    ("stale=1", &[0]),
    ("backlog-full", &[28]),
];

#[test]
fn curl_exits_as_expected_for_each_fault() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl on this machine");
    }
    let listed =
        list_faults().map(|(fault, _)| fault.split(['=', '[', '(']).next().unwrap().to_owned());
    let words = CURL.iter().flat_map(|(plan, _)| plan.split('+'));
    let tested: BTreeSet<_> = words
        .map(|word| word.split(['=', '(']).next().unwrap().to_owned())
        .collect();
    assert_eq!(tested, listed.collect());

    std::thread::scope(|scope| {
        for some in CURL.chunks(CURL.len().div_ceil(4)) {
            scope.spawn(move || some.iter().for_each(|(fault, exits)| curl(fault, exits)));
        }
    });
}

fn curl(fault: &str, exits: &[i32]) {
    let server = server_with(fault);
    let url = format!("http://{}{BR}", server.addresses()[0]);
    // A fault that never ends is given up after a second. All others get enough time for a slow machine.
    let timeout = if exits.contains(&28) { "1" } else { "30" };
    let curl = Command::new("curl")
        .args([
            "-sS",
            "--fail",
            "-L",
            "--max-redirs",
            "5",
            "--noproxy",
            "*",
            "--max-time",
            timeout,
        ])
        .args(["-o", "/dev/null", &url])
        .output()
        .unwrap();
    let exit = curl.status.code().unwrap();
    assert!(
        exits.contains(&exit),
        "{fault}: {exit} {}",
        String::from_utf8_lossy(&curl.stderr)
    );
}
