//! Ports without a listener.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};
use test_server::{Plan, TestServer};

/// A port that refuses connections as long as this value lives. It is bound, so no other process can take it, but does
/// not listen.
pub(crate) struct RefusingPort {
    socket: Socket,
}

impl RefusingPort {
    pub(crate) fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&any_port.into()).unwrap();
        Self { socket }
    }

    pub(crate) fn port(&self) -> u16 {
        let address = self.socket.local_addr().unwrap();
        address.as_socket().unwrap().port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/flags", self.port())
    }
}

/// Returns a port on which a server has just listened, on every address that the program listens on. Another process
/// may take it before the test does.
pub(crate) fn free_port() -> u16 {
    let server = TestServer::start(Plan::normal()).unwrap();
    let port = server.port();
    server.stop();
    port
}
