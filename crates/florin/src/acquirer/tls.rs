//! TLS towards the host: its certificate checked, the gateway's shown.
//!
//! TLS 1.2 and 1.3 only; there is no way to accept a certificate unseen.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::TlsConnector;

use super::config::LinkTls;

/// What a connection needs to speak TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) server_name: ServerName<'static>,
}

/// The TLS settings of a link cannot be used.
#[derive(Clone, Debug)]
pub struct TlsError {
    doing: &'static str,
    reason: String,
}

/// Reads the files of the settings.
pub(crate) fn load(settings: &LinkTls) -> Result<Tls, TlsError> {
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(&settings.authorities_file, "authorities_file")? {
        authorities.add(certificate).map_err(error("authorities_file"))?;
    }
    let chain = certificates(&settings.certificate_file, "certificate_file")?;
    let key = PrivateKeyDer::from_pem_file(&settings.key_file).map_err(error("key_file"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(error("protocol versions"))?
        .with_root_certificates(authorities)
        .with_client_auth_cert(chain, key)
        .map_err(error("certificate_file and key_file"))?;
    let server_name =
        ServerName::try_from(settings.server_name.clone()).map_err(error("server_name"))?;
    Ok(Tls { connector: TlsConnector::from(Arc::new(config)), server_name })
}

fn certificates(
    file: &Path,
    doing: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(error(doing))?.collect();
    let found = found.map_err(error(doing))?;
    if found.is_empty() {
        return Err(TlsError { doing, reason: "no certificate in it".to_owned() });
    }
    Ok(found)
}

fn error<E: fmt::Display>(doing: &'static str) -> impl Fn(E) -> TlsError {
    move |source| TlsError { doing, reason: source.to_string() }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS settings of the link, {}: {}", self.doing, self.reason)
    }
}

impl std::error::Error for TlsError {}
