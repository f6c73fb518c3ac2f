//! Clients that misbehave: the server survives any input from one client and keeps serving the others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use proptest::prelude::*;
use test_server::{Plan, TestServer};

use crate::support::{ConnectionState, get, read, send_get, wait_until};

fn is_up(server: &TestServer) -> bool {
    let response = get(server, "/flags/br/br.gif");
    response.status() == 200 && response.body().starts_with(b"GIF89a")
}

/// Sends these bytes, or as many as the server reads, and does not wait for a response.
fn send(server: &TestServer, bytes: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(server.addresses()[0]).unwrap();
    // The server may close the connection before the end.
    let _ = connection.write_all(bytes);
    connection
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_server_survives_any_bytes_and_partial_requests(bytes: Vec<u8>, cut in 0..60_usize) {
        let server = TestServer::start(Plan::normal()).unwrap();
        let request = b"GET /flags/br/br.gif?plan=10:reset HTTP/1.1\r\nhost: localhost\r\n\r\n";
        drop(send(&server, &bytes));
        drop(send(&server, &request[..cut]));
        drop(send(&server, &[&request[..cut], &bytes].concat()));
        prop_assert!(is_up(&server));
        prop_assert_eq!(server.stats().in_flight, 0);
    }

    #[test]
    fn the_server_survives_any_path_and_query(path in "[ -~&&[^ ]]{0,60}") {
        let server = TestServer::start(Plan::normal()).unwrap();
        for path in [format!("/{path}"), format!("/flags/br/br.gif?{path}"), format!("/flags/br/br.gif?plan={path}")] {
            // Does not wait for a response: a plan may delay it or suppress it.
            drop(send(&server, format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()));
        }
        prop_assert!(is_up(&server));
    }
}

#[test]
fn a_header_line_of_a_megabyte_is_refused() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let long = format!(
        "GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n",
        "y".repeat(1 << 20)
    );
    let mut connection = send(&server, long.as_bytes());
    connection
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut answer = [0; 12];
    // 431, or a reset if the rest of the line arrives after the response.
    match connection.read_exact(&mut answer) {
        Ok(()) => assert_eq!(&answer, b"HTTP/1.1 431"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    assert!(is_up(&server));
}

#[test]
fn slow_senders_do_not_block_other_clients() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let slow: Vec<_> = (0..200)
        .map(|_| send(&server, b"GET /flags/br/br.gif HT"))
        .collect();
    assert!(is_up(&server));
    assert_eq!(
        server.stats().in_flight,
        0,
        "a partial request does not count"
    );
    drop(slow);
    assert!(is_up(&server));
}

#[test]
fn requests_end_when_their_clients_leave_during_a_fault() {
    for fault in [
        "hang",
        "hang-body",
        "drip=50ms",
        "endless",
        "endless-headers",
        "endless-1xx",
        "delay=1h",
    ] {
        let server = TestServer::builder()
            .plan(&format!("100:{fault}"))
            .unwrap()
            .start()
            .unwrap();
        let clients = [(); 5].map(|()| send_get(&server, "/flags/br/br.gif"));
        wait_until(fault, &server, |stats| stats.in_flight == 5);
        drop(clients);
        wait_until(fault, &server, |stats| stats.in_flight == 0);
    }
}

#[test]
fn a_head_that_takes_too_long_ends_its_connection_and_an_idle_connection_stays() {
    let builder = TestServer::builder().header_timeout(Duration::from_millis(50));
    let server = builder.start().unwrap();
    let request = b"GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut idle = send(&server, request);
    let first = read(&mut idle, 1);
    assert_eq!(first.connection, ConnectionState::Open);
    for started in [&b""[..], b"G", &request[..40]] {
        let mut slow = send(&server, started);
        assert_ne!(
            read(&mut slow, usize::MAX).connection,
            ConnectionState::Open
        );
    }
    idle.write_all(request).unwrap();
    assert_eq!(read(&mut idle, 1).bytes.len(), first.bytes.len());
    // The timeout applies to each head, not only to the first.
    idle.write_all(&request[..40]).unwrap();
    assert_ne!(
        read(&mut idle, usize::MAX).connection,
        ConnectionState::Open
    );
}
