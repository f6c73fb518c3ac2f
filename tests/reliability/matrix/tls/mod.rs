//! https: certificates, versions, and connections that end in every stage, each in every way.

mod answers;
mod authorities;
mod handshakes;
mod names;

use flags::record::Kind;
use rcgen::CertificateParams;
use rustls::ServerConfig;

use super::{NO_ARGS, Row, Setup, Verdict, error};
use crate::support::certificates::{Authority, Presented};
use crate::support::raw::ok;
use crate::support::tls::{End, Talk, config};

/// A server that speaks TLS.
#[derive(Clone, Copy)]
pub(crate) struct TlsSetup {
    /// The host in the URL.
    pub(crate) host: &'static str,
    /// Returns the certificates.
    pub(crate) present: fn() -> Presented,
    /// Returns the configuration of the server.
    pub(crate) config: fn(Presented) -> ServerConfig,
    /// Serves one connection. Gets the flag.
    pub(crate) serve: fn(Talk, flag: &[u8]),
}

/// A server without faults.
const FAULTLESS: TlsSetup = TlsSetup {
    host: "localhost",
    present: || Authority::new().presents(|_| {}),
    config: |presented| config(presented.identity, rustls::ALL_VERSIONS),
    serve: |mut talk, flag| {
        talk.read_head();
        talk.write(&ok(flag));
        talk.end(End::CloseNotify);
    },
};

/// The verdict for bytes that are not TLS.
const NOT_TLS: Verdict = Verdict::Error(
    Kind::Tls,
    "tls: received corrupt message of type InvalidContentType",
);

pub(super) fn rows() -> Vec<Row> {
    [
        authorities::rows(),
        names::rows(),
        handshakes::rows(),
        answers::rows(),
    ]
    .concat()
}

fn row(fault: &'static str, setup: TlsSetup, verdict: Verdict) -> Row {
    Row {
        fault,
        setup: Setup::Tls(setup),
        args: NO_ARGS,
        verdict,
    }
}

fn presenting(fault: &'static str, present: fn() -> Presented, verdict: Verdict) -> Row {
    row(
        fault,
        TlsSetup {
            present,
            ..FAULTLESS
        },
        verdict,
    )
}

fn configured(fault: &'static str, config: fn(Presented) -> ServerConfig, verdict: Verdict) -> Row {
    row(
        fault,
        TlsSetup {
            config,
            ..FAULTLESS
        },
        verdict,
    )
}

fn serving(fault: &'static str, serve: fn(Talk, &[u8]), verdict: Verdict) -> Row {
    row(fault, TlsSetup { serve, ..FAULTLESS }, verdict)
}

fn tls(message: &'static str) -> Verdict {
    error(Kind::Tls, message)
}

/// Changes nothing.
fn unchanged(_: &mut CertificateParams) {}
