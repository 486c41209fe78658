//! A Service's name: `CLUSTER_HOSTNAME`, and what `BEAMINIT_PEERS` has behind `dns:`.

use crate::node::Host;

/// `CLUSTER_HOSTNAME` before its completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The name, without trailing dots.
    pub host: Host,
    /// It ended in a dot: it is the whole name.
    pub absolute: bool,
}

impl Cluster {
    /// Reads the name.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        match Host::parse(text)? {
            Host::Address(_) => Err("a Service's DNS name, not an address".into()),
            host => Ok(Self {
                host,
                absolute: text.ends_with('.'),
            }),
        }
    }
}
