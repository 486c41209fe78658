//! A node's certificate as its peers see it: what OTP says in `ssl_certificate:validate/3`, said before the start.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime::format_rfc3339_seconds;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, ExtendedKeyPurpose, InconsistentKeys, RootCertStore};
use tracing::{info, warn};

use super::fails;
use crate::dist::{self, TlsFiles};
use crate::error::Failure;
use crate::node::Host;

/// Checks a certificate, its key, and the certificates of the authorities.
///
/// # Errors
/// What its peers would refuse it for.
pub fn check(
    files: &TlsFiles,
    host: Option<&Host>,
    [certificate, key, authorities]: [&[u8]; 3],
) -> Result<(), Failure> {
    let (Some((path, key_path)), Some(authority_path)) = (&files.identity, &files.authority) else {
        return Ok(());
    };
    let provider = dist::tls::provider();
    let chain = dist::tls::certificates(path, certificate).or_else(fails)?;
    let roots = dist::tls::authorities(authority_path, authorities).or_else(fails)?;
    check_key(key_path, key, path, &chain, &provider)?;
    let authority = Authority { roots, provider };
    let now = SystemTime::now();
    let path = path.display();
    let shown = |time: UnixTime| {
        format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time.as_secs())).to_string()
    };
    let reason = match authority.judge(&chain, now) {
        Ok(()) => None,
        Err(CertificateError::ExpiredContext { not_after, .. }) => Some(format!(
            "{path} has expired, at {}; renew it",
            shown(not_after)
        )),
        Err(CertificateError::NotValidYetContext { not_before, .. }) => Some(format!(
            "{path} is not valid before {}; is the clock of this machine right?",
            shown(not_before)
        )),
        Err(CertificateError::UnknownIssuer | CertificateError::BadSignature) => Some(format!(
            "{path} is signed by no authority of {}, so that peers refuse it; take both from one Secret",
            authority_path.display()
        )),
        Err(CertificateError::InvalidPurposeContext { required, .. }) => Some(format!(
            "{path} is not for {} use, and a node needs it for both; write usages: [server auth, client auth] in its Certificate",
            match required {
                ExtendedKeyPurpose::ClientAuth => "client",
                _ => "server",
            }
        )),
        Err(error) => {
            warn!("{path} cannot be checked: {error}; the VM may take it");
            return Ok(());
        }
    };
    if let Some(line) = reason {
        return fails(line);
    }
    if let Some(host) = host {
        if files.names_host {
            check_host(&path, host, &chain)?;
            info!("{path} names {host}, and is of the authority");
        } else {
            info!("{path} is of the authority");
        }
        warn_of_end(&authority, &chain, now, &path.to_string());
    }
    Ok(())
}

fn check_key(
    path: &Path,
    text: &[u8],
    certificate: &Path,
    chain: &[CertificateDer<'static>],
    provider: &CryptoProvider,
) -> Result<(), Failure> {
    let path = path.display();
    let Ok(key) = PrivateKeyDer::from_pem_slice(text) else {
        return fails(format!(
            "{path} has no private key in PEM without a password"
        ));
    };
    let Ok(key) = provider.key_provider.load_private_key(key) else {
        // Of a kind that the VM may know.
        return Ok(());
    };
    match CertifiedKey::new(chain.to_vec(), key).keys_match() {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => fails(format!(
            "{path} is not the key of {}; take both from one Secret",
            certificate.display()
        )),
        _ => Ok(()),
    }
}

struct Authority {
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
}

impl Authority {
    /// Would a node take this certificate, on both sides of a connection?
    fn judge(
        &self,
        chain: &[CertificateDer<'static>],
        time: SystemTime,
    ) -> Result<(), CertificateError> {
        let time = UnixTime::since_unix_epoch(time.duration_since(UNIX_EPOCH).unwrap_or_default());
        let judged = || {
            let (first, others) = chain.split_first().ok_or(CertificateError::BadEncoding)?;
            let parsed = ParsedCertificate::try_from(first)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.roots,
                others,
                time,
                algorithms,
            )?;
            let roots = Arc::new(self.roots.clone());
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots, self.provider.clone());
            let verifier = verifier
                .build()
                .map_err(|_| CertificateError::UnknownIssuer)?;
            verifier.verify_client_cert(first, others, time).map(drop)
        };
        judged().map_err(|error: Error| match error {
            Error::InvalidCertificate(error) => error,
            _ => CertificateError::BadEncoding,
        })
    }
}

/// Refuses a certificate that does not name the host that peers connect to.
fn check_host(
    path: &dyn Display,
    host: &Host,
    chain: &[CertificateDer<'static>],
) -> Result<(), Failure> {
    let text = host.to_string();
    let parsed = chain.first().map(ParsedCertificate::try_from);
    let (Some(Ok(parsed)), Ok(name)) = (parsed, ServerName::try_from(text.as_str())) else {
        return Ok(());
    };
    let Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext {
        presented, ..
    })) = verify_server_name(&parsed, &name)
    else {
        return Ok(());
    };
    let list = match host {
        Host::Address(_) => "ipAddresses",
        _ => "dnsNames",
    };
    let named = dist::tls::named(&presented);
    fails(format!(
        "{path} does not name {text}, the host of this node, so that peers refuse it; it names {named}; write {list}: [\"{text}\"] in its Certificate, or set BEAMINIT_TLS_PEERS=ca on all nodes"
    ))
}

/// Warns of one that ends within a day, and that should have been renewed: only a third of its time is left.
fn warn_of_end(
    authority: &Authority,
    chain: &[CertificateDer<'static>],
    now: SystemTime,
    path: &str,
) {
    const DAY: Duration = Duration::from_hours(24);
    let Err(CertificateError::ExpiredContext { not_after, .. }) = authority.judge(chain, now + DAY)
    else {
        return;
    };
    let end = UNIX_EPOCH + Duration::from_secs(not_after.as_secs());
    let left = end.duration_since(now).unwrap_or_default();
    if authority.judge(chain, now - 2 * left).is_ok() {
        warn!(
            "{path} expires at {}, and is not renewed yet; the node takes a new file within 2 minutes, without a restart",
            format_rfc3339_seconds(end)
        );
    }
}
