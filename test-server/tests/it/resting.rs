//! Connections that rest between two requests for longer than they keep their buffers.

use std::io::Write as _;
use std::net::TcpStream;

use test_server::{Plan, TestServer};

use crate::support::{ConnectionState, read, read_some, wait_until};

const REQUEST: &[u8] = b"GET /flags/br/br.gif HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Reads a response with the flag of Brazil, and returns its body.
fn flag(client: &mut TcpStream) -> Vec<u8> {
    let head = read_some(client, 1);
    let length: usize = head.header("content-length").unwrap().parse().unwrap();
    let mut body = head.body().to_vec();
    while body.len() < length {
        body.extend(read_some(client, 1).bytes);
    }
    assert_eq!(body.len(), length);
    body
}

/// Waits until connections have rested this often.
fn rest(server: &TestServer, times: u64) {
    wait_until("a connection rests", server, |stats| stats.rests == times);
}

fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.addresses()[0]).unwrap()
}

#[test]
fn a_rested_connection_serves_on() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let mut client = connect(&server);
    client.write_all(REQUEST).unwrap();
    let first = flag(&mut client);
    rest(&server, 1);
    client.write_all(&REQUEST[..9]).unwrap();
    client.write_all(&REQUEST[9..]).unwrap();
    assert_eq!(flag(&mut client), first);
    // Two requests in one piece.
    rest(&server, 2);
    client.write_all(&[REQUEST, REQUEST].concat()).unwrap();
    let both = read_some(&mut client, 2 * first.len());
    assert_eq!(both.text().matches("HTTP/1.1 200 OK").count(), 2);
    let stats = server.stats();
    assert_eq!(
        (stats.requests, stats.connections, stats.open_connections),
        (4, 1, 1)
    );
}

#[test]
fn the_beginning_of_the_next_request_is_not_lost() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let mut client = connect(&server);
    client
        .write_all(&[REQUEST, &REQUEST[..20]].concat())
        .unwrap();
    let first = flag(&mut client);
    rest(&server, 1);
    client.write_all(&REQUEST[20..]).unwrap();
    assert_eq!(flag(&mut client), first);
}

#[test]
fn a_rested_connection_meets_faults_and_ends() {
    let server = TestServer::start(Plan::normal()).unwrap();
    let mut clients = [connect(&server), connect(&server), connect(&server)];
    for client in &mut clients {
        client.write_all(REQUEST).unwrap();
        flag(client);
    }
    rest(&server, 3);
    let [mut leaving, mut closing, mut resetting] = clients;
    leaving.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(
        read(&mut leaving, usize::MAX).connection,
        ConnectionState::Fin
    );
    drop(leaving);
    wait_until("one has left", &server, |stats| stats.open_connections == 2);

    server.set_plan("100:reset".parse().unwrap()).unwrap();
    resetting.write_all(REQUEST).unwrap();
    assert_eq!(
        read(&mut resetting, usize::MAX).connection,
        ConnectionState::Reset
    );
    server
        .set_plan("100:close-body=17".parse().unwrap())
        .unwrap();
    closing.write_all(REQUEST).unwrap();
    let cut = read(&mut closing, usize::MAX);
    assert_eq!(
        (cut.body().len(), cut.connection),
        (17, ConnectionState::Fin)
    );
    wait_until("all have left", &server, |stats| {
        stats.open_connections == 0
    });
}

#[cfg(feature = "tls")]
#[test]
fn a_rested_connection_with_tls_serves_on() {
    use std::io::Read as _;

    let server = TestServer::builder().tls().start().unwrap();
    let mut stream = crate::support::tls::connect(&server).unwrap();
    let mut response = || {
        let mut bytes = Vec::new();
        stream
            .write_all(b"GET /__health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .unwrap();
        while !bytes.ends_with(b"ok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            bytes.push(byte[0]);
        }
        bytes.len()
    };
    let first = response();
    rest(&server, 1);
    assert_eq!(response(), first);
    assert_eq!(server.stats().connections, 1);
}
