//! What client and server have in common, and handshakes that end early.

use std::sync::Arc;

use flags::record::Kind;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::super::{error, with_args};
use super::{NOT_TLS, Row, Verdict, configured, serving, tls};
use crate::support::certificates::Presented;
use crate::support::tls::{End, Talk, config};

/// Returns what a server writes that ends the handshake with this alert.
fn alert(talk: &mut Talk, number: u8) {
    talk.answer_to_hello();
    talk.write_raw(&[21, 3, 3, 0, 2, 2, number]);
}

pub(super) fn rows() -> Vec<Row> {
    [versions(), handshakes()].concat()
}

fn versions() -> Vec<Row> {
    vec![
        configured(
            "only TLS 1.2",
            |presented| config(presented.identity, &[&TLS12]),
            Verdict::Saved,
        ),
        configured(
            "only TLS 1.3",
            |presented| config(presented.identity, &[&TLS13]),
            Verdict::Saved,
        ),
        configured(
            "the server would negotiate only HTTP/2, but speaks HTTP/1.1",
            |presented| {
                let mut config = config(presented.identity, ALL_VERSIONS);
                config.alpn_protocols = vec![b"h2".to_vec()];
                config
            },
            Verdict::Saved,
        ),
        configured(
            "a certificate of the client is required, in TLS 1.3",
            |presented| with_client_certificates(presented, &TLS13),
            tls("tls: received fatal alert: CertificateRequired"),
        ),
        configured(
            "a certificate of the client is required, in TLS 1.2",
            |presented| with_client_certificates(presented, &TLS12),
            tls("tls: received fatal alert: CertificateRequired"),
        ),
        serving(
            "no version in common",
            |mut talk, _| {
                alert(&mut talk, 70);
                talk.end(End::Fin);
            },
            tls("tls: received fatal alert: ProtocolVersion"),
        ),
        serving(
            "nothing else in common",
            |mut talk, _| {
                alert(&mut talk, 40);
                talk.end(End::Fin);
            },
            tls("tls: received fatal alert: HandshakeFailure"),
        ),
        serving(
            "a server that does not know the name",
            |mut talk, _| {
                alert(&mut talk, 112);
                talk.end(End::Fin);
            },
            tls("tls: received fatal alert: UnrecognisedName"),
        ),
        serving(
            "an internal error of the server",
            |mut talk, _| {
                alert(&mut talk, 80);
                talk.end(End::Fin);
            },
            tls("tls: received fatal alert: InternalError"),
        ),
    ]
}

fn with_client_certificates(
    presented: Presented,
    version: &'static SupportedProtocolVersion,
) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(presented.identity.chain[0].clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(presented.identity.chain, presented.identity.key)
        .unwrap()
}

const CONNECT_TIMEOUT: &[&str] = &["--connect-timeout", "0.3"];
const NOT_CONNECTED: Verdict = Verdict::Error(
    Kind::ConnectTimeout,
    "connect_timeout: no connection within 300ms",
);

/// Reads the first message of the client, and ends the connection without an answer.
fn cut_hello(mut talk: Talk, end: End) {
    talk.answer_to_hello();
    talk.end(end);
}

/// Reads the first message of the client, writes a part of the answer of the handshake, and ends the connection.
fn cut_handshake(mut talk: Talk, end: End) {
    let answer = talk.answer_to_hello();
    talk.write_raw(&answer[..answer.len() / 2]);
    talk.end(end);
}

fn handshakes() -> Vec<Row> {
    vec![
        serving(
            "closed after the first message of the client",
            |talk, _| cut_hello(talk, End::Fin),
            error(Kind::Connect, "connect: tls handshake eof"),
        ),
        serving(
            "reset after the first message of the client",
            |talk, _| cut_hello(talk, End::Reset),
            error(Kind::Connect, "connect: Connection reset by peer…"),
        ),
        with_args(
            CONNECT_TIMEOUT,
            serving(
                "stalled after the first message of the client",
                |talk, _| cut_hello(talk, End::Stall),
                NOT_CONNECTED,
            ),
        ),
        serving(
            "closed in the middle of the handshake",
            |talk, _| cut_handshake(talk, End::Fin),
            error(Kind::Connect, "connect: tls handshake eof"),
        ),
        serving(
            "reset in the middle of the handshake",
            |talk, _| cut_handshake(talk, End::Reset),
            error(Kind::Connect, "connect: Connection reset by peer…"),
        ),
        with_args(
            CONNECT_TIMEOUT,
            serving(
                "stalled in the middle of the handshake",
                |talk, _| cut_handshake(talk, End::Stall),
                NOT_CONNECTED,
            ),
        ),
        serving(
            "bytes that are not TLS instead of the handshake",
            |mut talk, _| {
                talk.answer_to_hello();
                talk.write_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                talk.end(End::Fin);
            },
            NOT_TLS,
        ),
    ]
}
