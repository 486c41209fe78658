//! A node's certificate as its peers see it: what OTP says in `ssl_certificate:validate/3`, said before the start.

use std::fmt::Display;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime::format_rfc3339_seconds;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, ExtendedKeyPurpose, InconsistentKeys};
use tracing::{info, warn};

use super::authority::{Authority, Fault, Which, is_self_issued};
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
    dist::tls::authorities(authority_path, authorities).or_else(fails)?;
    let authorities = dist::tls::certificates(authority_path, authorities).or_else(fails)?;
    check_key(key_path, key, path, &chain, &provider)?;
    let authority = Authority::new(authorities, provider);
    let now = SystemTime::now();
    let (path, ca) = (path.display(), authority_path.display());
    if chain.first().and_then(is_self_issued) == Some(true) {
        return fails(format!(
            "{path} has the same subject as its issuer, so that peers take it for self-signed and refuse it; have an authority with another subject sign it"
        ));
    }
    let place = |which: Which| match which {
        Which::Root(_) => format!("the authority of {path} in {ca}"),
        Which::Intermediate(_) => format!("an intermediate certificate of {path}"),
        Which::Own(_) | Which::NoRoot => path.to_string(),
    };
    if let Err(Fault { which, error }) = authority.judge(&chain, now) {
        let place = place(which);
        return fails(match error {
            CertificateError::ExpiredContext { not_after, .. } => {
                format!("{place} has expired, at {}; renew it", shown(not_after))
            }
            CertificateError::NotValidYetContext { not_before, .. } => format!(
                "{place} is not valid before {}; is the clock of this machine right?",
                shown(not_before)
            ),
            CertificateError::UnknownIssuer if matches!(which, Which::NoRoot) => format!(
                "{ca} has an intermediate authority of {path} without its root, so that peers refuse it; add the root's certificate"
            ),
            CertificateError::UnknownIssuer => format!(
                "{path} is signed by no authority of {ca}, so that peers refuse it; take both from one Secret, and put its intermediate certificates behind it, if it has any"
            ),
            CertificateError::InvalidPurposeContext { required, .. } => format!(
                "{path} is not for {} use, and a node needs it for both; write usages: [server auth, client auth] in its Certificate",
                match required {
                    ExtendedKeyPurpose::ClientAuth => "client",
                    _ => "server",
                }
            ),
            error => {
                let error = dist::tls::short(error);
                if host.is_some() {
                    warn!("{path} cannot be checked: {error}; the VM may take it");
                }
                return Ok(());
            }
        });
    }
    if let Some(host) = host {
        if files.names_host {
            check_host(&path, host, &chain)?;
            info!("{path} names {host}, and is of the authority");
        } else {
            info!("{path} is of the authority");
        }
        if let Some((which, end)) = soon_ends(&authority, &chain, now) {
            warn!(
                "{} expires at {end}, and is not renewed yet; the node takes a new file within 2 minutes, without a restart",
                place(which)
            );
        }
    }
    Ok(())
}

fn shown(time: UnixTime) -> String {
    format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time.as_secs())).to_string()
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
    let is_of = |one: &CertificateDer<'static>| {
        let matched = CertifiedKey::new(vec![one.clone()], key.clone()).keys_match();
        matched != Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch))
    };
    let certificate = certificate.display();
    match chain.iter().position(is_of) {
        Some(0) => Ok(()),
        Some(_) => fails(format!(
            "{certificate} has another certificate before the one of {path}; put the node's own first, then its authority's"
        )),
        None => fails(format!(
            "{path} is not the key of {certificate}; take both from one Secret"
        )),
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

/// The one that ends within a day and should have been renewed, as only a third of its time is left, and when it ends.
fn soon_ends<'a>(
    authority: &'a Authority,
    chain: &'a [CertificateDer<'static>],
    now: SystemTime,
) -> Option<(Which<'a>, String)> {
    const DAY: Duration = Duration::from_hours(24);
    let fault = authority.judge(chain, now + DAY).err()?;
    let (
        Which::Own(one) | Which::Intermediate(one) | Which::Root(one),
        CertificateError::ExpiredContext { not_after, .. },
    ) = (fault.which, fault.error)
    else {
        return None;
    };
    let end = UNIX_EPOCH + Duration::from_secs(not_after.as_secs());
    let left = end.duration_since(now).unwrap_or_default();
    let is_late = authority.out_of_time(one, now - 2 * left).is_none();
    is_late.then(|| (fault.which, shown(not_after)))
}
