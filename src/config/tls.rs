//! Distribution over TLS, with the files of a folder: `BEAMINIT_TLS` and `BEAMINIT_TLS_PEERS`.

use std::path::{Path, PathBuf};

use super::keyword::TlsPeers;
use super::variables::Variables;
use crate::dist::TlsFiles;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The folder with the files of a Secret of type kubernetes.io/tls, as cert-manager writes it.
    pub folder: PathBuf,
    /// Which certificates a node takes from the node that it connects to.
    pub peers: TlsPeers,
}

impl Tls {
    pub fn read(variables: &mut Variables) -> Option<Self> {
        let peers = variables.keyword("BEAMINIT_TLS_PEERS");
        let folder = variables.read("BEAMINIT_TLS", folder);
        if folder.is_none() && peers.is_some() {
            variables.warn_of_alone("BEAMINIT_TLS_PEERS", "BEAMINIT_TLS");
        }
        Some(Self {
            folder: folder?,
            peers: peers.unwrap_or_default(),
        })
    }

    /// What a client of the nodes uses of it.
    pub fn files(&self) -> TlsFiles {
        TlsFiles {
            identity: Some((self.certificate(), self.key())),
            authority: Some(self.authority()),
            names_host: self.peers == TlsPeers::Host,
        }
    }

    /// This node's certificate, and those between it and the authority's.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("tls.crt")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.join("tls.key")
    }

    /// The certificates of the authorities that sign those of the cluster.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }
}

/// The VM finds it whatever its working directory is, and reads it in a text of Erlang's in Latin-1.
fn folder(text: &str) -> Result<PathBuf, String> {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    if !text.chars().all(is_plain) {
        return Err(r#"give a path of ASCII characters without " and \"#.into());
    }
    if !Path::new(text).is_absolute() {
        return Err("give the absolute path of a folder with tls.crt, tls.key and ca.crt".into());
    }
    Ok(text.into())
}
