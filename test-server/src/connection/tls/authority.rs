//! The authority of the certificates, and the certificates that a server presents.
//!
//! Keys and certificates are made at the start and are never written to a disk, so that a client that trusts this
//! authority trusts nothing after the end of the program.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::NoServerSessionStorage;

/// A certificate authority, which signs the certificates of servers. A client that trusts it trusts them.
///
/// ```
/// use test_server::{Authority, TestServer};
///
/// let authority = Authority::new()?;
/// let one = TestServer::builder().tls_from(&authority).start()?;
/// let other = TestServer::builder().tls_from(&authority).start()?;
/// assert_eq!(one.ca_pem(), other.ca_pem());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Authority(Arc<Signer>);

struct Signer {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
}

/// The reason why a certificate cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a certificate")]
pub struct AuthorityError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl AuthorityError {
    fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

/// Checks that a certificate can be for this host.
pub(crate) fn check_host(host: &str) -> Result<(), String> {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if !host.is_empty() && host.bytes().all(is_of_name) {
        return Ok(());
    }
    Err(format!(
        "a certificate cannot be for the host '{host}': it has letters, digits, '-' and '.'"
    ))
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    Expired,
    WrongHost,
    SelfSigned,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without its key.
        f.debug_tuple("Authority").field(&self.0.pem).finish()
    }
}

impl Authority {
    /// Creates an authority with a key of its own. It is valid for a year.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new() -> Result<Self, AuthorityError> {
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "test-server, made at its start");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, days_ago(40), in_a_year());
        let key = KeyPair::generate().map_err(AuthorityError::new)?;
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(AuthorityError::new)?;
        let pem = issuer.pem();
        Ok(Self(Arc::new(Signer { issuer, pem })))
    }

    /// Returns the certificate of the authority in PEM, for clients that are to trust it.
    pub fn pem(&self) -> &str {
        &self.0.pem
    }

    /// Returns the configuration of a server that presents a certificate for localhost, this address and these hosts.
    pub(super) fn server_config(
        &self,
        address: Option<IpAddr>,
        hosts: &[String],
        flaw: Flaw,
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        let mut names = ["localhost", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .to_vec();
        names.extend(address.map(|address| address.to_string()));
        // Some clients compare them byte by byte, in lower case.
        names.extend(hosts.iter().map(|host| host.to_ascii_lowercase()));
        if flaw == Flaw::WrongHost {
            names = vec!["wrong-host.invalid".to_owned()];
        }
        let mut params = CertificateParams::new(names).map_err(AuthorityError::new)?;
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "test-server");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = flaw != Flaw::SelfSigned;
        match flaw {
            Flaw::Expired => set_validity(&mut params, days_ago(30), days_ago(1)),
            _ => set_validity(&mut params, days_ago(1), in_a_year()),
        }
        let key = KeyPair::generate().map_err(AuthorityError::new)?;
        let certificate = match flaw {
            Flaw::SelfSigned => params.self_signed(&key),
            _ => params.signed_by(&key, &self.0.issuer),
        };
        let certificate = certificate.map_err(AuthorityError::new)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        server_config(certificate.der().clone(), key)
    }
}

/// Returns a configuration in which every handshake is a whole one. A client that resumed an earlier session would not
/// look at the certificate, and would not meet the fault of its connection.
fn server_config(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, AuthorityError> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            let builder = builder.with_no_client_auth();
            builder.with_single_cert(vec![certificate], key)
        })
        .map_err(AuthorityError::new)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

fn days_ago(days: u32) -> SystemTime {
    SystemTime::now()
        .checked_sub(DAY * days)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Returns the end of the validity of a certificate: some clients refuse those that are valid for much longer.
fn in_a_year() -> SystemTime {
    SystemTime::now()
        .checked_add(DAY * 365)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn set_validity(params: &mut CertificateParams, from: SystemTime, to: SystemTime) {
    let date = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        date_time_ymd(1970, 1, 1) + since.unwrap_or_default()
    };
    (params.not_before, params.not_after) = (date(from), date(to));
}
