//! Which of a container's addresses is the pod's. It has to be the same at every start, or a restart renames the node.
//!
//! Docker, Podman and the kubelet write a container's addresses beside its name into its /etc/hosts, and leave out the one
//! that Swarm adds for a published port, where no peer reaches it, though its interface may be eth0. Of several, eth0 is
//! that of the network that the container was started in. A host's interfaces may have any name, and its default route
//! leads out by its own address. Of a host are also the bridges of its containers, and dummy interfaces with an address
//! for each Service (kube-proxy in IPVS mode, kube-router).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use nix::ifaddrs::{InterfaceAddress as Found, getifaddrs};
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;

use super::Setting;
use super::variables::Variables;
use crate::dns::answer::comma_separated;
use crate::system::files::text_of;
use crate::system::printable::shortened;
use crate::system::secrets;

/// An address of an interface that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    pub interface: String,
    pub address: IpAddr,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Bridge,
    /// The only address of its network, on an interface that leads nowhere.
    Dummy,
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.interface)
    }
}

/// What `BEAMINIT_INTERFACE` says, or `POD_IP` where it is a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressFilter {
    Interface(String),
    /// An address, and how many of its bits count.
    Network(IpAddr, u32),
}

impl AddressFilter {
    /// Reads `BEAMINIT_INTERFACE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (start, bits) = match text.split_once('/') {
            Some((start, bits)) => (start, Some(bits)),
            None => (text, None),
        };
        let Ok(address) = start.parse::<IpAddr>() else {
            // IFNAMSIZ of netdevice(7).
            let is_name = |c: char| !c.is_whitespace() && !matches!(c, '/' | ':');
            return if text.len() < 16 && text.chars().all(is_name) {
                Ok(Self::Interface(text.into()))
            } else {
                Err("neither an interface (eth1) nor a network (10.1.0.0/16, fd00::/8)".into())
            };
        };
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), str::parse).ok();
        match bits.filter(|bits| *bits <= all) {
            Some(bits) => Ok(Self::Network(address, bits)),
            None => Err(format!("behind the / is a number from 0 to {all}")),
        }
    }

    /// Reads a family, as a word.
    pub fn of_family(text: &str) -> Option<Self> {
        match text {
            "ipv4" => Some(Self::Network(Ipv4Addr::UNSPECIFIED.into(), 0)),
            "ipv6" => Some(Self::Network(Ipv6Addr::UNSPECIFIED.into(), 0)),
            _ => None,
        }
    }

    pub fn fits(&self, interface: &str, address: IpAddr) -> bool {
        match (self, address) {
            (Self::Interface(name), _) => name == interface,
            (Self::Network(IpAddr::V4(network), bits), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            }
            (Self::Network(IpAddr::V6(network), bits), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            }
            _ => false,
        }
    }
}

/// `POD_IP`: an address, another variable that holds one (`FLY_PRIVATE_IP`), or a family.
pub fn pod_ip(variables: &mut Variables) -> (Option<IpAddr>, Option<Setting<AddressFilter>>) {
    let environment = &variables.environment;
    let named = environment.variable("POD_IP").and_then(|name| {
        let value = environment.variable(name)?;
        Some((value.parse().ok(), secrets::shown_value(name, value)))
    });
    let mut family = None;
    let address = variables.read("POD_IP", |text| {
        family = AddressFilter::of_family(text).map(|filter| Setting::new(filter, "POD_IP"));
        match named {
            _ if family.is_some() => Ok(None),
            Some((Some(address), _)) => Ok(Some(address)),
            Some((None, value)) => Err(format!(
                "{text} is {:?}, not an IP address",
                shortened(&value)
            )),
            None => text.parse().map(Some).map_err(|_| {
                "not an IP address, nor a variable that holds one, nor ipv4 or ipv6".into()
            }),
        }
    });
    (address.flatten(), family)
}

/// All of them in a message, where there need be none.
pub fn listed(all: &[InterfaceAddress]) -> String {
    match all {
        [] => "none".into(),
        all => comma_separated(all),
    }
}

/// Why an interface has no address that a peer may reach.
pub fn without_address(interface: &str) -> &'static str {
    let all = getifaddrs().into_iter().flatten();
    let mut found = all.filter(|one| one.interface_name == interface);
    match found.next() {
        None => "there is no such interface",
        Some(one) if one.flags.contains(InterfaceFlags::IFF_LOOPBACK) => {
            "no other node reaches that interface"
        }
        Some(one) if !one.flags.contains(InterfaceFlags::IFF_UP) => "that interface is down",
        Some(_) => "that interface has no address that other nodes reach",
    }
}

/// All that a peer may reach, the best first; those that `is_wanted` come before the others, then the interfaces with an
/// address that is `listed` in /etc/hosts.
pub fn discover(
    listed: &[IpAddr],
    is_wanted: impl Fn(&InterfaceAddress) -> bool,
) -> Vec<InterfaceAddress> {
    let all = getifaddrs()
        .into_iter()
        .flatten()
        .filter_map(|found| read(&found));
    let routes = |name| text_of(Path::new("/proc/net").join(name)).unwrap_or_default();
    let default = default_interface(&routes("route"), &routes("ipv6_route"));
    in_order(all.collect(), default.as_deref(), listed, is_wanted)
}

fn in_order(
    mut all: Vec<InterfaceAddress>,
    default: Option<&str>,
    listed: &[IpAddr],
    is_wanted: impl Fn(&InterfaceAddress) -> bool,
) -> Vec<InterfaceAddress> {
    let is_default = |one: &InterfaceAddress| Some(one.interface.as_str()) == default;
    let rank = |one: &InterfaceAddress| match one.kind {
        _ if is_wanted(one) => 0,
        _ if one.interface == "eth0" => 1,
        Kind::Plain | Kind::Dummy if is_default(one) => 2,
        Kind::Plain => 3,
        Kind::Bridge => 4,
        Kind::Dummy => 5,
    };
    let with_listed = all.iter().filter(|one| listed.contains(&one.address));
    let with_listed: Vec<String> = with_listed.map(|one| one.interface.clone()).collect();
    // The kernel has the first address of an interface first.
    all.sort_by_cached_key(|one| {
        let name = one.interface.clone();
        let rank = rank(one);
        let is_other = rank > 0 && !with_listed.contains(&name);
        (
            is_other,
            rank,
            !is_default(one),
            name,
            one.address.is_ipv6(),
        )
    });
    let best = all.first().map_or(0, rank);
    all.retain(|one| rank(one) < 5 || best == 5);
    all
}

fn read(found: &Found) -> Option<InterfaceAddress> {
    let address = ip(found.address?)?;
    let is_up = found.flags.contains(InterfaceFlags::IFF_UP);
    if !is_up || !is_reachable(address) {
        return None;
    }
    // An alias is eth0:1.
    let interface = found.interface_name.split(':').next()?.to_owned();
    let is_of = |flag| found.flags.contains(flag);
    let leads_nowhere = is_of(InterfaceFlags::IFF_LOOPBACK)
        || is_of(InterfaceFlags::IFF_NOARP) && !is_of(InterfaceFlags::IFF_POINTOPOINT);
    let is_alone = found.netmask.and_then(ip).is_some_and(|mask| match mask {
        IpAddr::V4(mask) => mask.is_broadcast(),
        IpAddr::V6(mask) => mask.to_bits() == u128::MAX,
    });
    let bridge = Path::new("/sys/class/net").join(&interface).join("bridge");
    let kind = match () {
        () if leads_nowhere && is_alone => Kind::Dummy,
        () if bridge.exists() => Kind::Bridge,
        () => Kind::Plain,
    };
    Some(InterfaceAddress {
        interface,
        address,
        kind,
    })
}

fn ip(address: SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

/// May a peer reach this host under the address? Not under loopback or link-local ones.
fn is_reachable(address: IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || local)
}

/// The interface of the default route with the least metric, of IPv4 if there is one: the texts of `/proc/net/route` and
/// `/proc/net/ipv6_route`. What is unreachable is on `lo` or `*`.
fn default_interface(ipv4: &str, ipv6: &str) -> Option<String> {
    let of_ipv4 = ipv4.lines().filter_map(|line| {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [name, "00000000", _, _, _, _, metric, "00000000", ..] => {
                Some((metric.parse().ok()?, *name))
            }
            _ => None,
        }
    });
    let of_ipv6 = ipv6.lines().filter_map(|line| {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [to, "00", _, _, _, metric, _, _, _, name] if to.bytes().all(|digit| digit == b'0') => {
                Some((u32::from_str_radix(metric, 16).ok()?, *name))
            }
            _ => None,
        }
    });
    let least = |routes: &mut dyn Iterator<Item = (u32, &'_ str)>| {
        let routes = routes.filter(|(_, name)| !matches!(*name, "lo" | "*"));
        routes.min().map(|(_, name)| name.to_owned())
    };
    least(&mut { of_ipv4 }).or_else(|| least(&mut { of_ipv6 }))
}

#[cfg(test)]
mod tests;
