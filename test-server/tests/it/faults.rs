//! Every fault, met by a client that checks the exact bytes and how the connection ends.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use test_server::{Plan, TestServer, list_faults};

use crate::support::{
    ConnectionState, Response, exchange, get, read, read_some, send_get, wait_until,
};

const BR: &str = "/flags/br/br.gif";

/// Starts a server on which every code meets this fault.
fn server_with(fault: &str) -> TestServer {
    TestServer::builder()
        .plan(&format!("100:{fault}"))
        .unwrap()
        .start()
        .unwrap()
}

/// Requests BR on a connection that is kept alive, reads the response with `read` and checks that the fault is counted.
fn response_read_by(fault: &str, read: impl FnOnce(&mut TcpStream) -> Response) -> Response {
    let server = server_with(fault);
    let response = read(&mut send_get(&server, BR));
    let name = fault.split(['=', '+']).next().unwrap();
    assert_eq!(
        server.stats().injected.get(name),
        Some(&1),
        "{fault} is counted"
    );
    response
}

/// Returns a response that comes at once. The connection may stay open.
fn response(fault: &str) -> Response {
    response_read_by(fault, |connection| read(connection, 1))
}

/// Returns a response that ends with its connection.
fn response_to_end(fault: &str) -> Response {
    response_read_by(fault, |connection| read(connection, usize::MAX))
}

/// Returns the first `count` bytes of an endless response.
fn start_of_response(fault: &str, count: usize) -> Response {
    response_read_by(fault, |connection| read_some(connection, count))
}

fn flag() -> Vec<u8> {
    let server = TestServer::start(Plan::normal()).unwrap();
    get(&server, BR).body().to_vec()
}

/// Returns the head that scripts write, with these header lines about the body.
fn head(framing: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: image/gif\r\n{framing}\r\n").into_bytes()
}

fn head_for(flag: &[u8]) -> Vec<u8> {
    head(&format!("content-length: {}\r\n", flag.len()))
}

fn last_head_for(flag: &[u8]) -> Vec<u8> {
    head(&format!(
        "content-length: {}\r\nconnection: close\r\n",
        flag.len()
    ))
}

#[track_caller]
fn assert_response(fault: &str, bytes: impl AsRef<[u8]>, connection: ConnectionState) {
    let bytes = bytes.as_ref();
    let enough = match connection {
        ConnectionState::Open => bytes.len(),
        ConnectionState::Fin | ConnectionState::Reset => usize::MAX,
    };
    let response = response_read_by(fault, |connection| read(connection, enough));
    let (expected, got) = (
        bytes.escape_ascii().to_string(),
        response.bytes.escape_ascii().to_string(),
    );
    assert_eq!(
        (got, response.connection),
        (expected, connection),
        "{fault}"
    );
}

/// Reports that this machine lacks what a test needs. Skips are counted, as in the tests of flags.
fn skip(what: &str) {
    use std::io::Write as _;
    eprintln!("skipped: {what}");
    if let Some(list) = std::env::var_os("FLAGS_SKIPPED") {
        let mut list = std::fs::File::options()
            .append(true)
            .create(true)
            .open(list)
            .unwrap();
        writeln!(list, "{what}").unwrap();
    }
}

#[test]
fn connections_hang_reset_or_close_before_the_head() {
    assert_response("hang", b"", ConnectionState::Open);
    assert_response("reset", b"", ConnectionState::Reset);
    assert_response("close", b"", ConnectionState::Fin);
    assert_response("refuse", b"", ConnectionState::Fin);
}

#[test]
fn connections_hang_reset_or_close_inside_the_head() {
    let head = head_for(&flag());
    for (name, connection) in [
        ("hang-head", ConnectionState::Open),
        ("reset-head", ConnectionState::Reset),
        ("close-head", ConnectionState::Fin),
    ] {
        assert_response(name, &head[..20], connection);
        assert_response(&format!("{name}=1"), &head[..1], connection);
        // The last byte is always missing.
        assert_response(&format!("{name}=5000"), &head[..head.len() - 1], connection);
    }
}

#[test]
fn connections_hang_reset_or_close_inside_the_body() {
    let flag = flag();
    let after = |bytes: usize| [head_for(&flag), flag[..bytes].to_vec()].concat();
    for (name, connection) in [
        ("hang-body", ConnectionState::Open),
        ("reset-body", ConnectionState::Reset),
        ("close-body", ConnectionState::Fin),
        ("truncate", ConnectionState::Fin),
    ] {
        assert_response(name, after(200), connection);
        assert_response(&format!("{name}=17"), after(17), connection);
        assert_response(
            &format!("{name}=99999999"),
            after(flag.len() - 1),
            connection,
        );
    }
}

#[test]
fn bodies_are_cut_in_other_framings_as_well() {
    let flag = flag();
    let chunked = [
        head("transfer-encoding: chunked\r\n"),
        format!("{:x}\r\n", flag.len()).into_bytes(),
    ]
    .concat();
    assert_response(
        "truncate-chunked=50",
        [&chunked[..], &flag[..50]].concat(),
        ConnectionState::Fin,
    );
    assert_response(
        "truncate-unframed=50",
        [&head("connection: close\r\n")[..], &flag[..50]].concat(),
        ConnectionState::Fin,
    );
    let bad = [
        head("transfer-encoding: chunked\r\n"),
        b"zz\r\n".to_vec(),
        flag,
    ]
    .concat();
    assert_response("bad-chunk", bad, ConnectionState::Fin);
}

#[test]
fn length_faults_send_the_flag_with_a_wrong_length() {
    let flag = flag();
    let with = |lengths: &[String]| {
        let lines: String = lengths
            .iter()
            .map(|length| format!("content-length: {length}\r\n"))
            .collect();
        [head(&lines), flag.clone()].concat()
    };
    let length = |more: i64| (flag.len() as i64 + more).to_string();
    assert_response("length-short", with(&[length(-100)]), ConnectionState::Fin);
    assert_response("length-short=7", with(&[length(-7)]), ConnectionState::Fin);
    assert_response("length-long", with(&[length(100)]), ConnectionState::Open);
    assert_response(
        "length-absurd",
        with(&["1000000000000".to_owned()]),
        ConnectionState::Open,
    );
    assert_response(
        "length-malformed",
        with(&["-5".to_owned()]),
        ConnectionState::Fin,
    );
    assert_response(
        "length-twice",
        with(&[length(0), length(1)]),
        ConnectionState::Fin,
    );
}

#[test]
fn garbled_answers_are_exact_to_the_byte() {
    let flag = flag();
    assert_response(
        "tls-alert",
        b"\x15\x03\x03\x00\x02\x02\x28",
        ConnectionState::Fin,
    );
    assert_response(
        "ssh-banner",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        ConnectionState::Fin,
    );
    assert_response("http09", &flag, ConnectionState::Fin);
    assert_response(
        "bad-status-line",
        b"HTTP/1.1 abc \x1b[31mred\r\n\r\n",
        ConnectionState::Fin,
    );
    let bad_header = head(&format!(
        "x-\0bad: yes\r\ncontent-length: {}\r\n",
        flag.len()
    ));
    assert_response(
        "bad-header",
        [bad_header, flag].concat(),
        ConnectionState::Fin,
    );
    let garbage = response_to_end("garbage");
    assert!(!garbage.bytes.is_empty() && !garbage.bytes.starts_with(b"HTTP"));
    assert_eq!(garbage.connection, ConnectionState::Fin);
}

#[test]
fn heads_are_long_or_endless() {
    let flag = flag();
    for (fault, count) in [("many-headers", 101), ("many-headers=3", 3)] {
        let response = response_to_end(fault);
        assert_eq!(response.text().matches("\r\nx-").count(), count);
        assert_eq!(
            (response.body(), response.connection),
            (&flag[..], ConnectionState::Fin)
        );
    }
    let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n".to_vec();
    assert_response(
        "early-hints",
        [hints, last_head_for(&flag), flag].concat(),
        ConnectionState::Fin,
    );

    let headers = start_of_response("endless-headers", 2000);
    assert!(
        headers
            .text()
            .starts_with("HTTP/1.1 200 OK\r\nx-and-another: one\r\nx-and-another: one\r\n")
    );
    assert!(!headers.text().contains("\r\n\r\n") && headers.bytes.len() >= 2000);
    let interim = start_of_response("endless-1xx", 2000);
    assert!(
        interim
            .text()
            .starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
    );
}

#[test]
fn slow_flags_are_complete() {
    let flag = flag();
    let whole = [last_head_for(&flag), flag.clone()].concat();
    for (fault, at_least) in [
        (
            "slow-head=1ms".to_owned(),
            Duration::from_millis(last_head_for(&flag).len() as u64 - 1),
        ),
        (
            "drip=1ms".to_owned(),
            Duration::from_millis(flag.len() as u64 - 1),
        ),
        (
            format!("bandwidth={}", flag.len() * 4),
            Duration::from_millis(200),
        ),
    ] {
        let started = Instant::now();
        assert_response(&fault, &whole, ConnectionState::Fin);
        assert!(
            started.elapsed() >= at_least,
            "{fault}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn statuses_carry_retry_after_and_reason() {
    let busy = response("status=503+retry-after=2s+reason=\"Too busy, really\"");
    assert!(
        busy.text().starts_with("HTTP/1.1 503 Too busy, really\r\n"),
        "{}",
        busy.text()
    );
    assert_eq!(busy.header("retry-after").as_deref(), Some("2"));
    assert_eq!(
        busy.connection,
        ConnectionState::Open,
        "an ordinary response keeps its connection"
    );

    let dated = response("status=429+retry-after=date(100s)")
        .header("retry-after")
        .unwrap();
    assert!(dated.ends_with(" gmt") && dated.len() == 29, "{dated}");
    assert_eq!(response("status=200").status(), 200);
    assert_eq!(response("status=999").status(), 999);
}

#[test]
fn answers_without_the_exact_flag_are_well_formed() {
    let flag = flag();
    let empty = response("empty");
    assert_eq!(
        (
            empty.status(),
            empty.header("content-length").as_deref(),
            empty.body()
        ),
        (200, Some("0"), &b""[..])
    );
    assert_eq!(
        (
            response("no-content").status(),
            response("not-modified").status()
        ),
        (204, 304)
    );
    let partial = response("partial");
    assert_eq!(
        (partial.status(), partial.body()),
        (206, &flag[..flag.len() / 2])
    );
    let range = format!("bytes 0-{}/{}", flag.len() / 2 - 1, flag.len());
    assert_eq!(partial.header("content-range"), Some(range));

    let page = response("html");
    assert_eq!(
        (page.status(), page.header("content-type").as_deref()),
        (200, Some("text/html"))
    );
    assert!(page.body().starts_with(b"<!doctype html>"));
    assert_eq!(response("gif-cut").body(), &flag[..200]);
    assert_eq!(
        response("gif-cut=9").header("content-length").as_deref(),
        Some("9")
    );
    let trailing = response("gif-trailing");
    assert!(trailing.body().starts_with(&flag) && trailing.body().len() > flag.len());
}

#[test]
fn bodies_are_huge_or_endless() {
    let huge = response_read_by("huge=100000", |connection| read(connection, 100_000));
    assert_eq!(
        (huge.header("content-length").as_deref(), huge.body().len()),
        (Some("100000"), 100_000)
    );
    let announced = start_of_response("huge", 4096).header("content-length");
    assert_eq!(announced.as_deref(), Some("67108864"));
    let endless = start_of_response("endless", 3 << 20);
    assert_eq!(
        (
            endless.header("content-length"),
            endless.bytes.len() >= 3 << 20
        ),
        (None, true)
    );

    let server = server_with("gzip-bomb");
    let bomb = get(&server, BR);
    assert_eq!(bomb.header("content-encoding").as_deref(), Some("gzip"));
    assert!(bomb.body().len() < 100_000, "{}", bomb.body().len());
    let mut unpacked = flate2::read::GzDecoder::new(bomb.body());
    assert_eq!(
        std::io::copy(&mut unpacked, &mut std::io::sink()).unwrap(),
        64 << 20
    );
}

#[test]
fn redirects_lead_to_the_flag_in_a_loop_or_to_a_wrong_place() {
    let flag = flag();
    let server = server_with("redirect=3");
    let mut path = BR.to_owned();
    for _ in 0..3 {
        let response = get(&server, &path);
        assert_eq!(response.status(), 302);
        path = response.header("location").unwrap();
    }
    assert_eq!(get(&server, &path).body(), flag);

    // A plan in the query is kept in the redirect.
    let plain = TestServer::start(Plan::normal()).unwrap();
    let own = get(&plain, &format!("{BR}?plan=100:redirect=1"))
        .header("location")
        .unwrap();
    assert_eq!(get(&plain, &own).body(), flag);

    let location = |fault: &str| {
        let response = response(fault);
        assert_eq!(response.status(), 302, "{fault}");
        response.header("location")
    };
    assert_eq!(location("redirect-loop").as_deref(), Some(BR));
    assert_eq!(location("redirect-nowhere"), None);
    assert_eq!(
        location("redirect-scheme").as_deref(),
        Some("file:///etc/passwd")
    );
    assert_eq!(
        location("redirect-refused").as_deref(),
        Some("http://127.0.0.1:1/flags/br/br.gif")
    );
    let missing = location("redirect-missing").unwrap();
    assert_eq!(
        get(&server_with("redirect-missing"), &missing).status(),
        404
    );
}

#[test]
fn waits_come_before_any_kind_of_answer() {
    let started = Instant::now();
    assert_response("delay=60ms+close-head=3", b"HTT", ConnectionState::Fin);
    assert!(started.elapsed() >= Duration::from_millis(60));

    let server = server_with("hold=2+status=503");
    let address = server.addresses()[0];
    let lines = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    let both = std::thread::scope(|scope| {
        let first = scope.spawn(|| exchange(address, &lines));
        wait_until("in flight", &server, |stats| stats.in_flight > 0);
        let second = exchange(address, &lines);
        (first.join().unwrap().status(), second.status())
    });
    assert_eq!(both, (503, 503));
}

#[test]
fn transient_limits_the_faults_to_the_first_attempts_per_code() {
    let server = server_with("close+transient=2");
    let statuses = |path: &str| -> Vec<bool> {
        (0..4)
            .map(|_| get(&server, path).bytes.starts_with(b"HTTP/1.1 200"))
            .collect()
    };
    for path in [BR, "/flags/us/us.gif"] {
        assert_eq!(statuses(path), [false, false, true, true]);
    }
    let br = &server.stats().codes["br"];
    assert_eq!((br.attempts, br.injected["close"]), (4, 2));
    server.reset();
    assert_eq!(statuses(BR), [false, false, true, true]);
}

#[test]
fn codes_without_a_flag_are_404_if_the_fault_needs_one() {
    for (fault, status) in [
        ("drip", 404),
        ("reset-body", 404),
        ("gif-cut", 404),
        ("html", 200),
        ("status=503", 503),
    ] {
        let server = server_with(fault);
        assert_eq!(get(&server, "/flags/xx/xx.gif").status(), status, "{fault}");
    }
    assert_eq!(
        get(&server_with("reset"), "/flags/xx/xx.gif").connection,
        ConnectionState::Reset
    );
}

#[test]
fn stale_connections_are_closed_without_notice_after_their_last_response() {
    let flag = flag();
    for (fault, late) in [
        ("stale=3", Duration::ZERO),
        ("stale=3@60ms", Duration::from_millis(60)),
    ] {
        let server = server_with(fault);
        let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
        for nth in 1..=3 {
            let request = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            std::io::Write::write_all(&mut connection, request.as_bytes()).unwrap();
            let answer_length = 17 + flag.len();
            let started = Instant::now();
            let mut response = read(&mut connection, answer_length);
            if nth == 3 && response.connection == ConnectionState::Open {
                response.connection = read(&mut connection, usize::MAX).connection;
            }
            assert!(
                response.text().starts_with("HTTP/1.1 200 OK\r\n")
                    && response.header("connection").is_none()
            );
            let expected = if nth < 3 {
                ConnectionState::Open
            } else {
                ConnectionState::Fin
            };
            assert_eq!(response.connection, expected, "{fault}, response {nth}");
            assert!(nth < 3 || started.elapsed() >= late, "{fault}");
        }
    }
}

#[test]
fn pipelined_requests_on_a_stale_connection_get_no_answer() {
    let server = server_with("stale=2");
    let five = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(5);
    let response = exchange(server.addresses()[0], five.trim_end());
    assert_eq!(response.text().matches("HTTP/1.1 200 OK").count(), 2);
    assert_ne!(response.connection, ConnectionState::Open);
    assert!(server.stats().injected["stale"] >= 1);
}

#[test]
fn a_stale_connection_ends_when_its_client_leaves() {
    let server = server_with("stale=1@1h");
    let mut connection = send_get(&server, BR);
    let response = read(&mut connection, 1);
    assert_eq!(
        (response.status(), response.connection),
        (200, ConnectionState::Open)
    );
    connection.shutdown(std::net::Shutdown::Write).unwrap();
    // Closing our side must end the connection at once, not an hour later.
    assert_eq!(
        read(&mut connection, usize::MAX).connection,
        ConnectionState::Fin
    );
}

#[test]
fn a_fault_is_counted_when_it_starts() {
    for fault in ["delay=1h", "hold=99"] {
        let server = server_with(fault);
        let _client = send_get(&server, BR);
        let name = fault.split('=').next().unwrap();
        wait_until(fault, &server, |stats| stats.injected.get(name) == Some(&1));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn connecting_to_a_full_backlog_times_out() {
    let server = server_with("backlog-full");
    let connected = TcpStream::connect_timeout(&server.addresses()[0], Duration::from_millis(200));
    assert_eq!(connected.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    server.stop();
}

#[test]
fn sequential_requests_are_never_counted_as_two_in_flight() {
    // A request ends with the last byte of its response, even if the server does not close the connection yet.
    let flag = flag();
    for fault in [
        "drip=1ms",
        "bandwidth=50000",
        "slow-head=1ms",
        "early-hints",
        "many-headers",
    ] {
        let server = server_with(fault);
        // The connections stay open, so that the server does not see the clients leave.
        let mut connections = Vec::new();
        for _ in 0..2 {
            let mut connection = send_get(&server, BR);
            let mut answer = Vec::new();
            while !answer.ends_with(&flag) {
                let mut piece = [0; 4096];
                let count = std::io::Read::read(&mut connection, &mut piece).unwrap();
                assert_ne!(count, 0, "{fault}");
                answer.extend_from_slice(&piece[..count]);
            }
            connections.push(connection);
        }
        assert_eq!(server.stats().peak_in_flight, 1, "{fault}");
    }
}

/// The exit codes of curl for each fault; several if the versions of curl differ.
const CURL: [(&str, &[i32]); 56] = [
    ("delay=1ms", &[0]),
    ("hold=1", &[0]),
    ("close+transient=1", &[52]),
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
    let listed = list_faults().map(|(fault, _)| fault.split(['=', '[']).next().unwrap().to_owned());
    let words = CURL.iter().flat_map(|(plan, _)| plan.split('+'));
    let tested: BTreeSet<_> = words
        .map(|word| word.split('=').next().unwrap().to_owned())
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
