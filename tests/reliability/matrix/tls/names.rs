//! The names, purposes and keys of a certificate.

use flags::record::Kind;
use rcgen::{
    BasicConstraints, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType, SignatureAlgorithm,
};

use super::{FAULTLESS, Row, TlsSetup, Verdict, presenting, row, tls, unchanged};
use crate::support::certificates::{Authority, Presented, self_signed};
const WRONG_NAME: Verdict = Verdict::Error(
    Kind::Tls,
    "tls: invalid peer certificate: certificate not valid for name …",
);

fn presenting_at(
    host: &'static str,
    fault: &'static str,
    present: fn() -> Presented,
    verdict: Verdict,
) -> Row {
    let setup = TlsSetup {
        host,
        present,
        ..FAULTLESS
    };
    row(fault, setup, verdict)
}

/// Returns a server with a certificate for exactly these names.
fn named<const N: usize>(names: [SanType; N]) -> Presented {
    Authority::new().presents(|params| params.subject_alt_names = names.into())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn address(address: &str) -> SanType {
    SanType::IpAddress(address.parse().unwrap())
}

pub(super) fn rows() -> Vec<Row> {
    [names(), purposes()].concat()
}

fn names() -> Vec<Row> {
    vec![
        presenting(
            "a certificate for another name",
            || named([dns("example.org")]),
            WRONG_NAME,
        ),
        presenting(
            "a certificate for a name that begins with the right one",
            || named([dns("localhost.example.org")]),
            WRONG_NAME,
        ),
        presenting(
            "a certificate for a name below the right one",
            || named([dns("www.localhost")]),
            WRONG_NAME,
        ),
        presenting(
            "a certificate for all names below the right one",
            || named([dns("*.localhost")]),
            WRONG_NAME,
        ),
        presenting("a certificate for no name", || named([]), WRONG_NAME),
        presenting(
            "a certificate with the right name only in the subject",
            || {
                Authority::new().presents(|params| {
                    params.subject_alt_names = Vec::new();
                    params
                        .distinguished_name
                        .push(DnType::CommonName, "localhost");
                })
            },
            WRONG_NAME,
        ),
        presenting(
            "a certificate for the right name in capitals",
            || named([dns("LOCALHOST")]),
            Verdict::Saved,
        ),
        presenting(
            "a certificate for the right name among others",
            || named([dns("example.org"), dns("localhost"), address("192.0.2.1")]),
            Verdict::Saved,
        ),
        presenting(
            "a certificate for 2,000 other names",
            || {
                Authority::new().presents(|params| {
                    let names = (0..2000).map(|i| dns(&format!("host-{i}.example.org")));
                    params.subject_alt_names = names.collect();
                })
            },
            WRONG_NAME,
        ),
        presenting(
            "a certificate for the address and not for the name",
            || named([address("127.0.0.1")]),
            WRONG_NAME,
        ),
        presenting_at(
            "127.0.0.1",
            "a certificate for the name and not for the address that is used",
            || named([dns("localhost")]),
            WRONG_NAME,
        ),
        presenting_at(
            "127.0.0.1",
            "a certificate for another address",
            || named([address("127.0.0.2")]),
            WRONG_NAME,
        ),
        presenting_at(
            "127.0.0.1",
            "a certificate for the address as if it were a name",
            || named([dns("127.0.0.1")]),
            WRONG_NAME,
        ),
        presenting_at(
            "127.0.0.1",
            "a certificate for the address that is used",
            || named([address("127.0.0.1")]),
            Verdict::Saved,
        ),
    ]
}
const NOT_FOR_SERVERS: Verdict = Verdict::Error(
    Kind::Tls,
    "tls: invalid peer certificate: not made for servers (its extended key usage)",
);

fn for_purpose(purpose: ExtendedKeyUsagePurpose) -> Presented {
    Authority::new().presents(|params| params.extended_key_usages = vec![purpose])
}

fn with_key(algorithm: &'static SignatureAlgorithm) -> Presented {
    Authority::new().presents_with(KeyPair::generate_for(algorithm).unwrap(), unchanged)
}

fn purposes() -> Vec<Row> {
    vec![
        presenting(
            "the certificate of an authority as that of the server",
            || self_signed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
            tls(
                "tls: invalid peer certificate: the server presents the certificate of an authority (CA:TRUE); give it \
                 one of its own (CA:FALSE), signed by that authority",
            ),
        ),
        presenting(
            "a certificate for servers only",
            || for_purpose(ExtendedKeyUsagePurpose::ServerAuth),
            Verdict::Saved,
        ),
        presenting(
            "a certificate for clients only",
            || for_purpose(ExtendedKeyUsagePurpose::ClientAuth),
            NOT_FOR_SERVERS,
        ),
        presenting(
            "a certificate for signing programs only",
            || for_purpose(ExtendedKeyUsagePurpose::CodeSigning),
            NOT_FOR_SERVERS,
        ),
        presenting(
            "a certificate with a P-384 key",
            || with_key(&rcgen::PKCS_ECDSA_P384_SHA384),
            Verdict::Saved,
        ),
        presenting(
            "a certificate with an Ed25519 key",
            || with_key(&rcgen::PKCS_ED25519),
            Verdict::Saved,
        ),
    ]
}
