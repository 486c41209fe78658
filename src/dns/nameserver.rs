//! A nameserver, as resolv.conf(5) names it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A nameserver's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nameserver {
    /// The address.
    pub address: IpAddr,
    /// The interface that a link-local address is on: its name or number. RFC 4007 §11
    pub interface: Option<String>,
}

impl Nameserver {
    /// Reads `10.96.0.10`, `fd00::a` or `fe80::1%eth0`.
    pub fn parse(word: &str) -> Option<Self> {
        let (address, interface) = match word.split_once('%') {
            Some((address, name)) if !name.is_empty() => {
                (address.parse::<Ipv6Addr>().ok()?.into(), Some(name.into()))
            }
            _ => (word.parse().ok()?, None),
        };
        Some(Self { address, interface })
    }
}

impl fmt::Display for Nameserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        self.interface
            .iter()
            .try_for_each(|name| write!(f, "%{name}"))
    }
}
