//! What carries the protocol between the nodes of a cluster: plain TCP, or TLS with these files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a node is spoken with. Never a key, only its file's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carrier {
    #[default]
    Tcp,
    Tls(TlsFiles),
    /// One that beaminit does not speak, for this reason.
    Other(String),
}

/// What a node has for TLS when it connects to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFiles {
    /// The certificate that it shows, and the key to it.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The certificates of the authorities that it trusts. Without them it takes every node, as a VM with `verify_none`.
    pub authority: Option<PathBuf>,
    /// Must the other's certificate name its host?
    pub names_host: bool,
}

impl Carrier {
    /// Why this beaminit does not speak it.
    pub fn unspoken(&self) -> Option<String> {
        match self {
            Self::Tls(_) if !cfg!(feature = "full") => Some(
                "the nodes speak TLS, and this beaminit is built without it; use beaminit-full (cargo build --release --features full)"
                    .into(),
            ),
            Self::Other(reason) => Some(reason.clone()),
            _ => None,
        }
    }
}
