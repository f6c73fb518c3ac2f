//! Every fault there is, met by a client that looks at the very bytes and at how the connection ended.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use test_server::{Plan, TestServer, list_faults};

use crate::support::{Answer, Ended, ask, ask_lines, read, read_some, send_get, wait_until};

const BR: &str = "/flags/br/br.gif";

/// A server under which every code meets this.
fn under(fault: &str) -> TestServer {
    TestServer::builder()
        .plan(&format!("100:{fault}"))
        .unwrap()
        .start()
        .unwrap()
}

/// What a client meets that asks for BR, keeps its connection alive, and reads as this says.
fn met_by(fault: &str, read: impl FnOnce(&mut TcpStream) -> Answer) -> Answer {
    let server = under(fault);
    let met = read(&mut send_get(&server, BR));
    let name = fault.split(['=', '+']).next().unwrap();
    assert_eq!(
        server.stats().injected.get(name),
        Some(&1),
        "{fault} is counted"
    );
    met
}

/// An answer that comes at once, after which the connection may stay open.
fn met(fault: &str) -> Answer {
    met_by(fault, |connection| read(connection, 1))
}

/// An answer with which the connection ends.
fn met_to_end(fault: &str) -> Answer {
    met_by(fault, |connection| read(connection, usize::MAX))
}

/// The beginning of an answer without end.
fn met_up_to(fault: &str, count: usize) -> Answer {
    met_by(fault, |connection| read_some(connection, count))
}

fn flag() -> Vec<u8> {
    let server = TestServer::start(Plan::normal()).unwrap();
    ask(&server, BR).body().to_vec()
}

/// The head of an ordinary answer below HTTP, with these lines about its body.
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
fn is_exactly(fault: &str, bytes: impl AsRef<[u8]>, ended: Ended) {
    let bytes = bytes.as_ref();
    let enough = match ended {
        Ended::Open => bytes.len(),
        Ended::Fin | Ended::Reset => usize::MAX,
    };
    let met = met_by(fault, |connection| read(connection, enough));
    let (expected, got) = (
        bytes.escape_ascii().to_string(),
        met.bytes.escape_ascii().to_string(),
    );
    assert_eq!((got, met.ended), (expected, ended), "{fault}");
}

/// Says that this machine does not have what a test needs. Counted, as in the tests of flags.
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
fn hang_reset_and_close_before_the_head() {
    is_exactly("hang", b"", Ended::Open);
    is_exactly("reset", b"", Ended::Reset);
    is_exactly("close", b"", Ended::Fin);
    is_exactly("refuse", b"", Ended::Fin);
}

#[test]
fn hang_reset_and_close_inside_the_head() {
    let head = head_for(&flag());
    for (name, ended) in [
        ("hang-head", Ended::Open),
        ("reset-head", Ended::Reset),
        ("close-head", Ended::Fin),
    ] {
        is_exactly(name, &head[..20], ended);
        is_exactly(&format!("{name}=1"), &head[..1], ended);
        // Never the whole of it.
        is_exactly(&format!("{name}=5000"), &head[..head.len() - 1], ended);
    }
}

#[test]
fn hang_reset_and_close_inside_the_body() {
    let flag = flag();
    let after = |bytes: usize| [head_for(&flag), flag[..bytes].to_vec()].concat();
    for (name, ended) in [
        ("hang-body", Ended::Open),
        ("reset-body", Ended::Reset),
        ("close-body", Ended::Fin),
        ("truncate", Ended::Fin),
    ] {
        is_exactly(name, after(200), ended);
        is_exactly(&format!("{name}=17"), after(17), ended);
        is_exactly(&format!("{name}=99999999"), after(flag.len() - 1), ended);
    }
}

#[test]
fn bodies_cut_in_other_framings() {
    let flag = flag();
    let chunked = [
        head("transfer-encoding: chunked\r\n"),
        format!("{:x}\r\n", flag.len()).into_bytes(),
    ]
    .concat();
    is_exactly(
        "truncate-chunked=50",
        [&chunked[..], &flag[..50]].concat(),
        Ended::Fin,
    );
    is_exactly(
        "truncate-unframed=50",
        [&head("connection: close\r\n")[..], &flag[..50]].concat(),
        Ended::Fin,
    );
    let bad = [
        head("transfer-encoding: chunked\r\n"),
        b"zz\r\n".to_vec(),
        flag,
    ]
    .concat();
    is_exactly("bad-chunk", bad, Ended::Fin);
}

#[test]
fn lengths_that_are_not_the_length() {
    let flag = flag();
    let with = |lengths: &[String]| {
        let lines: String = lengths
            .iter()
            .map(|length| format!("content-length: {length}\r\n"))
            .collect();
        [head(&lines), flag.clone()].concat()
    };
    let length = |more: i64| (flag.len() as i64 + more).to_string();
    is_exactly("length-short", with(&[length(-100)]), Ended::Fin);
    is_exactly("length-short=7", with(&[length(-7)]), Ended::Fin);
    is_exactly("length-long", with(&[length(100)]), Ended::Open);
    is_exactly(
        "length-absurd",
        with(&["1000000000000".to_owned()]),
        Ended::Open,
    );
    is_exactly("length-malformed", with(&["-5".to_owned()]), Ended::Fin);
    is_exactly("length-twice", with(&[length(0), length(1)]), Ended::Fin);
}

#[test]
fn what_is_not_http() {
    let flag = flag();
    is_exactly("tls-alert", b"\x15\x03\x03\x00\x02\x02\x28", Ended::Fin);
    is_exactly("ssh-banner", b"SSH-2.0-OpenSSH_9.2\r\n", Ended::Fin);
    is_exactly("http09", &flag, Ended::Fin);
    is_exactly(
        "bad-status-line",
        b"HTTP/1.1 abc \x1b[31mred\r\n\r\n",
        Ended::Fin,
    );
    let bad_header = head(&format!(
        "x-\0bad: yes\r\ncontent-length: {}\r\n",
        flag.len()
    ));
    is_exactly("bad-header", [bad_header, flag].concat(), Ended::Fin);
    let garbage = met_to_end("garbage");
    assert!(!garbage.bytes.is_empty() && !garbage.bytes.starts_with(b"HTTP"));
    assert_eq!(garbage.ended, Ended::Fin);
}

#[test]
fn more_head_than_a_client_wants() {
    let flag = flag();
    for (fault, count) in [("many-headers", 101), ("many-headers=3", 3)] {
        let met = met_to_end(fault);
        assert_eq!(met.text().matches("\r\nx-").count(), count);
        assert_eq!((met.body(), met.ended), (&flag[..], Ended::Fin));
    }
    let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n".to_vec();
    is_exactly(
        "early-hints",
        [hints, last_head_for(&flag), flag].concat(),
        Ended::Fin,
    );

    let headers = met_up_to("endless-headers", 2000);
    assert!(
        headers
            .text()
            .starts_with("HTTP/1.1 200 OK\r\nx-and-another: one\r\nx-and-another: one\r\n")
    );
    assert!(!headers.text().contains("\r\n\r\n") && headers.bytes.len() >= 2000);
    let informed = met_up_to("endless-1xx", 2000);
    assert!(
        informed
            .text()
            .starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
    );
}

#[test]
fn flags_that_come_slowly_are_whole_at_last() {
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
        let begun = Instant::now();
        is_exactly(&fault, &whole, Ended::Fin);
        assert!(
            begun.elapsed() >= at_least,
            "{fault}: {:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn statuses_and_what_is_added_to_them() {
    let busy = met("status=503+retry-after=2s+reason=\"Too busy, really\"");
    assert!(
        busy.text().starts_with("HTTP/1.1 503 Too busy, really\r\n"),
        "{}",
        busy.text()
    );
    assert_eq!(busy.header("retry-after").as_deref(), Some("2"));
    assert_eq!(
        busy.ended,
        Ended::Open,
        "an ordinary answer keeps its connection"
    );

    let dated = met("status=429+retry-after=date(100s)")
        .header("retry-after")
        .unwrap();
    assert!(dated.ends_with(" gmt") && dated.len() == 29, "{dated}");
    assert_eq!(met("status=200").status(), 200);
    assert_eq!(met("status=999").status(), 999);
}

#[test]
fn two_hundreds_that_are_no_flag() {
    let flag = flag();
    let empty = met("empty");
    assert_eq!(
        (
            empty.status(),
            empty.header("content-length").as_deref(),
            empty.body()
        ),
        (200, Some("0"), &b""[..])
    );
    assert_eq!(
        (met("no-content").status(), met("not-modified").status()),
        (204, 304)
    );
    let partial = met("partial");
    assert_eq!(
        (partial.status(), partial.body()),
        (206, &flag[..flag.len() / 2])
    );
    let range = format!("bytes 0-{}/{}", flag.len() / 2 - 1, flag.len());
    assert_eq!(partial.header("content-range"), Some(range));

    let page = met("html");
    assert_eq!(
        (page.status(), page.header("content-type").as_deref()),
        (200, Some("text/html"))
    );
    assert!(page.body().starts_with(b"<!doctype html>"));
    assert_eq!(met("gif-cut").body(), &flag[..200]);
    assert_eq!(
        met("gif-cut=9").header("content-length").as_deref(),
        Some("9")
    );
    let trailing = met("gif-trailing");
    assert!(trailing.body().starts_with(&flag) && trailing.body().len() > flag.len());
}

#[test]
fn bodies_that_are_too_much() {
    let huge = met_by("huge=100000", |connection| read(connection, 100_000));
    assert_eq!(
        (huge.header("content-length").as_deref(), huge.body().len()),
        (Some("100000"), 100_000)
    );
    let announced = met_up_to("huge", 4096).header("content-length");
    assert_eq!(announced.as_deref(), Some("67108864"));
    let endless = met_up_to("endless", 3 << 20);
    assert_eq!(
        (
            endless.header("content-length"),
            endless.bytes.len() >= 3 << 20
        ),
        (None, true)
    );

    let server = under("gzip-bomb");
    let bomb = ask(&server, BR);
    assert_eq!(bomb.header("content-encoding").as_deref(), Some("gzip"));
    assert!(bomb.body().len() < 100_000, "{}", bomb.body().len());
    let mut unpacked = flate2::read::GzDecoder::new(bomb.body());
    assert_eq!(
        std::io::copy(&mut unpacked, &mut std::io::sink()).unwrap(),
        64 << 20
    );
}

#[test]
fn redirects_lead_to_the_flag_in_circles_or_nowhere() {
    let flag = flag();
    let server = under("redirect=3");
    let mut path = BR.to_owned();
    for _ in 0..3 {
        let met = ask(&server, &path);
        assert_eq!(met.status(), 302);
        path = met.header("location").unwrap();
    }
    assert_eq!(ask(&server, &path).body(), flag);

    // A plan of the request's own goes with it.
    let plain = TestServer::start(Plan::normal()).unwrap();
    let own = ask(&plain, &format!("{BR}?plan=100:redirect=1"))
        .header("location")
        .unwrap();
    assert_eq!(ask(&plain, &own).body(), flag);

    let location = |fault: &str| {
        let met = met(fault);
        assert_eq!(met.status(), 302, "{fault}");
        met.header("location")
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
    assert_eq!(ask(&under("redirect-missing"), &missing).status(), 404);
}

#[test]
fn waits_come_before_the_answer_and_go_with_any() {
    let begun = Instant::now();
    is_exactly("delay=60ms+close-head=3", b"HTT", Ended::Fin);
    assert!(begun.elapsed() >= Duration::from_millis(60));

    let server = under("hold=2+status=503");
    let address = server.addresses()[0];
    let lines = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\nconnection: close");
    let both = std::thread::scope(|scope| {
        let first = scope.spawn(|| ask_lines(address, &lines));
        wait_until("in flight", || server.stats().in_flight > 0);
        let second = ask_lines(address, &lines);
        (first.join().unwrap().status(), second.status())
    });
    assert_eq!(both, (503, 503));
}

#[test]
fn transient_faults_are_met_so_many_times_by_each_code() {
    let server = under("close+transient=2");
    let statuses = |path: &str| -> Vec<bool> {
        (0..4)
            .map(|_| ask(&server, path).bytes.starts_with(b"HTTP/1.1 200"))
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
fn a_code_without_a_flag_is_missing_unless_the_fault_needs_none() {
    for (fault, status) in [
        ("drip", 404),
        ("reset-body", 404),
        ("gif-cut", 404),
        ("html", 200),
        ("status=503", 503),
    ] {
        let server = under(fault);
        assert_eq!(ask(&server, "/flags/xx/xx.gif").status(), status, "{fault}");
    }
    assert_eq!(ask(&under("reset"), "/flags/xx/xx.gif").ended, Ended::Reset);
}

#[test]
fn a_stale_connection_is_closed_without_a_word_after_so_many_responses() {
    let flag = flag();
    for (fault, late) in [
        ("stale=3", Duration::ZERO),
        ("stale=3@60ms", Duration::from_millis(60)),
    ] {
        let server = under(fault);
        let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
        for nth in 1..=3 {
            let request = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            std::io::Write::write_all(&mut connection, request.as_bytes()).unwrap();
            let answer_length = 17 + flag.len();
            let begun = Instant::now();
            let mut met = read(&mut connection, answer_length);
            if nth == 3 && met.ended == Ended::Open {
                met.ended = read(&mut connection, usize::MAX).ended;
            }
            assert!(
                met.text().starts_with("HTTP/1.1 200 OK\r\n") && met.header("connection").is_none()
            );
            let expected = if nth < 3 { Ended::Open } else { Ended::Fin };
            assert_eq!(met.ended, expected, "{fault}, response {nth}");
            assert!(nth < 3 || begun.elapsed() >= late, "{fault}");
        }
    }
}

#[test]
fn requests_sent_ahead_do_not_outlive_their_connection() {
    let server = under("stale=2");
    let five = format!("GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(5);
    let met = ask_lines(server.addresses()[0], five.trim_end());
    assert_eq!(met.text().matches("HTTP/1.1 200 OK").count(), 2);
    assert_ne!(met.ended, Ended::Open);
    assert!(server.stats().injected["stale"] >= 1);
}

#[test]
fn a_client_that_leaves_a_stale_connection_is_not_kept() {
    let server = under("stale=1@1h");
    let mut connection = send_get(&server, BR);
    let met = read(&mut connection, 1);
    assert_eq!((met.status(), met.ended), (200, Ended::Open));
    connection.shutdown(std::net::Shutdown::Write).unwrap();
    // The end of our side is the end of the connection: in its place, and not an hour later.
    assert_eq!(read(&mut connection, usize::MAX).ended, Ended::Fin);
}

#[test]
fn a_fault_counts_when_it_begins_and_not_when_a_client_has_sat_through_it() {
    for fault in ["delay=1h", "hold=99"] {
        let server = under(fault);
        let _client = send_get(&server, BR);
        let name = fault.split('=').next().unwrap();
        wait_until(fault, || server.stats().injected.get(name) == Some(&1));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_backlog_lets_nobody_connect() {
    let server = under("backlog-full");
    let connected = TcpStream::connect_timeout(&server.addresses()[0], Duration::from_millis(200));
    assert_eq!(connected.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    server.stop();
}

#[test]
fn a_client_that_asks_one_after_another_is_never_two() {
    // A whole answer has been sent when its last byte has: what the server does with the connection is its own affair.
    let flag = flag();
    for fault in [
        "drip=1ms",
        "bandwidth=50000",
        "slow-head=1ms",
        "early-hints",
        "many-headers",
    ] {
        let server = under(fault);
        // Left open, so that the server learns of no client that it has gone.
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

/// What curl makes of each fault; several exit codes where its versions differ.
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
fn curl_meets_the_same() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl on this machine");
    }
    let listed = list_faults().map(|(fault, _)| fault.split(['=', '[']).next().unwrap().to_owned());
    let words = CURL.iter().flat_map(|(plan, _)| plan.split('+'));
    let met: BTreeSet<_> = words
        .map(|word| word.split('=').next().unwrap().to_owned())
        .collect();
    assert_eq!(met, listed.collect());

    std::thread::scope(|scope| {
        for some in CURL.chunks(CURL.len().div_ceil(4)) {
            scope.spawn(move || some.iter().for_each(|(fault, exits)| curl(fault, exits)));
        }
    });
}

fn curl(fault: &str, exits: &[i32]) {
    let server = under(fault);
    let url = format!("http://{}{BR}", server.addresses()[0]);
    // What ends by itself has all the time it needs, and what never does is given up soon.
    let patience = if exits.contains(&28) { "1" } else { "30" };
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
            patience,
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
