//! A port of control paths alone, over plain HTTP: for servers with TLS, whose faults would meet the requests that control
//! them, and for proxies of TCP, which have no paths.
//!
//! * `paths`: from a request to the control paths of a server
//! * `builder`: the settings of a port, and its start

use std::net::SocketAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::connection::background::Background;

mod builder;
mod paths;

pub use builder::ControlPortBuilder;

/// A port with the control paths of several servers and proxies, each below its name, until it is stopped or dropped.
///
/// Requests to it and their connections are not counted and meet no faults.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use std::net::TcpStream;
/// use test_server::{ControlPort, TestServer};
///
/// let server = TestServer::builder().name("SHOP").start()?;
/// let control = ControlPort::builder().server(&server).start()?;
/// assert_eq!(control.url_of("SHOP"), format!("http://localhost:{}/SHOP", control.port()));
///
/// let mut client = TcpStream::connect(control.addresses()[0])?;
/// let head = "PUT /SHOP/__plan HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\nconnection: close\r\n\r\n";
/// write!(client, "{head}100:reset")?;
/// client.read_to_end(&mut Vec::new())?;
/// assert_eq!(server.plan().to_string(), "100:reset");
/// assert_eq!(server.stats().connections, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ControlPort {
    background: Background,
}

/// The characters that a segment of a path has as they are.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl ControlPort {
    /// Returns a builder of a port on loopback without servers.
    pub fn builder() -> ControlPortBuilder {
        ControlPortBuilder::new()
    }

    /// Returns the URL of the port, `http://localhost:PORT`, or with the address on which it listens.
    pub fn url(&self) -> String {
        self.background.addresses().url("http")
    }

    /// Returns the URL to which the control paths of the server or proxy with this name can be appended:
    /// `http://localhost:PORT/NAME`.
    pub fn url_of(&self, name: &str) -> String {
        format!("{}/{}", self.url(), utf8_percent_encode(name, UNRESERVED))
    }

    /// Returns the port, which is the same on all addresses.
    pub fn port(&self) -> u16 {
        self.background.addresses().port()
    }

    /// Returns the addresses on which the port is open, at least one.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.background.addresses().all()
    }
}
