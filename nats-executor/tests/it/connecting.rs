//! Connections that cannot be made, TLS and credentials.

use std::fs;
use std::time::Duration;

use nats_executor::{ConnectError, NatsExecutor, NatsOptions};

use crate::support::{Server, Settings, Worker, options};
use crate::tasks::Noop;

#[test]
fn a_url_without_a_server_is_an_error_that_names_it() {
    let error = NatsExecutor::connect("nats://127.0.0.1:1", NatsOptions::new()).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("nats://127.0.0.1:1"), "{error}");

    let error = NatsExecutor::connect("http://127.0.0.1", NatsOptions::new()).unwrap_err();
    assert!(matches!(error, ConnectError::Url { .. }), "{error}");

    let error = NatsExecutor::connect("nats://127.0.0.1", NatsOptions::new().pool("a.b"));
    assert!(matches!(error, Err(ConnectError::PoolName(_))));
}

#[test]
fn a_server_that_never_greets_is_an_error_after_the_connect_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    let options = NatsOptions::new().connect_timeout(Duration::from_millis(200));
    let error = NatsExecutor::connect(&url, options).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[test]
fn a_server_without_jetstream_is_an_error_that_says_so() {
    let server = Server::with("accounts { A { users = [{user: u, password: p}] } }");
    let url = format!("nats://u:p@127.0.0.1:{}", server.port());
    let error = NatsExecutor::connect(&url, options()).unwrap_err();
    assert!(matches!(error, ConnectError::JetStream { .. }), "{error}");
    assert!(
        error.to_string().contains("-js") && !error.to_string().contains("u:p"),
        "{error}"
    );
}

#[test]
fn wrong_credentials_are_refused_and_never_printed() {
    let server = Server::with("authorization { user: worker, password: secret }");
    let with = |user| format!("nats://{user}@127.0.0.1:{}", server.port());
    let error = NatsExecutor::connect(&with("worker:guessed"), options()).unwrap_err();
    assert!(
        matches!(error, ConnectError::Unauthorized { .. }),
        "{error}"
    );
    assert!(!error.to_string().contains("guessed"), "{error}");

    let missing = options().credentials("/no/such.creds");
    let error = NatsExecutor::connect(&with("worker:secret"), missing).unwrap_err();
    assert!(error.to_string().contains("/no/such.creds"), "{error}");

    let _worker = Worker::start(&with("worker:secret"));
    let executor = NatsExecutor::connect(&with("worker:secret"), options()).unwrap();
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
}

#[test]
fn a_private_authority_is_trusted_if_its_certificate_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).unwrap();
    fs::write(path("ca.pem"), certificate.pem()).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    fs::write(path("cert.pem"), certificate.pem()).unwrap();
    fs::write(path("key.pem"), key.serialize_pem()).unwrap();
    let server = Server::with(&format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
        path("cert.pem"),
        path("key.pem")
    ));
    let url = format!("tls://127.0.0.1:{}", server.port());

    let error = NatsExecutor::connect(&url, options()).unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");

    let _worker = Worker::with(&Settings {
        root_certificates: Some(path("ca.pem")),
        ..Settings::new(&url)
    });
    let trusting = options().root_certificates(path("ca.pem"));
    let executor = NatsExecutor::connect(&url, trusting).unwrap();
    assert_eq!(executor.submit(Noop(42)).unwrap().result(), Ok(&42));
}
