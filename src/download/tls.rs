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

use crate::download::cause::describe;

/// Returns the configuration of this process. Clones share its expensive parts.
pub(super) fn client_config() -> ClientConfig {
    static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
    CONFIG.get_or_init(new_client_config).clone()
}

fn new_client_config() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let verifier = LazyVerifier {
        provider: Arc::clone(&provider),
        verifier: OnceLock::new(),
    };
    ClientConfig::builder_with_details(provider, Arc::new(AnyClock))
        .with_safe_default_protocol_versions()
        .expect("the provider's own versions and suites fit each other")
        .dangerous() // required for a custom verifier; ours only wraps the platform's own
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth()
}

/// The reason why a variable of the environment names no certificates.
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
        Some(error) => format!("which cannot be read: {}", describe(error)),
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
    verifier: OnceLock<Result<Verifier, Error>>,
}

impl LazyVerifier {
    fn verifier(&self) -> Result<&Verifier, Error> {
        let created = self.verifier.get_or_init(|| {
            // A redirect may lead from http to https, so this was not necessarily checked before.
            check_certificates().map_err(|error| Error::Other(OtherError(Arc::new(error))))?;
            Verifier::new(Arc::clone(&self.provider))
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
