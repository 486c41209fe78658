//! What is known from the pod itself: its addresses, its host name, its namespace, its nameservers.
//!
//! Beside the environment, the other half of what `Config` is made from. getifaddrs(3), gethostname(2), and the files
//! that Kubernetes mounts (<https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>).

use std::fmt;
use std::net::IpAddr;

use super::addresses::{self, AddressFilter, InterfaceAddress};
use super::resolv_conf::ResolvConf;
use super::{Config, Setting};
use crate::dns::hosts;
use crate::error::Failure;
use crate::node::Host;
use crate::system::files::text_of;
use crate::system::secrets;

const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The pod, as far as it can be known from inside.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    /// gethostname(2), where it is a name.
    pub hostname: Option<String>,
    /// Those of its addresses that a peer may reach, the best first.
    pub addresses: Vec<InterfaceAddress>,
    /// The service account's namespace.
    pub namespace: Option<Namespace>,
    /// `/etc/resolv.conf`.
    pub resolv_conf: ResolvConf,
}

/// A namespace of Kubernetes: one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    pub fn parse(text: &str) -> Result<Self, String> {
        match Host::parse(text)? {
            Host::Short(name) => Ok(Self(name)),
            _ => Err("a namespace is one label, without dots".into()),
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Config {
    /// Reads what is known from the pod itself. What is missing stays empty: what needs it says so.
    ///
    /// # Errors
    /// BEAMINIT_INTERFACE or POD_IP asks for an address that is not there.
    pub fn discover_pod(&mut self) -> Result<(), Failure> {
        let text = text_of(NAMESPACE_FILE).unwrap_or_default();
        let text = text.trim();
        let namespace = Namespace::parse(text);
        if let (Err(reason), false) = (&namespace, text.is_empty()) {
            let text = secrets::shown(text);
            self.warnings.push(format!(
                "{NAMESPACE_FILE} has {text:?}, which is left out: {reason}; set POD_NAMESPACE"
            ));
        }
        let hostname = nix::unistd::gethostname()
            .ok()
            .and_then(|name| name.into_string().ok())
            .filter(|name| !name.is_empty() && name != "(none)");
        let listed = hostname.as_deref().map(hosts::addresses);
        self.pod = Pod {
            addresses: self.choose_addresses(&listed.unwrap_or_default())?,
            hostname,
            namespace: namespace.ok(),
            resolv_conf: ResolvConf::read(),
        };
        Ok(())
    }

    fn choose_addresses(&self, listed: &[IpAddr]) -> Result<Vec<InterfaceAddress>, Failure> {
        let filters = &self.address_filters;
        let fits = |interface: &str, address| {
            let mut filters = filters.iter();
            filters.all(|filter| filter.value.fits(interface, address))
        };
        let all = addresses::discover(listed, |one| match self.pod_ip {
            Some(address) => one.address == address,
            None => !filters.is_empty() && fits(&one.interface, one.address),
        });
        let is_main = |one: &&InterfaceAddress| self.pod_ip.is_none_or(|main| one.address == main);
        let own = all.first().filter(is_main);
        let own = own.map(|one| (one.interface.as_str(), one.address));
        let main = own.or(self.pod_ip.map(|address| ("", address)));
        if filters.is_empty() || main.is_some_and(|(interface, address)| fits(interface, address)) {
            return Ok(all);
        }
        let says = filters.iter().map(|filter| filter.by.as_str());
        let says = says.chain(self.pod_ip.map(|_| "POD_IP")).map(|name| {
            let value = self.variable(name).unwrap_or_default();
            format!("{name} is {value:?}")
        });
        let says: Vec<String> = says.collect();
        let none = match filters.as_slice() {
            _ if says.len() > 1 => "no address of this container is both",
            [
                Setting {
                    value: AddressFilter::Interface(name),
                    ..
                },
            ] => addresses::without_address(name),
            _ => "this container has no such address",
        };
        Err(Failure::config(format!(
            "{}, and {none}; the addresses of this container are {}",
            says.join(" and "),
            addresses::listed(&all)
        )))
    }
}

impl Pod {
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
        hosts::long_form(host)
    }
}
