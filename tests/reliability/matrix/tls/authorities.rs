//! Who signed a certificate, and until when it is valid.

use flags::record::Kind;
use rcgen::{
    BasicConstraints, CertificateParams, GeneralSubtree, IsCa, NameConstraints, date_time_ymd,
};

use super::{FAULTLESS, Row, Verdict, presenting, tls, unchanged};
use crate::support::certificates::{Authority, Presented, self_signed};
const UNKNOWN_ISSUER: Verdict =
    Verdict::Error(Kind::Tls, "tls: invalid peer certificate: UnknownIssuer");

pub(super) fn rows() -> Vec<Row> {
    [authorities(), validity()].concat()
}

fn authorities() -> Vec<Row> {
    vec![
        presenting(
            "a certificate signed by a trusted authority",
            FAULTLESS.present,
            Verdict::Saved,
        ),
        presenting(
            "a certificate signed by an authority below the trusted one",
            || Authority::new().below(unchanged).presents(unchanged),
            Verdict::Saved,
        ),
        presenting(
            "a certificate signed by an authority two below the trusted one",
            || {
                Authority::new()
                    .below(unchanged)
                    .below(unchanged)
                    .presents(unchanged)
            },
            Verdict::Saved,
        ),
        presenting(
            "the certificate of the authority below the trusted one is missing",
            || {
                let mut presented = Authority::new().below(unchanged).presents(unchanged);
                presented.identity.chain.truncate(1);
                presented
            },
            UNKNOWN_ISSUER,
        ),
        presenting(
            "an unrelated certificate after the right ones",
            || {
                let mut presented = Authority::new().presents(unchanged);
                let other = Authority::new().presents(unchanged).identity;
                presented.identity.chain.extend(other.chain);
                presented
            },
            Verdict::Saved,
        ),
        presenting(
            "a certificate signed by an authority that is not trusted but has the name of one that is",
            || Presented {
                trusted: Authority::new().presents(unchanged).trusted,
                ..Authority::new().presents(unchanged)
            },
            tls("tls: invalid peer certificate: BadSignature"),
        ),
        presenting(
            "a certificate signed by itself and trusted",
            || self_signed(unchanged),
            Verdict::Saved,
        ),
        presenting(
            "a certificate signed by itself and not trusted",
            || Presented {
                trusted: Authority::new().presents(unchanged).trusted,
                ..self_signed(unchanged)
            },
            UNKNOWN_ISSUER,
        ),
        presenting(
            "a certificate signed by a certificate that is not that of an authority",
            || {
                let not_authority =
                    |params: &mut CertificateParams| params.is_ca = IsCa::ExplicitNoCa;
                Authority::new().below(not_authority).presents(unchanged)
            },
            tls(
                "tls: invalid peer certificate: signed by a certificate that is not that of an authority",
            ),
        ),
        presenting(
            "one authority more below the trusted one than that allows",
            || {
                let without_others = |params: &mut CertificateParams| {
                    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                };
                let constrained = Authority::new().below(without_others);
                constrained.below(unchanged).presents(unchanged)
            },
            tls(
                "tls: invalid peer certificate: the chain has more intermediate authorities than its issuer allows",
            ),
        ),
        presenting(
            "a certificate signed by an authority for other names",
            || {
                let for_other = |params: &mut CertificateParams| {
                    params.name_constraints = Some(NameConstraints {
                        permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".to_owned())],
                        excluded_subtrees: Vec::new(),
                    });
                };
                Authority::new().below(for_other).presents(unchanged)
            },
            tls("tls: invalid peer certificate: its authority may not sign for this name"),
        ),
        presenting(
            "no certificate is trusted",
            || Presented {
                trusted: String::new(),
                ..Authority::new().presents(unchanged)
            },
            Verdict::Refused(NO_CERTIFICATE),
        ),
    ]
}
const NO_CERTIFICATE: &str = "SSL_CERT_FILE is '…', which contains no certificate in PEM format";

const EXPIRED: Verdict = Verdict::Error(
    Kind::Tls,
    "tls: invalid peer certificate: certificate expired: …",
);
const NOT_YET_VALID: Verdict = Verdict::Error(
    Kind::Tls,
    "tls: invalid peer certificate: certificate not valid yet: …",
);

fn expired(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2020, 1, 1);
}

fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(3000, 1, 1);
}

fn validity() -> Vec<Row> {
    vec![
        presenting(
            "an expired certificate",
            || Authority::new().presents(expired),
            EXPIRED,
        ),
        presenting(
            "a certificate that is not yet valid",
            || Authority::new().presents(not_yet_valid),
            NOT_YET_VALID,
        ),
        presenting(
            "the certificate of an authority below the trusted one has expired",
            || Authority::new().below(expired).presents(unchanged),
            EXPIRED,
        ),
        presenting(
            "the certificate of an authority below the trusted one is not yet valid",
            || Authority::new().below(not_yet_valid).presents(unchanged),
            NOT_YET_VALID,
        ),
        presenting(
            "a certificate signed by itself, trusted and expired",
            || self_signed(expired),
            EXPIRED,
        ),
    ]
}
