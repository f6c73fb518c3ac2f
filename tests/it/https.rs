//! https, with servers whose certificates are made by the test: which are accepted, and which connections and redirects
//! are used.

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
