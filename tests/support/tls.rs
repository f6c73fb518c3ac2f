//! Servers that speak TLS, and end handshakes, answers and connections in any way.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, Stream, SupportedProtocolVersion};
use tempfile::TempDir;

use super::certificates::{Identity, Presented, self_signed};
use super::raw::{RawServer, pause, read_head};

/// How a server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With a close_notify and FIN, as TLS demands.
    CloseNotify,
    /// With FIN alone, as a server whose process ends.
    Fin,
    /// With a reset.
    Reset,
    /// Not at all: it writes no more, and waits for the client.
    Stall,
}

/// A server that speaks TLS, and the file of the certificates that a client must trust.
pub(crate) struct TlsServer {
    raw: RawServer,
    folder: TempDir,
}

/// The server's side of one connection.
pub(crate) struct Talk {
    tls: ServerConnection,
    socket: TcpStream,
}

impl TlsServer {
    /// Starts a server for `localhost` that answers up to `requests` requests per connection with these bytes, and then
    /// ends the connection.
    pub(crate) fn answering(answer: Vec<u8>, requests: usize, end: End) -> Self {
        let Presented { identity, trusted } = self_signed(|_| {});
        Self::start(
            config(identity, rustls::ALL_VERSIONS),
            &trusted,
            move |mut talk| {
                for _ in 0..requests {
                    if !talk.read_head() || !talk.write(&answer) {
                        break;
                    }
                }
                talk.end(end);
            },
        )
    }

    /// Starts a server that passes each connection to `serve`, which performs the handshake when it reads or writes. A
    /// client must trust these certificates, in PEM.
    pub(crate) fn start(
        config: ServerConfig,
        trusted: &str,
        serve: impl Fn(Talk) + Send + Sync + 'static,
    ) -> Self {
        let (config, folder) = (Arc::new(config), tempfile::tempdir().unwrap());
        let raw = RawServer::start(move |socket| {
            // Without, the second of two small writes waits for the client's acknowledgement.
            socket.set_nodelay(true).unwrap();
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            serve(Talk { tls, socket });
        });
        let server = Self { raw, folder };
        fs::write(server.trusted(), trusted).unwrap();
        server
    }

    /// Returns the base URL of the server at this host.
    pub(crate) fn url_at(&self, host: &str) -> String {
        format!("https://{host}:{}/flags", self.raw.port())
    }

    pub(crate) fn url(&self) -> String {
        self.url_at("localhost")
    }

    /// Returns the file of the trusted certificates, for `SSL_CERT_FILE`.
    pub(crate) fn trusted(&self) -> PathBuf {
        self.folder.path().join("trusted.pem")
    }
}

/// Returns the configuration of a server that presents this identity and speaks these versions.
pub(crate) fn config(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let Identity { chain, key } = identity;
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

/// The results of writes do not matter to most servers: the client may have closed the connection.
impl Talk {
    /// Performs the handshake if that is left to do, and reads the head of a request. Returns whether it was complete.
    pub(crate) fn read_head(&mut self) -> bool {
        read_head(&mut Stream::new(&mut self.tls, &mut self.socket))
    }

    /// Writes these bytes, encrypted. Returns whether that succeeded.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        let mut stream = Stream::new(&mut self.tls, &mut self.socket);
        stream
            .write_all(bytes)
            .and_then(|()| stream.flush())
            .is_ok()
    }

    /// Writes these bytes without encryption.
    pub(crate) fn write_raw(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// Reads the first message of the client and returns the answer of the handshake, which it does not write.
    pub(crate) fn answer_to_hello(&mut self) -> Vec<u8> {
        let mut answer = Vec::new();
        while !self.tls.wants_write() && self.tls.read_tls(&mut self.socket).is_ok_and(|n| n > 0) {
            // An error is an alert, to be written like the rest.
            let _ = self.tls.process_new_packets();
        }
        while self.tls.wants_write() {
            self.tls.write_tls(&mut answer).unwrap();
        }
        answer
    }

    /// Ends the connection.
    pub(crate) fn end(mut self, end: End) {
        match end {
            End::CloseNotify => {
                self.tls.send_close_notify();
                let _ = self.tls.write_tls(&mut self.socket);
                let _ = self.socket.shutdown(Shutdown::Write);
            }
            End::Fin => {
                let _ = self.socket.shutdown(Shutdown::Write);
            }
            End::Reset => {
                // A reset discards bytes that the client has not read yet.
                pause(&mut self.socket);
                let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
                return;
            }
            End::Stall => {}
        }
        // Unread bytes would turn the end into a reset.
        let _ = self.socket.read_to_end(&mut Vec::new());
    }
}
