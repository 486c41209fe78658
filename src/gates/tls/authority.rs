//! The authorities of a node, and what they say of a certificate, as OTP does in `ssl_certificate` and `pubkey_cert`.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore};

type Certificate = CertificateDer<'static>;

/// OTP trusts a certificate that signs itself. It looks for the way to that one among all others.
pub struct Authority {
    roots: Vec<Certificate>,
    intermediates: Vec<Certificate>,
    provider: Arc<CryptoProvider>,
}

/// What is wrong with which certificate.
pub struct Fault<'a> {
    pub which: Which<'a>,
    pub error: CertificateError,
}

#[derive(Clone, Copy)]
pub enum Which<'a> {
    Own(&'a Certificate),
    Intermediate(&'a Certificate),
    Root(&'a Certificate),
    /// There is none that signs itself, only this kind.
    NoRoot,
}

impl Authority {
    pub fn new(certificates: Vec<Certificate>, provider: Arc<CryptoProvider>) -> Self {
        let (roots, intermediates) = certificates
            .into_iter()
            .partition(|one| is_self_issued(one).unwrap_or(true));
        Self {
            roots,
            intermediates,
            provider,
        }
    }

    /// Would a node take this certificate, on both sides of a connection?
    pub fn judge<'a>(
        &'a self,
        chain: &'a [Certificate],
        time: SystemTime,
    ) -> Result<(), Fault<'a>> {
        let Some((own, others)) = chain.split_first() else {
            return Ok(());
        };
        let in_time = |root: &&Certificate| self.out_of_time(root, time).is_none();
        let error = match self.verify(self.roots.iter().filter(in_time), chain, time) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let signs = |one: &Certificate| self.verify([one], chain, time).is_ok();
        let mut fault = Fault {
            which: Which::Own(own),
            error,
        };
        match fault.error {
            CertificateError::UnknownIssuer => {
                if let Some(root) = self.roots.iter().find(|root| signs(root)) {
                    fault.error = self.out_of_time(root, time).unwrap_or(fault.error);
                    fault.which = Which::Root(root);
                } else if self.intermediates.iter().any(signs) {
                    fault.which = Which::NoRoot;
                }
            }
            _ if self.out_of_time(own, time).is_none() => {
                let mut others = others.iter().chain(&self.intermediates);
                let late =
                    others.find(|one| self.out_of_time(one, time).as_ref() == Some(&fault.error));
                fault.which = late.map_or(fault.which, Which::Intermediate);
            }
            _ => {}
        }
        Err(fault)
    }

    /// That a certificate has expired, or is not valid yet.
    pub fn out_of_time(&self, one: &Certificate, time: SystemTime) -> Option<CertificateError> {
        // Its time is what is looked at first.
        let error = self.verify([], std::slice::from_ref(one), time).err()?;
        matches!(
            error,
            CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. }
        )
        .then_some(error)
    }

    fn verify<'a>(
        &self,
        roots: impl IntoIterator<Item = &'a Certificate>,
        chain: &[Certificate],
        time: SystemTime,
    ) -> Result<(), CertificateError> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.into_iter().cloned());
        let time = UnixTime::since_unix_epoch(time.duration_since(UNIX_EPOCH).unwrap_or_default());
        let verified = || {
            let (first, others) = chain.split_first().ok_or(CertificateError::BadEncoding)?;
            let others: Vec<_> = others.iter().chain(&self.intermediates).cloned().collect();
            let parsed = ParsedCertificate::try_from(first)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &store, &others, time, algorithms)?;
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(store), self.provider.clone());
            let verifier = verifier
                .build()
                .map_err(|_| CertificateError::UnknownIssuer)?;
            verifier.verify_client_cert(first, &others, time).map(drop)
        };
        verified().map_err(|error: Error| match error {
            Error::InvalidCertificate(CertificateError::BadSignature) => {
                CertificateError::UnknownIssuer
            }
            Error::InvalidCertificate(error) => error,
            _ => CertificateError::BadEncoding,
        })
    }
}

/// Has it the subject of its issuer? Then it signs itself, to OTP. `None` for what is no certificate.
/// RFC 5280, section 4.1
pub fn is_self_issued(certificate: &Certificate) -> Option<bool> {
    const VERSION: u8 = 0xa0;
    let (certificate, _) = element(certificate)?;
    let (mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        (_, rest) = element(rest)?;
    }
    let mut next = || {
        let (value, behind) = element(rest)?;
        rest = behind;
        Some(value)
    };
    let [_serial, _algorithm, issuer, _validity, subject] =
        [next()?, next()?, next()?, next()?, next()?];
    Some(issuer == subject)
}

/// The value of the first element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([_tag, first], rest) = der.split_first_chunk()?;
    if *first < 0x80 {
        return rest.split_at_checked((*first).into());
    }
    let (length, rest) = rest.split_at_checked((first & 0x7f).into())?;
    let length = length.iter().try_fold(0_usize, |sum, byte| {
        sum.checked_mul(0x100)?.checked_add((*byte).into())
    })?;
    rest.split_at_checked(length)
}
