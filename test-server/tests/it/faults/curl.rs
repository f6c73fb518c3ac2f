//! The exit code of curl for every fault.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::process::Command;

use test_server::list_faults;

use super::{BR, server_with};
use crate::support::skip;

/// The exit codes of curl for each fault; several if the versions of curl differ.
const CURL: [(&str, &[i32]); 69] = [
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
    ("read-slowly=1000", &[0]),
    ("corrupt", &[0]),
    ("range-ignored", &[0]),
    ("range-wrong", &[0]),
    ("etag-changes", &[0]),
    ("if-range-lies", &[0]),
    ("content-type=\"text/html\"", &[0]),
    ("content-encoding=\"gzip\"", &[0]),
    ("wrong-charset", &[0]),
    ("gzip-cut", &[0]),
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

/// The same for faults of connections with TLS.
const CURL_WITH_TLS: [(&str, &[i32]); 9] = [
    ("tls-expired", &[60]),
    ("tls-wrong-host", &[60]),
    ("tls-self-signed", &[60]),
    ("tls-cut", &[35]),
    ("tls-hang", &[28]),
    ("tls-slow=1ms", &[0]),
    ("tls-old", &[35]),
    ("tls-no-close-notify", &[0]),
    ("tls-handshake-alert", &[35]),
];

/// The same through a proxy of TCP.
const CURL_THROUGH_TCP: [(&str, &[i32]); 9] = [
    ("tcp-latency=1ms", &[0]),
    ("tcp-jitter=1ms", &[0]),
    ("tcp-bandwidth=100000", &[0]),
    ("tcp-slice=100@1ms", &[0]),
    // The first letter of the status line.
    ("tcp-corrupt=1", &[1]),
    ("tcp-reset", &[7, 56]),
    ("tcp-half-close", &[52]),
    ("tcp-stall=10", &[28]),
    ("tcp-upload+tcp-half-close", &[28, 52]),
];

#[test]
fn curl_exits_as_expected_for_each_fault() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl on this machine");
    }
    let listed =
        list_faults().map(|(fault, _)| fault.split(['=', '[', '(']).next().unwrap().to_owned());
    let plans = CURL.iter().chain(&CURL_WITH_TLS).chain(&CURL_THROUGH_TCP);
    let words = plans.flat_map(|(plan, _)| plan.split('+'));
    let tested: BTreeSet<_> = words
        .map(|word| word.split(['=', '(']).next().unwrap().to_owned())
        .collect();
    assert_eq!(tested, listed.collect());

    std::thread::scope(|scope| {
        for some in CURL.chunks(CURL.len().div_ceil(4)) {
            scope.spawn(move || some.iter().for_each(|(fault, exits)| curl(fault, exits)));
        }
        #[cfg(feature = "tcp")]
        scope.spawn(|| {
            let cases = CURL_THROUGH_TCP.iter();
            cases.for_each(|(fault, exits)| curl_through_tcp(fault, exits));
        });
        #[cfg(feature = "tls")]
        scope.spawn(|| {
            let cases = CURL_WITH_TLS.iter();
            cases.for_each(|(fault, exits)| curl_with_tls(fault, exits));
        });
    });
}

#[cfg(feature = "tcp")]
fn curl_through_tcp(fault: &str, exits: &[i32]) {
    let server = test_server::TestServer::start(test_server::Plan::normal()).unwrap();
    let proxy = test_server::TcpProxy::builder(server.addresses()[0].to_string());
    let proxy = proxy
        .plan(&format!("100:{fault}"))
        .unwrap()
        .start()
        .unwrap();
    let url = format!("http://{}{BR}", proxy.addresses()[0]);
    run_curl(fault, exits, &[url.as_ref()]);
}

#[cfg(feature = "tls")]
fn curl_with_tls(fault: &str, exits: &[i32]) {
    let builder = test_server::TestServer::builder().tls();
    let server = builder.plan(&format!("100:{fault}")).unwrap();
    let server = server.start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("ca.pem");
    std::fs::write(&certificate, server.ca_pem().unwrap()).unwrap();
    let url = format!("{}/br/br.gif", server.url());
    run_curl(
        fault,
        exits,
        &[
            OsStr::new("--cacert"),
            certificate.as_os_str(),
            url.as_ref(),
        ],
    );
}

fn curl(fault: &str, exits: &[i32]) {
    let server = server_with(fault);
    let url = format!("http://{}{BR}", server.addresses()[0]);
    run_curl(fault, exits, &[url.as_ref()]);
}

/// Runs curl with these arguments, the URL among them.
fn run_curl(fault: &str, exits: &[i32], args: &[&OsStr]) {
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
        .args(["-o", "/dev/null"])
        .args(args)
        .output()
        .unwrap();
    let exit = curl.status.code().unwrap();
    assert!(
        exits.contains(&exit),
        "{fault}: {exit} {}",
        String::from_utf8_lossy(&curl.stderr)
    );
}
