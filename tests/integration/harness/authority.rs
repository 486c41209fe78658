//! A certificate authority, and the folders that it fills as cert-manager fills a Secret.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};

use super::Pod;

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate to be.
pub struct Certificate {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        // One of the same name would be its own to the VM.
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Puts a certificate, its key and this authority into a folder of the pod.
    pub fn fill(&self, pod: Pod, folder: &str, certificate: &Certificate) -> Pod {
        let signed = certificate.params.signed_by(&certificate.key, &self.0);
        pod.file(&format!("{folder}/ca.crt"), self.pem())
            .file(
                &format!("{folder}/tls.crt"),
                signed.expect("a certificate").pem(),
            )
            .file(
                &format!("{folder}/tls.key"),
                certificate.key.serialize_pem(),
            )
    }
}

impl Certificate {
    /// One that names these hosts and addresses, from an hour ago for ten days.
    pub fn of(hosts: &[&str]) -> Self {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("parameters");
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().expect("a key");
        Self { params, key }.valid(-3600, 864_000)
    }

    /// From and to these seconds after now.
    pub fn valid(mut self, from: i64, to: i64) -> Self {
        let at = |seconds: i64| {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            let now = SystemTime::now();
            if seconds < 0 {
                now - distance
            } else {
                now + distance
            }
        };
        self.params.not_before = at(from).into();
        self.params.not_after = at(to).into();
        self
    }

    #[cfg(feature = "full")]
    pub fn for_clients_only(mut self) -> Self {
        self.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self
    }
}
