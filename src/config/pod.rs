//! What is known from the pod itself: its addresses, its host name, its namespace, its nameservers.
//!
//! Beside the environment, the other half of what `Config` is made from. getifaddrs(3), gethostname(2), and the files
//! that Kubernetes mounts (<https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>).

use std::net::IpAddr;

use nix::net::if_::InterfaceFlags;

use super::resolv_conf::ResolvConf;
use crate::system::files::text_of;

const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The pod, as far as it can be known from inside.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    /// gethostname(2), where it is a name.
    pub hostname: Option<String>,
    /// The addresses of the interfaces that are up, loopback and link-local left out; IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// The service account's namespace.
    pub namespace: Option<String>,
    /// `/etc/resolv.conf`.
    pub resolv_conf: ResolvConf,
}

impl Pod {
    /// What is missing stays empty: what needs it says so.
    pub fn discover() -> Self {
        Self {
            hostname: nix::unistd::gethostname()
                .ok()
                .and_then(|name| name.into_string().ok())
                .filter(|name| !name.is_empty() && name != "(none)"),
            addresses: addresses(),
            namespace: text_of(NAMESPACE_FILE)
                .ok()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty()),
            resolv_conf: ResolvConf::parse(&text_of(RESOLV_CONF).unwrap_or_default()),
        }
    }

    /// The name that a VM takes for its host's where a long name has none: gethostname(2) with its domain, which
    /// resolv.conf(5) or hosts(5) tell. inet_config of OTP's kernel
    pub fn fully_qualified(&self) -> Option<String> {
        let host = self.hostname.as_deref()?;
        if host.contains('.') {
            return Some(host.to_owned());
        }
        let domain = self.resolv_conf.search.first();
        if let Some(domain) = domain.filter(|_| self.resolv_conf.has_domain) {
            return Some(format!("{host}.{domain}"));
        }
        let hosts = text_of(HOSTS).unwrap_or_default();
        let mut lines = hosts.lines().map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            line.split_whitespace().skip(1).collect::<Vec<_>>()
        });
        let names = lines.find(|names| names.contains(&host))?;
        let is_long = |name: &&&str| name.starts_with(&format!("{host}."));
        names.iter().find(is_long).map(ToString::to_string)
    }
}

fn addresses() -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = nix::ifaddrs::getifaddrs()
        .into_iter()
        .flatten()
        .filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP))
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .filter(|address| is_reachable(*address))
        .collect();
    found.sort_by_key(IpAddr::is_ipv6);
    found.dedup();
    found
}

/// May a peer reach this host under the address? Not under loopback or link-local ones.
fn is_reachable(address: IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || local)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn leaves_out_what_no_peer_can_reach() {
        for (address, reachable) in [
            ("10.1.2.3", true),
            ("fd00::1", true),
            ("127.0.0.1", false),
            ("127.8.0.1", false),
            ("169.254.1.1", false),
            ("::1", false),
            ("fe80::1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(
                is_reachable(address.parse().unwrap()),
                reachable,
                "{address}"
            );
        }
    }
}
