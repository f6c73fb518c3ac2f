//! Every fault, met by a client that checks the exact bytes and how the connection ends: one module per family, as in
//! `src/fault/`.

mod body;
mod breaking;
mod curl;
mod framing;
mod garbled;
mod labels;
mod quota;
mod ranges;
mod redirect;
mod sequence;
mod slow;
mod status;
mod timing;
mod whole_server;

use std::net::TcpStream;

use test_server::{Plan, TestServer};

use crate::support::{ConnectionState, Response, get, read, read_some, send_get};

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
