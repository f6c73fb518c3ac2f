//! https, with servers whose certificates are made by the test: which are accepted, and which connections and redirects
//! are used.

use std::path::Path;

use crate::support::raw::{RawServer, kept_ok, ok};
use crate::support::tls::{End, TlsServer};
use crate::support::{Program, Run, STRATEGIES, flag_of_brazil};

#[test]
fn a_certificate_is_accepted_only_if_the_system_trusts_it() {
    let flag = flag_of_brazil();
    let program = Program::new();
    let server = TlsServer::answering(ok(&flag), 1, End::CloseNotify);
    let url = server.url();
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
                .env("SSL_CERT_FILE", server.trusted()),
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
fn servers_that_end_kept_connections_lose_no_flag() {
    let answer = kept_ok(&flag_of_brazil());
    for end in [End::CloseNotify, End::Fin] {
        let server = TlsServer::answering(answer.clone(), 2, end);
        for strategy in STRATEGIES {
            let run = Run::of(
                Program::new()
                    .command()
                    .args(["-s", &server.url(), "--strategy", strategy, "-a", "-m", "8"])
                    .env("SSL_CERT_FILE", server.trusted()),
            );
            assert!(
                run.out.contains("\n194 flags downloaded.\n"),
                "{end:?} {strategy}: {}{}",
                run.out,
                run.err
            );
        }
    }
}

#[test]
fn a_redirect_from_https_to_http_is_followed_only_if_allowed() {
    let flag = flag_of_brazil();
    let plain = RawServer::answering(ok(&flag));
    let to_plain = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}/br/br.gif\r\ncontent-length: 0\r\n\r\n",
        plain.url()
    );
    let server = TlsServer::answering(to_plain.into_bytes(), 1, End::CloseNotify);
    for strategy in STRATEGIES {
        let run = |more: &[&str]| {
            Run::of(
                Program::new()
                    .command()
                    .args(["-s", &server.url(), "--strategy", strategy, "br", "-v"])
                    .args(more)
                    .env("SSL_CERT_FILE", server.trusted()),
            )
        };
        let refused = run(&[]);
        let expected =
            "*** Error for BR: redirect: from https to http, which --allow-downgrade allows\n";
        assert!(refused.out.contains(expected), "{}", refused.out);
        assert_eq!(run(&["--allow-downgrade"]).exit, Some(0));
    }
    assert_eq!(plain.connections(), STRATEGIES.len());
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
    let tls = TlsServer::answering(ok(&flag_of_brazil()), 1, End::CloseNotify);
    let location = format!("{}/br.gif", tls.url_at("localhost"));
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
