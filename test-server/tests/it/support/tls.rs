//! A TLS client that trusts the authority of a server, and shows how handshakes and connections end.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use test_server::TestServer;

pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// Returns the configuration of a client that trusts only the authority of this server.
pub(crate) fn trusting(server: &TestServer) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(server.ca_pem().unwrap().as_bytes());
    roots.add(certificate.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Connects to this host and performs the handshake.
pub(crate) fn handshake(
    server: &TestServer,
    config: &Arc<ClientConfig>,
    host: &str,
) -> io::Result<TlsStream> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
    let tcp = TcpStream::connect(server.addresses()[0]).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut stream = StreamOwned::new(tls, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// Connects to localhost and performs the handshake.
pub(crate) fn connect(server: &TestServer) -> io::Result<TlsStream> {
    handshake(server, &trusting(server), "localhost")
}

/// Sends a GET of this path on a connection, and reads until it ends. Returns what was read, and the error if it ended
/// without a close_notify.
pub(crate) fn get(mut stream: TlsStream, path: &str) -> (Vec<u8>, io::Result<()>) {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(|_| ());
    (bytes, end)
}
