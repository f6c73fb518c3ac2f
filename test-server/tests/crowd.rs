//! Thousands of connections at once. These tests have their own binary and run one at a time, because each needs as
//! many descriptors as the system allows a process and would leave none for other tests.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};

use test_server::{Plan, TestServer};

#[cfg(unix)]
#[path = "it/support/program.rs"]
mod program;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Connects and requests a flag. Does not wait for the answer.
fn client_with_request(address: impl ToSocketAddrs) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    client
        .write_all(b"GET /flags/br/br.gif HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    client
}

/// Reads the status of each answer, which must be 200. Returns the clients, still connected.
fn with_answers(mut clients: Vec<TcpStream>) -> Vec<TcpStream> {
    for client in &mut clients {
        let mut status = [0; 12];
        client.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
    clients
}

#[test]
fn a_server_holds_two_thousand_connections_at_once() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // Both ends of each connection are in this process.
    let descriptors = test_server::raise_descriptor_limit().unwrap_or(u64::MAX);
    let connections: usize = if descriptors < 4_200 { 400 } else { 2_000 };
    let server = TestServer::start(Plan::hold_until(connections)).unwrap();
    let address = server.addresses()[0];
    let clients = (0..connections).map(|_| client_with_request(address));
    let _clients = with_answers(clients.collect());
    let stats = server.stats();
    assert_eq!(
        (stats.peak_in_flight, stats.connections),
        (connections, connections as u64)
    );
}

#[cfg(unix)]
#[test]
fn the_program_holds_ten_thousand_connections_at_once() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // Each end holds one descriptor per connection, in a process of its own.
    let descriptors = test_server::raise_descriptor_limit().unwrap_or(u64::MAX);
    let connections = usize::try_from(descriptors.saturating_sub(200))
        .unwrap_or(usize::MAX)
        .min(10_000);
    let (running, lines) = program::start(&["--serve", &format!("0=100:hold={connections}")], 1);
    let port = program::port(&lines[0]);
    let clients = (0..connections).map(|n| {
        // On some systems one client address has too few ports for all connections.
        let address = if n % 2 == 0 { "127.0.0.1" } else { "localhost" };
        client_with_request((address, port))
    });
    let _clients = with_answers(clients.collect());
    if connections < 10_000 {
        eprintln!(
            "only {connections} connections: this machine allows {descriptors} descriptors per process"
        );
    }
    program::stop(running, rustix::process::Signal::TERM);
}
