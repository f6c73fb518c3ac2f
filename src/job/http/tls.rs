//! A TLS configuration that costs nothing until it is used.
//!
//! Without a given configuration each client creates its own and loads the system's certificates for it, even for plain
//! http: 2 to 14 ms for one client, and 51 ms for 30. Here one configuration serves the whole process, and the
//! certificates are loaded at the first handshake.
//!
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` replace those certificates. If they name none, every server looks untrusted, so that
//! is an error of its own.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_native_certs::{CertificateResult, load_certs_from_paths};
use rustls_platform_verifier::Verifier;
use safe_text::{shown_path, writable_date};

use program::causes;

/// The settings of TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsSettings {
    /// Certificates that are trusted besides those of the system.
    pub(crate) roots: Vec<CertificateDer<'static>>,
    /// Whether every certificate is accepted.
    pub(crate) insecure: bool,
    /// Whether the client offers HTTP/2 to the server.
    pub(crate) http2: bool,
}

/// Returns a configuration with the default settings. Clones share its expensive parts.
pub(crate) fn default_config() -> ClientConfig {
    static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
    CONFIG
        .get_or_init(|| client_config(TlsSettings::default()))
        .clone()
}

/// Returns a configuration with these settings. Clones share its expensive parts.
pub(crate) fn client_config(settings: TlsSettings) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match settings.insecure {
        true => Arc::new(AcceptAll(Arc::clone(&provider))),
        false => Arc::new(LazyVerifier {
            provider: Arc::clone(&provider),
            roots: settings.roots,
            verifier: OnceLock::new(),
        }),
    };
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(AnyClock))
        .with_safe_default_protocol_versions()
        .expect("the provider's own versions and suites fit each other")
        .dangerous() // required for a custom verifier; the usual one only wraps the platform's own
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    if settings.http2 {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    config
}

/// Reads the certificates of `--cacert`.
///
/// # Errors
/// If the file cannot be read or contains no certificate.
pub(crate) fn read_roots(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let loaded = load_certs_from_paths(Some(file), None);
    let certificates = loaded.certs.clone();
    require_certificate("--cacert FILE", file.into(), [loaded])?;
    Ok(certificates)
}

/// The reason why `--cacert` or a variable of the environment names no certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is '{}', {reason}", shown_path(Path::new(value)))]
pub(crate) struct CertificateError {
    variable: &'static str,
    value: OsString,
    reason: String,
}

/// Checks that `SSL_CERT_FILE` and `SSL_CERT_DIR`, if they are set, name at least one certificate each.
///
/// # Errors
/// If one of them does not.
pub(crate) fn check_certificates() -> Result<(), CertificateError> {
    // These systems have certificates of their own, and their verifiers ignore the variables.
    if cfg!(any(windows, target_vendor = "apple", target_os = "android")) {
        return Ok(());
    }
    if let Some(file) = env::var_os("SSL_CERT_FILE") {
        let loaded = load_certs_from_paths(Some(Path::new(&file)), None);
        require_certificate("SSL_CERT_FILE", file, [loaded])?;
    }
    // An empty list of folders counts as not set.
    if let Some(folders) = env::var_os("SSL_CERT_DIR").filter(|folders| !folders.is_empty()) {
        let loaded = env::split_paths(&folders)
            .map(|folder| load_certs_from_paths(None, Some(&folder)))
            .collect::<Vec<_>>();
        require_certificate("SSL_CERT_DIR", folders, loaded)?;
    }
    Ok(())
}

/// Checks that something was loaded.
fn require_certificate(
    variable: &'static str,
    value: OsString,
    loaded: impl IntoIterator<Item = CertificateResult>,
) -> Result<(), CertificateError> {
    let mut first_error = None;
    for CertificateResult { certs, errors, .. } in loaded {
        if !certs.is_empty() {
            return Ok(());
        }
        first_error = first_error.or_else(|| errors.into_iter().next());
    }
    let reason = match &first_error {
        Some(error) => {
            let cause = causes(error).last().map(ToString::to_string);
            format!("which cannot be read: {}", cause.unwrap_or_default())
        }
        None => "which contains no certificate in PEM format".to_owned(),
    };
    Err(CertificateError {
        variable,
        value,
        reason,
    })
}

/// The time of this machine, clamped to the years of certificates. The default provider panics before 1970.
#[derive(Debug)]
struct AnyClock;

impl TimeProvider for AnyClock {
    fn current_time(&self) -> Option<UnixTime> {
        let since_1970 = writable_date(SystemTime::now()).duration_since(SystemTime::UNIX_EPOCH);
        since_1970.ok().map(UnixTime::since_unix_epoch)
    }
}

/// The verifier of the platform, created when it is first needed.
#[derive(Debug)]
struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    /// Certificates that are trusted besides those of the platform.
    roots: Vec<CertificateDer<'static>>,
    verifier: OnceLock<Result<Verifier, Error>>,
}

impl LazyVerifier {
    fn verifier(&self) -> Result<&Verifier, Error> {
        let created = self.verifier.get_or_init(|| {
            // A redirect may lead from http to https, so this was not necessarily checked before.
            check_certificates().map_err(|error| Error::Other(OtherError(Arc::new(error))))?;
            Verifier::new_with_extra_roots(self.roots.clone(), Arc::clone(&self.provider))
        });
        created.as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for LazyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verifier = self.verifier()?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier()?.verify_tls13_signature(message, cert, dss)
    }

    /// Returns the provider's schemes, which are also those of the platform's verifier. rustls calls this before the
    /// first handshake, when that verifier must not be created yet.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Accepts every certificate, for `--insecure`: the connection is encrypted, but anyone may be at its other end.
#[derive(Debug)]
struct AcceptAll(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
