//! Servers over TLS: their certificates, the same plans as over plain TCP, and the faults of handshakes.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use test_server::{Authority, Plan, TestServer};

use crate::support::tls::{connect, get, handshake, trusting};
use crate::support::{self, ConnectionState, exchange, read};

const BR: &str = "/flags/br/br.gif";

/// Starts a server over TLS with this plan.
fn server_with(plan: &str) -> TestServer {
    let builder = TestServer::builder().tls();
    builder.plan(plan).unwrap().start().unwrap()
}

/// Returns the body of a response.
fn body(response: &[u8]) -> &[u8] {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n");
    &response[end.unwrap() + 4..]
}

/// Returns the flag of Brazil, from a server without TLS.
fn flag() -> Vec<u8> {
    let server = TestServer::start(Plan::normal()).unwrap();
    support::get(&server, BR).body().to_vec()
}

/// Returns the error of the handshake on a server whose connections all meet this fault, and checks that it is counted.
fn handshake_error(fault: &str) -> io::Error {
    let server = server_with(&format!("100:{fault}"));
    let error = connect(&server).unwrap_err();
    let name = fault.split('=').next().unwrap();
    assert_eq!(server.stats().injected[name], 1);
    assert_eq!(server.stats().requests, 0);
    error
}

#[test]
fn the_certificate_is_valid_for_localhost_and_both_addresses() {
    let server = server_with("");
    assert_eq!(
        server.url(),
        format!("https://localhost:{}/flags", server.port())
    );
    for host in ["localhost", "127.0.0.1", "::1"] {
        let stream = handshake(&server, &trusting(&server), host).unwrap();
        let (response, end) = get(stream, BR);
        assert_eq!(body(&response), flag(), "{host}");
        end.unwrap();
    }
    assert!(handshake(&server, &trusting(&server), "example.org").is_err());
}

#[test]
fn the_certificate_is_valid_for_hosts_that_may_be_addressed() {
    let builder = || {
        TestServer::builder()
            .tls()
            .allow_host("shop")
            .allow_host("Shop.Example")
    };
    let server = builder().start().unwrap();
    for host in ["shop", "shop.example", "localhost"] {
        let shaken = handshake(&server, &trusting(&server), host);
        assert!(shaken.is_ok(), "{host}: {shaken:?}");
    }
    assert!(handshake(&server, &trusting(&server), "other").is_err());

    let wrong = builder().plan("100:tls-wrong-host").unwrap();
    let wrong = wrong.start().unwrap();
    assert!(handshake(&wrong, &trusting(&wrong), "shop").is_err());

    let invalid = TestServer::builder()
        .tls()
        .allow_host("b\u{fc}cher")
        .start();
    let message =
        "a certificate cannot be for the host 'b\u{fc}cher': it has letters, digits, '-' and '.'";
    assert_eq!(invalid.unwrap_err().to_string(), message);
}

#[test]
fn half_closed_clients_are_answered_with_a_close_notify_and_without() {
    let whole = flag();
    for plan in ["", "100:delay=20ms", "100:drip=10us"] {
        for notifies in [true, false] {
            let server = server_with(plan);
            let mut stream = connect(&server).unwrap();
            write!(stream, "GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            if notifies {
                stream.conn.send_close_notify();
            }
            stream.flush().unwrap();
            stream.sock.shutdown(Shutdown::Write).unwrap();
            let mut response = Vec::new();
            stream.read_to_end(&mut response).unwrap();
            assert_eq!(body(&response), whole, "{plan}, {notifies}");
        }
    }
}

#[test]
fn servers_can_share_an_authority_and_otherwise_have_their_own() {
    let authority = Authority::new().unwrap();
    let start = || TestServer::builder().tls_from(&authority).start().unwrap();
    let (one, other) = (start(), start());
    assert_eq!(
        (one.ca_pem(), other.ca_pem()),
        (Some(authority.pem()), Some(authority.pem()))
    );
    assert!(handshake(&other, &trusting(&one), "localhost").is_ok());

    let stranger = server_with("");
    assert!(handshake(&stranger, &trusting(&one), "localhost").is_err());
    assert_eq!(TestServer::start(Plan::normal()).unwrap().ca_pem(), None);
}

#[test]
fn a_connection_serves_several_requests() {
    let server = server_with("");
    let mut stream = connect(&server).unwrap();
    for _ in 0..3 {
        write!(stream, "GET /__health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"ok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            bytes.push(byte[0]);
        }
    }
    assert_eq!(server.stats().connections, 1);
}

#[test]
fn a_large_body_arrives_complete() {
    let server = server_with("100:huge=5000000");
    let (response, end) = get(connect(&server).unwrap(), BR);
    assert_eq!(body(&response).len(), 5_000_000);
    end.unwrap();
}

#[test]
fn faults_above_tls_are_the_same_as_without() {
    let plain = |fault: &str| {
        let plan = format!("100:{fault}").parse().unwrap();
        let server = TestServer::start(plan).unwrap();
        support::get(&server, BR)
    };
    for (fault, is_closed) in [
        ("close-body=17", true),
        ("truncate-unframed", true),
        ("drip=1us", true),
        ("bandwidth=10000000", true),
        ("early-hints", true),
        ("garbage", true),
        ("close", true),
        ("reset-body=17", false),
    ] {
        let server = server_with(&format!("100:{fault}"));
        let (response, end) = get(connect(&server).unwrap(), BR);
        assert_eq!(response, plain(fault).bytes, "{fault}");
        // A close in the ordinary way has its close_notify, as from a server that believes to have sent everything.
        assert_eq!(end.is_ok(), is_closed, "{fault}: {end:?}");
    }
}

#[test]
fn clients_refuse_wrong_certificates() {
    for (fault, message) in [
        ("tls-expired", "certificate expired"),
        ("tls-wrong-host", "wrong-host.invalid"),
        ("tls-self-signed", "UnknownIssuer"),
    ] {
        let error = handshake_error(fault).to_string();
        assert!(error.contains(message), "{fault}: {error}");
    }
}

#[test]
fn handshakes_are_cut_or_get_an_alert_or_an_old_version() {
    for fault in ["tls-cut", "tls-cut=1", "tls-cut=300"] {
        let error = handshake_error(fault);
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{fault}: {error}");
    }
    let alert = handshake_error("tls-handshake-alert").to_string();
    assert!(alert.contains("HandshakeFailure"), "{alert}");
    let old = handshake_error("tls-old").to_string();
    assert!(old.contains("ServerDoesNotSupportTls12Or13"), "{old}");
}

/// Sends a record like that of a ClientHello and reads the answer.
fn raw_answer(fault: &str, enough: usize) -> support::Response {
    let server = server_with(&format!("100:{fault}"));
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    connection
        .write_all(b"\x16\x03\x01\x00\x04\x01\x00\x00\x00")
        .unwrap();
    read(&mut connection, enough)
}

#[test]
fn canned_answers_are_exact_to_the_byte() {
    let alert = raw_answer("tls-handshake-alert", usize::MAX);
    assert_eq!(alert.bytes, b"\x15\x03\x03\x00\x02\x02\x28");
    assert_eq!(alert.connection, ConnectionState::Fin);

    let old = raw_answer("tls-old", usize::MAX);
    let start = &b"\x16\x03\x02\x00\x31\x02\x00\x00\x2d\x03\x02"[..];
    assert_eq!((old.bytes.len(), &old.bytes[..11]), (54, start));
    assert_eq!(old.connection, ConnectionState::Fin);

    let hang = raw_answer("tls-hang", 0);
    assert_eq!(
        (hang.bytes.len(), hang.connection),
        (0, ConnectionState::Open)
    );
}

#[test]
fn only_so_many_bytes_arrive_counted_from_the_handshake() {
    let plain = server_with("");
    let (whole, _) = get(connect(&plain).unwrap(), BR);
    // The handshake of TLS 1.3 takes about 1,000 bytes.
    let server = server_with("100:tls-cut=2000");
    let (response, end) = get(connect(&server).unwrap(), BR);
    assert!(whole.starts_with(&response) && response.len() < whole.len());
    assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_slow_handshake_is_slow_and_then_the_flag_comes_at_once() {
    let server = server_with("100:tls-slow=1ms");
    let started = Instant::now();
    let stream = connect(&server).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(500));
    assert_eq!(body(&get(stream, BR).0), flag());
}

#[test]
fn without_a_close_notify_a_connection_seems_cut() {
    let server = server_with("100:tls-no-close-notify");
    let (response, end) = get(connect(&server).unwrap(), BR);
    assert_eq!(body(&response), flag());
    assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(server.stats().injected["tls-no-close-notify"], 1);

    let server = server_with("100:tls-no-close-notify+truncate-unframed=50");
    let (response, end) = get(connect(&server).unwrap(), BR);
    assert_eq!((body(&response), end.is_err()), (&flag()[..50], true));
}

/// Returns for each of this many connections whether its handshake succeeds.
fn successes(server: &TestServer, connections: usize) -> Vec<bool> {
    let config = trusting(server);
    let connected = (0..connections).map(|_| handshake(server, &config, "localhost").is_ok());
    connected.collect()
}

#[test]
fn a_seed_always_selects_the_same_connections() {
    let with_seed = |seed| {
        let builder = TestServer::builder().tls().seed(seed);
        builder
            .plan("50:tls-expired,20:reset")
            .unwrap()
            .start()
            .unwrap()
    };
    let server = with_seed(7);
    let first = successes(&server, 20);
    assert!(
        (5..15).contains(&first.iter().filter(|&&success| success).count()),
        "{first:?}"
    );
    server.set_plan("50:tls-expired".parse().unwrap()).unwrap();
    assert_eq!(
        successes(&server, 20),
        first,
        "counted anew under another plan"
    );
    server.reset();
    assert_eq!(successes(&server, 20), first, "counted anew after a reset");
    assert_eq!(successes(&with_seed(7), 20), first);
    assert_ne!(successes(&with_seed(8), 20), first);
}

#[test]
fn attempts_are_connections_in_transient_and_seq() {
    let server = server_with("100:tls-handshake-alert+transient=2");
    assert_eq!(successes(&server, 4), [false, false, true, true]);
    let server = server_with("100:seq(tls-cut,ok,tls-expired,ok)");
    assert_eq!(successes(&server, 5), [false, true, false, true, true]);
    // The requests of the codes have attempts of their own, at which nothing happens.
    let (response, _) = get(connect(&server).unwrap(), BR);
    assert_eq!(body(&response), flag());
    assert!(server.stats().codes["br"].injected.is_empty());
}

#[test]
fn a_hanging_handshake_ends_with_its_client() {
    let server = server_with("100:tls-hang");
    let connection = TcpStream::connect(server.addresses()[0]).unwrap();
    support::wait_until("the connection", &server, |stats| {
        stats.open_connections == 1
    });
    drop(connection);
    support::wait_until("its end", &server, |stats| stats.open_connections == 0);
}

#[test]
fn a_client_without_tls_gets_no_answer() {
    let server = server_with("");
    let response = exchange(server.addresses()[0], "GET / HTTP/1.1\r\nhost: localhost");
    assert!(!response.text().contains("HTTP/1.1"), "{response:?}");
    assert_ne!(response.connection, ConnectionState::Open);
}

#[test]
fn stale_connections_end_when_their_clients_leave() {
    let server = server_with("100:stale=1@1h");
    let mut stream = connect(&server).unwrap();
    write!(stream, "GET {BR} HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    drop(stream);
    support::wait_until("the end", &server, |stats| stats.open_connections == 0);
}

#[test]
fn faults_of_tls_are_refused_without_it_and_in_the_plan_of_a_request() {
    let builder = TestServer::builder().plan("10:seq(tls-hang,ok)").unwrap();
    let error = builder.start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let needs = "'tls-hang' needs a server with TLS (--tls, or `Builder::tls`)";
    assert_eq!(error.to_string(), needs);

    let server = TestServer::start(Plan::normal()).unwrap();
    let change = server.set_plan("100:tls-hang".parse().unwrap());
    assert_eq!(change.unwrap_err().to_string(), needs);
    let response = support::get(&server, &format!("{BR}?plan=100:tls-hang"));
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.body_text(),
        "'tls-hang' concerns a connection, not a request on it\n"
    );
}
