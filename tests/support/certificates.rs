//! Certificates made by the test: authorities, and what servers present.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server presents: its certificate with those that lead to its authority, and its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// An identity, and the certificates that a client must trust, in PEM.
pub(crate) struct Presented {
    pub(crate) identity: Identity,
    pub(crate) trusted: String,
}

/// An authority that signs certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The certificates between a server's and the trusted one.
    chain: Vec<CertificateDer<'static>>,
    /// The trusted certificate, in PEM.
    trusted: String,
}

impl Authority {
    /// Creates an authority that signs itself.
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(authority("root"), key).unwrap();
        Self {
            trusted: issuer.pem(),
            chain: Vec::new(),
            issuer,
        }
    }

    /// Creates an authority that this one has signed, after this change to its certificate.
    pub(crate) fn below(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(&format!("authority {}", self.chain.len() + 1));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap();
        Self {
            chain: [&[issuer.der().clone()], &self.chain[..]].concat(),
            trusted: self.trusted.clone(),
            issuer,
        }
    }

    /// Returns a server for `localhost`, after this change to its certificate.
    pub(crate) fn presents(&self, change: impl FnOnce(&mut CertificateParams)) -> Presented {
        self.presents_with(KeyPair::generate().unwrap(), change)
    }

    /// Returns a server for `localhost` with this key, after this change to its certificate.
    pub(crate) fn presents_with(
        &self,
        key: KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Presented {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Presented {
            identity: Identity {
                chain: [&[certificate.der().clone()], &self.chain[..]].concat(),
                key: key.serialize_der().try_into().unwrap(),
            },
            trusted: self.trusted.clone(),
        }
    }
}

/// Returns a server for `localhost` that has signed its certificate itself, after this change. The client trusts that
/// certificate.
pub(crate) fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Presented {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Presented {
        identity: Identity {
            chain: vec![certificate.der().clone()],
            key: key.serialize_der().try_into().unwrap(),
        },
        trusted: certificate.pem(),
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}
