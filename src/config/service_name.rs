//! A Service's name: `CLUSTER_HOSTNAME`, and what `BEAMINIT_PEERS` has behind `dns:`.

use crate::node::Host;

/// A Service's name before its completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName {
    /// Without trailing dots.
    pub host: Host,
    /// It ended in a dot: it is the whole name.
    pub is_absolute: bool,
}

impl ServiceName {
    pub fn parse(text: &str) -> Result<Self, String> {
        match Host::parse(text)? {
            Host::Address(_) => Err("a Service's DNS name, not an address".into()),
            host => Ok(Self {
                host,
                is_absolute: text.ends_with('.'),
            }),
        }
    }
}
