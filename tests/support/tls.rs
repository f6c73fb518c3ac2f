//! Servers that speak TLS, with certificates made by the test, and that end connections in any way.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WantsServerCert;
use rustls::{ConfigBuilder, ServerConfig, ServerConnection, Stream};
use tempfile::TempDir;

use super::raw::{RawServer, read_head};

/// What a server presents: its certificate with those that lead to its authority, and its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// How a server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With a close_notify and FIN, as TLS demands.
    CloseNotify,
    /// With FIN alone, as a server whose process ends.
    Fin,
}

/// A server that speaks TLS, and the file of the certificates that a client must trust.
pub(crate) struct TlsServer {
    raw: RawServer,
    folder: TempDir,
}

impl TlsServer {
    /// Starts a server for `localhost` that answers up to `requests` requests per connection with these bytes, and then
    /// ends the connection.
    pub(crate) fn answering(answer: Vec<u8>, requests: usize, end: End) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let identity = Identity {
            chain: vec![cert.der().clone()],
            key: signing_key.serialize_der().try_into().unwrap(),
        };
        let config = Arc::new(config(builder(), identity));
        Self::start(&cert.pem(), move |mut socket| {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            for _ in 0..requests {
                let mut stream = Stream::new(&mut tls, &mut socket);
                if !read_head(&mut stream) || stream.write_all(&answer).is_err() {
                    break;
                }
            }
            end_connection(&mut tls, &mut socket, end);
        })
    }

    /// Starts a server that passes each connection to `serve`. A client must trust these certificates, in PEM.
    pub(crate) fn start(trusted: &str, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Self {
            raw: RawServer::start(move |socket| {
                // Without, the second of two small writes waits for the client's acknowledgement.
                socket.set_nodelay(true).unwrap();
                serve(socket);
            }),
            folder,
        };
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

    pub(crate) fn connections(&self) -> usize {
        self.raw.connections()
    }
}

/// Returns the builder of a configuration with all versions.
pub(crate) fn builder() -> ConfigBuilder<ServerConfig, WantsServerCert> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
}

pub(crate) fn config(
    builder: ConfigBuilder<ServerConfig, WantsServerCert>,
    identity: Identity,
) -> ServerConfig {
    let Identity { chain, key } = identity;
    builder.with_single_cert(chain, key).unwrap()
}

/// Ends a connection. The client may have closed it before.
fn end_connection(tls: &mut ServerConnection, socket: &mut TcpStream, end: End) {
    if end == End::CloseNotify {
        tls.send_close_notify();
        let _ = tls.complete_io(socket);
    }
    let _ = socket.shutdown(std::net::Shutdown::Write);
    // Unread bytes would turn the end into a reset.
    let _ = socket.read_to_end(&mut Vec::new());
}
