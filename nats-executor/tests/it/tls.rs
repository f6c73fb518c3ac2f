//! Private authorities, and client certificates.

use std::fs;

use nats_executor::{ConnectError, NatsExecutor};
use rcgen::{CertificateParams, Issuer, KeyPair};
use tempfile::TempDir;

use crate::support::{Server, Settings, Worker, options};
use crate::tasks::Noop;

/// An authority, and a folder with its certificate and those that it signs.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = authority.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        Self { folder, issuer }
    }

    /// Signs a certificate. Returns the files with it and with its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap();
        let certificate = certificate.signed_by(&key, &self.issuer).unwrap();
        let files = [".pem", ".key"].map(|end| self.file(&format!("{name}{end}")));
        fs::write(&files[0], certificate.pem()).unwrap();
        fs::write(&files[1], key.serialize_pem()).unwrap();
        files.into()
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Starts a server with a certificate of this authority.
    fn server(&self, rest: &str) -> (Server, String) {
        let (certificate, key) = self.sign("server");
        let tls = format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" {rest} }}");
        let server = Server::with(&tls);
        let url = format!("tls://127.0.0.1:{}", server.port());
        (server, url)
    }
}

#[test]
fn a_private_authority_is_trusted_if_its_certificate_is_given() {
    let authority = Authority::new();
    let (_server, url) = authority.server("");
    let error = NatsExecutor::connect(&url, options()).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");

    let _worker = Worker::with(&Settings {
        root_certificates: Some(authority.file("ca.pem")),
        ..Settings::new(&url)
    });
    let trusting = options().root_certificates(authority.file("ca.pem"));
    let executor = NatsExecutor::connect(&url, trusting).unwrap();
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
}

#[test]
fn a_server_that_verifies_clients_accepts_those_with_a_certificate_of_its_authority() {
    let (authority, other) = (Authority::new(), Authority::new());
    let ca = authority.file("ca.pem");
    let (_server, url) = authority.server(&format!(", ca_file: \"{ca}\", verify: true"));
    let trusting = || options().root_certificates(&ca);

    let error = NatsExecutor::connect(&url, trusting()).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    let (certificate, key) = other.sign("stranger");
    let stranger = trusting().client_certificate(certificate, key);
    let error = NatsExecutor::connect(&url, stranger).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    let missing = trusting().client_certificate("/no/such.pem", "/no/such.key");
    let error = NatsExecutor::connect(&url, missing).unwrap_err();
    assert!(error.to_string().contains("/no/such.pem"), "{error}");

    let (certificate, key) = authority.sign("client");
    let _worker = Worker::with(&Settings {
        root_certificates: Some(ca.clone()),
        client_certificate: Some((certificate.clone(), key.clone())),
        ..Settings::new(&url)
    });
    let known = trusting().client_certificate(certificate, key);
    let executor = NatsExecutor::connect(&url, known).unwrap();
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
}
