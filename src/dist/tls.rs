//! TLS as the VM speaks it with other nodes, and what else of it this program needs: certificates in PEM, and what an error
//! means. RFC 8446, <https://www.erlang.org/doc/apps/ssl/ssl_distribution.html>

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientConfig, Resumption, verify_server_cert_signed_by_trust_anchor, verify_server_name,
};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConnection, DigitallySignedStruct, Error,
    RootCertStore, SignatureScheme,
};

use super::{DistError, TlsFiles};
use crate::node::Host;

pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The certificates in a text; `path` is where it stands.
///
/// # Errors
/// There is none.
pub fn certificates(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("{} has no certificate in PEM", path.display())),
    }
}

/// The authorities in a text. One that cannot be read is left out, as the VM leaves it out.
///
/// # Errors
/// There is none.
pub fn authorities(path: &Path, text: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let mut unread = None;
    for one in certificates(path, text)? {
        unread = roots.add(one).err().or(unread);
    }
    match unread {
        Some(error) if roots.is_empty() => Err(format!(
            "{} is no authority: {}",
            path.display(),
            short(error)
        )),
        _ => Ok(roots),
    }
}

/// What a client of nodes needs, made once, and anew when the files have changed: a renewed certificate is for new
/// connections.
#[derive(Debug)]
pub struct TlsClient {
    files: TlsFiles,
    last: Mutex<Option<(Stamp, Arc<ClientConfig>)>>,
}

/// By which a changed file is seen: that of what a link leads to.
type Stamp = Vec<Option<(SystemTime, u64, u64)>>;

impl TlsClient {
    pub fn new(files: TlsFiles) -> Self {
        Self {
            files,
            last: Mutex::new(None),
        }
    }

    /// A connection to the node of this host, which is still to be made.
    ///
    /// # Errors
    /// The files cannot be used.
    pub fn connection(&self, host: &Host) -> Result<ClientConnection, DistError> {
        let name = match host {
            Host::Address(address) => Ok(ServerName::from(*address)),
            _ => ServerName::try_from(host.to_string()),
        };
        let name = name.map_err(|_| {
            DistError::CannotAsk(format!("{host} is no name that a certificate could have"))
        })?;
        let config = self.config().map_err(DistError::CannotAsk)?;
        ClientConnection::new(config, name).map_err(|error| DistError::CannotAsk(error.to_string()))
    }

    fn config(&self) -> Result<Arc<ClientConfig>, String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.stamp();
        if let Some((of, config)) = last.as_ref()
            && *of == stamp
        {
            return Ok(config.clone());
        }
        match (read(&self.files), last.as_ref()) {
            (Ok(config), _) => Ok(last.insert((stamp, Arc::new(config))).1.clone()),
            // While they are exchanged one by one, they may not belong together.
            (Err(_), Some((_, config))) => Ok(config.clone()),
            (Err(reason), None) => Err(reason),
        }
    }

    fn stamp(&self) -> Stamp {
        let own = self.files.identity.iter().flat_map(|(one, two)| [one, two]);
        let stamp = |path| {
            let file = fs::metadata(path).ok()?;
            Some((file.modified().ok()?, file.len(), file.ino()))
        };
        own.chain(&self.files.authority).map(stamp).collect()
    }
}

/// TLS 1.3, and 1.2 for nodes whose options say nothing of it.
fn read(files: &TlsFiles) -> Result<ClientConfig, String> {
    let text = |path: &Path| {
        let text = fs::read(path);
        text.map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let provider = provider();
    let roots = match &files.authority {
        Some(path) => Some(authorities(path, &text(path)?)?),
        None => None,
    };
    let verifier = NodeVerifier {
        roots,
        names_host: files.names_host,
        provider: provider.clone(),
    };
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let builder = builder.dangerous();
    let builder = builder.with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &files.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate, &text(certificate)?)?;
            let secret = PrivateKeyDer::from_pem_slice(&text(key)?);
            let secret = secret.map_err(|_| {
                format!(
                    "{} has no private key in PEM without a password",
                    key.display()
                )
            })?;
            let config = builder.with_client_auth_cert(chain, secret);
            config.map_err(|error| {
                let (certificate, key) = (certificate.display(), key.display());
                let error = short(error);
                format!("{certificate} and {key} cannot be used: {error}")
            })?
        }
    };
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Takes the certificates that a node takes which connects.
#[derive(Debug)]
struct NodeVerifier {
    roots: Option<RootCertStore>,
    names_host: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let parsed = ParsedCertificate::try_from(certificate)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, roots, others, now, algorithms)
                .map_err(|error| match error {
                    // Of an authority with the name of ours: the alert is to say that, too.
                    Error::InvalidCertificate(CertificateError::BadSignature) => {
                        CertificateError::UnknownIssuer.into()
                    }
                    other => other,
                })?;
            if self.names_host {
                verify_server_name(&parsed, host)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self
            .provider
            .signature_verification_algorithms
            .supported_schemes();
        // OTP 23 signs by the first of ECDSA that it is offered, whatever curve its key is on; most are on this one.
        schemes.sort_by_key(|scheme| *scheme != SignatureScheme::ECDSA_NISTP256_SHA256);
        schemes
    }
}

/// The hosts in a certificate, of the names that rustls writes: `DnsName("a.b"), IpAddress(10.1.2.3)`.
pub fn named(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let host = |name: &String| {
        let name = name.strip_suffix(')')?;
        let host = name
            .strip_prefix("DnsName(")
            .or_else(|| name.strip_prefix("IpAddress("))?;
        Some(host.trim_matches('"').to_owned())
    };
    let hosts: Vec<String> = names.iter().filter_map(host).collect();
    let shown = hosts.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    match hosts.len().saturating_sub(SHOWN) {
        0 if hosts.is_empty() => "no host".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// An error in the words of the library that found it, without the bytes that it shows.
pub fn short(error: impl Into<Error>) -> String {
    let text = match error.into() {
        Error::InvalidCertificate(CertificateError::Other(other)) => other.to_string(),
        Error::InvalidCertificate(error) => error.to_string(),
        error => error.to_string(),
    };
    text.split(" {").next().unwrap_or_default().to_owned()
}

/// What an error of TLS means, to be put behind the node's name; `None` for any other.
pub fn reason(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::AlertReceived(alert) => match alert {
            AlertDescription::UnknownCA => {
                "refuses our certificate: unknown CA; is it of the same authority as that node's?"
                    .into()
            }
            AlertDescription::CertificateExpired => {
                "refuses our certificate: it has expired, or is not valid yet; renew it, and compare the clocks"
                    .into()
            }
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
                "wants a certificate, and there is none to show; set BEAMINIT_TLS, or certfile in the options of the client"
                    .into()
            }
            AlertDescription::BadCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate => {
                format!("refuses our certificate: {alert:?}; its log says why")
            }
            AlertDescription::ProtocolVersion => {
                "speaks neither TLS 1.3 nor 1.2".into()
            }
            _ => format!("ends the TLS handshake: {alert:?}; its log says why"),
        },
        Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "is not taken for one of ours: its certificate is of another authority".into()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "is not taken for one of ours: its certificate has expired".into()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "is not taken for one of ours: its certificate is not valid yet; compare the clocks"
                    .into()
            }
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => {
                let presented = named(presented);
                format!(
                    "is not taken for that node: its certificate names {presented}, not {}; see BEAMINIT_TLS_PEERS",
                    expected.to_str()
                )
            }
            other => format!(
                "is not taken for one of ours: its certificate: {}",
                short(other.clone())
            ),
        },
        Error::InvalidMessage(_) => "speaks no TLS".into(),
        other => format!("cannot be spoken with over TLS: {}", short(other.clone())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_short() {
        let error = CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![6, 8],
            supported_algorithms: Vec::new(),
        };
        assert_eq!(short(error), "UnsupportedSignatureAlgorithmContext");
        let library = io::Error::other("EndEntityUsedAsCa");
        let error = CertificateError::Other(rustls::OtherError(Arc::new(library)));
        assert_eq!(short(error), "EndEntityUsedAsCa");
    }

    #[test]
    fn names_are_hosts_and_not_too_many() {
        let host = |number| format!("DnsName(\"h{number}\")");
        let other = "Unsupported(0x01)".to_owned();
        assert_eq!(named(std::slice::from_ref(&other)), "no host");
        assert_eq!(named(&[other, host(0), host(1)]), "h0, h1");
        let many: Vec<String> = (0..13).map(host).collect();
        assert!(named(&many).ends_with(", h9 and 3 more"));
    }
}
