//! https, with a server whose certificate is made by the test: flags accepts it only if the system trusts it.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use crate::support::raw::{RawServer, ok, read_head};
use crate::support::{Program, Run, STRATEGIES, flag_of_brazil};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

/// Starts a TLS server for `localhost` that answers every request with the same bytes. Writes its certificate to
/// `certificate` and returns its port.
fn serve_tls(answer: Vec<u8>, certificate: &Path) -> u16 {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);

    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = Stream::new(&mut tls, &mut socket);
            read_head(&mut stream);
            // Fails if the client has rejected the certificate and closed the connection.
            let _ = stream.write_all(&answer).and_then(|()| stream.flush());
        }
    });
    port
}

#[test]
fn a_certificate_is_accepted_only_if_the_system_trusts_it() {
    let flag = flag_of_brazil();
    let program = Program::new();
    let certificate = program.folder.path().join("certificate.pem");
    let port = serve_tls(ok(&flag), &certificate);

    let url = format!("https://localhost:{port}/flags");
    for strategy in STRATEGIES {
        let args = ["-s", &url, "--strategy", strategy, "br", "--dest", strategy];
        let distrusted = Run::of(program.command().args(args).env_remove("SSL_CERT_FILE"));
        let expected = "tls: invalid peer certificate: UnknownIssuer: 1 code\n  BR\n";
        assert!(distrusted.err.ends_with(expected), "{}", distrusted.err);
        assert_eq!(distrusted.exit, Some(1));

        let trusted = Run::of(
            program
                .command()
                .args(args)
                .env("SSL_CERT_FILE", &certificate),
        );
        assert_eq!(trusted.exit, Some(0), "{}", trusted.err);
        assert!(
            trusted.out.starts_with(&format!("CUSTOM site: {url}\n")),
            "{}",
            trusted.out
        );
        assert_eq!(
            std::fs::read(program.folder.path().join(strategy).join("br.gif")).unwrap(),
            flag
        );
    }
}

#[test]
fn https_to_a_server_without_tls_is_a_tls_error() {
    let plain = RawServer::greeting("HTTP/1.1 400 Bad Request\r\n\r\n");
    let url = format!("https://127.0.0.1:{}/flags", plain.port());
    let run = Program::new().run(["-s", &url, "br"]);
    assert!(
        run.err
            .contains("tls: received corrupt message of type InvalidContentType: 1 code\n"),
        "{}",
        run.err
    );
    assert_eq!(run.exit, Some(1));
}

/// Certificates that the environment names, but which are not there. The second text is the beginning of the message.
fn unusable_certificates(folder: &Path) -> Vec<(&'static str, String, String)> {
    std::fs::write(folder.join("empty.pem"), "").unwrap();
    std::fs::write(folder.join("text.pem"), "no certificate").unwrap();
    std::fs::create_dir(folder.join("none")).unwrap();
    let cases = [
        (
            "SSL_CERT_FILE",
            "missing.pem",
            "which cannot be read: No such file or directory (os error 2)",
        ),
        (
            "SSL_CERT_FILE",
            "none",
            "which cannot be read: Is a directory (os error 21)",
        ),
        (
            "SSL_CERT_FILE",
            "empty.pem",
            "which contains no certificate in PEM format",
        ),
        (
            "SSL_CERT_FILE",
            "text.pem",
            "which contains no certificate in PEM format",
        ),
        (
            "SSL_CERT_DIR",
            "missing",
            "which cannot be read: No such file or directory (os error 2)",
        ),
        (
            "SSL_CERT_DIR",
            "none:none",
            "which contains no certificate in PEM format",
        ),
    ];
    cases
        .into_iter()
        .map(|(variable, value, reason)| {
            let value = value.to_owned();
            let message = format!("{variable} is '{value}', {reason}");
            (variable, value, message)
        })
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn certificates_that_cannot_be_read_are_reported_before_the_first_request() {
    let program = Program::new();
    let server = RawServer::greeting("");
    let url = format!("https://127.0.0.1:{}/flags", server.port());
    for (variable, value, message) in unusable_certificates(program.folder.path()) {
        let with = |args: &[&str]| Run::of(program.command().args(args).env(variable, &value));
        let run = with(&["-s", &url, "br"]);
        assert_eq!(
            run.err.lines().next(),
            Some(&*format!("*** Usage error: {message}"))
        );
        assert_eq!((run.exit, &*run.out), (Some(2), ""));
        // They do not matter to http.
        assert_eq!(with(&["br"]).exit, Some(0));
    }
    assert_eq!(server.connections(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_redirect_to_https_reports_certificates_that_cannot_be_read() {
    let program = Program::new();
    let folder = program.folder.path();
    let tls = serve_tls(ok(&flag_of_brazil()), &folder.join("certificate.pem"));
    let location = format!("https://localhost:{tls}/br.gif");
    let plain = RawServer::answering(format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    ));
    let args = ["-s", &plain.url(), "br"];
    for (variable, value, message) in unusable_certificates(folder) {
        let run = Run::of(program.command().args(args).env(variable, &value));
        assert!(run.err.contains(&message), "{message}: {}", run.err);
        assert!(run.err.starts_with("tls: "), "{}", run.err);
        assert_eq!(run.exit, Some(1));
    }
}
