//! Faults of TLS: what a client sees of each one, and that none of them keeps the server busy or a connection open.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use test_server::{TestServer, list_faults};

use crate::support::tls::{connect, get};
use crate::support::{self, ConnectionState, read};

const BR: &str = "/flags/br/br.gif";

/// Starts a server over TLS with this plan.
fn server_with(plan: &str) -> TestServer {
    let builder = TestServer::builder().tls();
    builder.plan(plan).unwrap().start().unwrap()
}

/// Returns the names of the faults of TLS, from the list of all faults.
fn faults() -> Vec<String> {
    let names = list_faults().map(|(fault, _)| fault.split(['=', '[']).next().unwrap().to_owned());
    // `tls-alert` is an answer to a request.
    names
        .filter(|name| name.starts_with("tls-") && name != "tls-alert")
        .collect()
}

/// What a client sees of a fault, which it does not see of a good server.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// The handshake fails with an error that has these words.
    Refused(&'static str),
    /// No byte of an answer comes.
    Silence,
    /// The connection ends without a close_notify.
    Truncated,
    /// The bytes of the handshake come one after another.
    Slow,
}

fn expected(fault: &str) -> Seen {
    match fault {
        "tls-expired" => Seen::Refused("certificate expired"),
        "tls-wrong-host" => Seen::Refused("wrong-host.invalid"),
        "tls-self-signed" => Seen::Refused("UnknownIssuer"),
        "tls-cut" => Seen::Refused("unexpected end of file"),
        "tls-old" => Seen::Refused("ServerDoesNotSupportTls12Or13"),
        "tls-handshake-alert" => Seen::Refused("HandshakeFailure"),
        "tls-hang" => Seen::Silence,
        "tls-slow" => Seen::Slow,
        "tls-no-close-notify" => Seen::Truncated,
        other => panic!("no test of {other}"),
    }
}

fn sees(fault: &str, expected: &Seen) {
    let server = server_with(&format!("100:{fault}"));
    let start = Instant::now();
    match expected {
        Seen::Refused(words) => {
            let error = connect(&server).unwrap_err().to_string();
            assert!(error.contains(words), "{fault}: {error}");
        }
        Seen::Silence => {
            let mut client = TcpStream::connect(server.addresses()[0]).unwrap();
            client.write_all(b"\x16\x03\x01\x00\x01\x01").unwrap();
            support::wait_until(fault, &server, |stats| stats.injected.contains_key(fault));
            let answer = read(&mut client, 0);
            let silence = (0, ConnectionState::Open);
            assert_eq!((answer.bytes.len(), answer.connection), silence, "{fault}");
        }
        Seen::Truncated => {
            let (response, end) = get(connect(&server).unwrap(), BR);
            assert!(response.starts_with(b"HTTP/1.1 200 OK"), "{fault}");
            assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof, "{fault}");
        }
        Seen::Slow => {
            connect(&server).unwrap();
            // More than 500 bytes, 5 ms apart.
            assert!(start.elapsed() >= Duration::from_millis(2500), "{fault}");
        }
    }
    assert_eq!(server.stats().injected[fault], 1, "{fault}");
}

#[test]
fn every_fault_of_tls_is_seen_by_its_client() {
    let faults = faults();
    assert_eq!(faults.len(), 9, "{faults:?}");
    for fault in faults {
        sees(&fault, &expected(&fault));
    }
    let (response, end) = get(connect(&server_with("")).unwrap(), BR);
    assert!(response.starts_with(b"HTTP/1.1 200 OK"));
    end.unwrap();
}

/// Stops a server in another thread. Fails if that takes for ever.
fn stop(server: TestServer, what: &str) {
    let (stopped, wait) = mpsc::channel();
    thread::spawn(move || {
        server.stop();
        let _ = stopped.send(());
    });
    let ended = wait.recv_timeout(Duration::from_secs(30));
    assert!(ended.is_ok(), "{what}: the server does not stop");
}

#[test]
fn what_would_come_behind_a_cut_does_not_occupy_the_server() {
    for beside in [
        "endless",
        "huge=100000000000",
        "endless-headers=1000000000",
        "endless-1xx=1000000000",
        "drip=1us",
        "bandwidth=1000000000",
        "hold=1",
    ] {
        // The handshake takes about 1,000 bytes.
        let server = server_with(&format!("100:tls-cut=1500+{beside}"));
        let mut client = connect(&server).unwrap();
        write!(client, "GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let end = client.read_to_end(&mut Vec::new());
        assert!(end.is_err(), "{beside}");
        // The client stays.
        stop(server, beside);
    }
}

#[test]
fn behind_a_cut_a_connection_ends_with_its_client() {
    for beside in ["endless", "drip=1us", "endless-headers=1000000000"] {
        let server = server_with(&format!("100:tls-cut=1500+{beside}"));
        let mut client = connect(&server).unwrap();
        write!(client, "GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        assert!(client.read_to_end(&mut Vec::new()).is_err(), "{beside}");
        drop(client);
        let what = format!("the end of the connection with {beside}");
        support::wait_until(&what, &server, |stats| {
            stats.open_connections == 0 && stats.in_flight == 0
        });
        stop(server, beside);
    }
}

#[test]
fn a_silent_client_is_disconnected_at_the_time_limit_of_heads() {
    let mut plans = vec![String::new()];
    plans.extend(faults().iter().map(|fault| format!("100:{fault}")));
    for plan in plans {
        let builder = TestServer::builder().tls().plan(&plan).unwrap();
        let builder = builder.header_timeout(Duration::from_millis(50));
        let server = builder.start().unwrap();
        let silent = || TcpStream::connect(server.addresses()[0]).unwrap();
        // The second one stops in the middle of its first message.
        let mut clients = [silent(), silent()];
        clients[1].write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
        for mut client in clients {
            // A reset if the message is unread.
            let end = read(&mut client, usize::MAX).connection;
            assert_ne!(end, ConnectionState::Open, "{plan}");
        }
        support::wait_until(&plan, &server, |stats| stats.open_connections == 0);
    }
}

#[test]
fn the_time_limit_does_not_include_what_the_server_takes() {
    // The handshake takes more than 500 bytes, 5 ms apart.
    let builder = TestServer::builder().tls().plan("100:tls-slow").unwrap();
    let builder = builder.header_timeout(Duration::from_secs(1));
    let server = builder.start().unwrap();
    let (response, end) = get(connect(&server).unwrap(), BR);
    assert!(response.starts_with(b"HTTP/1.1 200 OK"));
    end.unwrap();
}
