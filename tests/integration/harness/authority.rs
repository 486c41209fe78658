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
        Self::of(&Certificate::of(&[]))
    }

    /// For as long as this certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let (params, key) = Self::named("authority", certificate);
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// One that this one has signed, for as long as this certificate.
    #[cfg(feature = "full")]
    pub fn intermediate(&self, certificate: &Certificate) -> Self {
        let (params, key) = Self::named("intermediate", certificate);
        Self(CertifiedIssuer::signed_by(params, key, &self.0).expect("an authority"))
    }

    /// Its name is not that of a certificate that it signs, which would be its own to the VM.
    fn named(name: &str, certificate: &Certificate) -> (CertificateParams, KeyPair) {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = certificate.params.not_before;
        params.not_after = certificate.params.not_after;
        (params, KeyPair::generate().expect("a key"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// The files of a Secret: this authority, the certificate and its key.
    pub fn files(&self, certificate: &Certificate) -> [(&'static str, String); 3] {
        let signed = certificate.params.signed_by(&certificate.key, &self.0);
        [
            ("ca.crt", self.pem()),
            ("tls.crt", signed.expect("a certificate").pem()),
            ("tls.key", certificate.key.serialize_pem()),
        ]
    }

    /// Puts a certificate, its key and this authority into a folder of the pod.
    pub fn fill(&self, pod: Pod, folder: &str, certificate: &Certificate) -> Pod {
        let files = self.files(certificate).into_iter();
        files.fold(pod, |pod, (name, text)| {
            pod.file(&format!("{folder}/{name}"), text)
        })
    }

    /// Mounts them or renews them as the kubelet does: the files are links through `..data`, which is a link to a folder, and
    /// another such link takes its place.
    /// <https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go>
    #[cfg(feature = "full")]
    pub fn renew(&self, folder: &std::path::Path, certificate: &Certificate) {
        use std::fs;
        use std::os::unix::fs::symlink;
        use std::path::Path;
        use std::sync::atomic::{AtomicU32, Ordering};

        static COUNT: AtomicU32 = AtomicU32::new(0);
        let version = format!("..{}", COUNT.fetch_add(1, Ordering::Relaxed));
        fs::create_dir_all(folder.join(&version)).expect("a folder");
        let files = self.files(certificate);
        for (name, text) in &files {
            fs::write(folder.join(&version).join(name), text).expect("a file");
        }
        let new = folder.join("..data_tmp");
        symlink(&version, &new).expect("a link");
        fs::rename(new, folder.join("..data")).expect("the link is exchanged");
        for (name, _) in files {
            let _ = symlink(Path::new("..data").join(name), folder.join(name));
        }
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

    /// With this subject.
    #[cfg(feature = "full")]
    pub fn named(mut self, subject: &str) -> Self {
        let name = &mut self.params.distinguished_name;
        name.push(DnType::CommonName, subject);
        self
    }

    #[cfg(feature = "full")]
    pub fn for_clients_only(mut self) -> Self {
        self.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self
    }
}
