//! A nameserver, as resolv.conf(5) names it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nameserver {
    pub address: IpAddr,
    /// The interface that a link-local address is on: its name or number. RFC 4007 §11
    pub interface: Option<String>,
}

impl Nameserver {
    /// The one that is asked where resolv.conf names none.
    pub const LOCAL: Self = Self {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        interface: None,
    };

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

    /// Its port 53, through its interface.
    pub fn socket_address(&self) -> SocketAddr {
        let index = |name: &str| {
            let index = nix::net::if_::if_nametoindex(name).ok();
            index.or_else(|| name.parse().ok()).unwrap_or(0)
        };
        match self.address {
            IpAddr::V4(v4) => (v4, 53).into(),
            IpAddr::V6(v6) => {
                let interface = self.interface.as_deref().map_or(0, index);
                SocketAddrV6::new(v6, 53, 0, interface).into()
            }
        }
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
