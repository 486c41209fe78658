//! The address that a name is made from, and what is to be warned of it.

use std::net::IpAddr;

use super::{Candidate, service};
use crate::config::{Config, HostForm, InterfaceAddress, Kind, addresses};
use crate::dns::answer::comma_separated;
use crate::error::Failure;
use crate::node::Host;
use crate::node::host::is_dashed;

/// This pod's main address, and where it is from.
///
/// # Errors
/// There is none.
pub fn main(config: &Config) -> Result<(IpAddr, &str), Failure> {
    let by = config.address_filters.first();
    let from = by.map_or("this pod's address", |filter| filter.by.as_str());
    match (config.pod_ip, config.pod.addresses.first()) {
        (Some(address), _) => Ok((address, "POD_IP")),
        (None, Some(one)) => Ok((one.address, from)),
        (None, None) => Err(Failure::config(
            "POD_IP is not set, and no interface has an address that peers could reach; set POD_IP",
        )),
    }
}

/// The network, or the Service, that `CLUSTER_HOSTNAME` names, if nothing else says which address is this pod's.
pub fn network(config: &Config) -> Option<Host> {
    let is_chosen = config.pod_ip.is_some() || !config.address_filters.is_empty();
    let network = service(config).ok().filter(|_| !is_chosen);
    network.map(|(host, _)| host)
}

/// What is to be known of the address of a node with this name.
pub fn warning(config: &Config, chosen: &Candidate) -> Option<String> {
    let all = &config.pod.addresses;
    if let Some(address) = config.pod_ip {
        if address.is_loopback() || address.is_unspecified() {
            return Some(format!(
                "POD_IP is {address}, at which no other node reaches this one; take status.podIP for it, or leave it unset; the addresses of this container are {}",
                addresses::listed(all)
            ));
        }
        let is_ours = all.is_empty() || all.iter().any(|one| one.address == address);
        return (!is_ours).then(|| {
            format!(
                "POD_IP is {address}, which is no address of this container, whose own are {}; is it status.podIP?",
                comma_separated(all)
            )
        });
    }
    if let Some(network) = other_network(config, chosen) {
        return Some(format!(
            "BEAMINIT_HOST is \"reverse\", and no PTR of an address of this container is in CLUSTER_HOSTNAME ({network}), so that the host is {}; correct CLUSTER_HOSTNAME, or unset it",
            chosen.node.host
        ));
    }
    let (main, others) = all.split_first()?;
    if !config.address_filters.is_empty() || !is_of_address(config, chosen, main.address) {
        return None;
    }
    // The PTRs of one interface's addresses are alike.
    let is_reverse = config.host == HostForm::Reverse;
    let is_other = |one: &&InterfaceAddress| {
        one.kind == Kind::Plain && !(is_reverse && one.interface == main.interface)
    };
    let others: Vec<_> = others.iter().filter(is_other).collect();
    (!others.is_empty()).then(|| {
        format!(
            "this container has several addresses: the node's name is made from {main}, and not from {}; set BEAMINIT_INTERFACE to the interface or the network that its peers are in",
            comma_separated(&others)
        )
    })
}

/// The network that the PTR should have been in, where DNS has answered with another.
fn other_network(config: &Config, chosen: &Candidate) -> Option<Host> {
    let is_answered = config.host == HostForm::Reverse && !chosen.is_reverse();
    let network = network(config).filter(|_| is_answered);
    network.filter(|network| !chosen.node.host.is_under(network))
}

/// Is the name made from this address, which nobody has chosen?
fn is_of_address(config: &Config, chosen: &Candidate, main: IpAddr) -> bool {
    let host = &chosen.node.host;
    match config.host {
        // DNS has not answered yet, or with the PTR in that network.
        HostForm::Reverse => {
            network(config).is_none_or(|network| !chosen.is_reverse() && !host.is_under(&network))
        }
        HostForm::Ip => *host == Host::Address(main),
        HostForm::PodIp | HostForm::Auto => is_dashed(&host.to_string(), &[main]),
        _ => false,
    }
}
