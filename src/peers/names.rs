//! Makes node names of what the sources know, in the form of this node's own name, because all nodes of a cluster are
//! named alike.
//!
//! The forms are those of [`HostForm`]; Kubernetes' records:
//! <https://github.com/kubernetes/dns/blob/master/docs/specification.md>

use std::net::IpAddr;

use crate::config::HostForm;
use crate::node::host::{dashed, is_dashed};
use crate::node::{Host, NamePart, NodeName};

/// What a source knows of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Node(NodeName),
    /// Its name, and its address where the source has it.
    Host(Host, Option<IpAddr>),
    /// Its address, and the pod's host name where the source has it.
    Address(IpAddr, Option<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub node: NodeName,
    /// One of its addresses; or why none is known, to be put behind its name.
    pub address: Result<IpAddr, String>,
}

/// How the nodes of this cluster are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By the host name of the pod or container, under a domain.
    Named,
    /// By the dashed address, under a domain.
    Dashed,
    Address,
    Service,
}

/// This node, whose form of name its peers have too.
#[derive(Clone, Debug)]
pub struct OwnNode {
    pub node: NodeName,
    pub form: Form,
    pub addresses: Vec<IpAddr>,
}

impl OwnNode {
    /// The form shows in the name that the node has in the end.
    pub fn new(node: NodeName, configured: HostForm, addresses: Vec<IpAddr>) -> Self {
        let host = node.host.to_string();
        let form = match (&node.host, configured) {
            (Host::Address(_), _) => Form::Address,
            (_, HostForm::Service) => Form::Service,
            _ if is_dashed(&host, &addresses) => Form::Dashed,
            _ => Form::Named,
        };
        Self {
            node,
            form,
            addresses,
        }
    }

    /// The same with this name before the `@`, which peers of another Service have.
    pub fn called(&self, name: Option<NamePart>) -> Self {
        let mut own = self.clone();
        own.node.name = name.unwrap_or(own.node.name);
        own
    }

    /// The peer at an endpoint; `None` where only the PTR of its address can name it.
    ///
    /// # Errors
    /// It cannot have such a name.
    pub fn peer(&self, endpoint: &Endpoint) -> Option<Result<Peer, String>> {
        let (host, address) = match (endpoint, self.form) {
            (Endpoint::Node(node), _) => {
                let address = address_of(&node.host);
                let node = node.clone();
                return Some(Ok(Peer { node, address }));
            }
            (Endpoint::Host(host, address), _) => (
                Ok(host.clone()),
                address.map_or_else(|| address_of(host), Ok),
            ),
            (Endpoint::Address(at, _), Form::Address) => (Ok(Host::Address(*at)), Ok(*at)),
            (Endpoint::Address(at, _), Form::Dashed) => {
                (Host::under(&dashed(*at), &self.domain()), Ok(*at))
            }
            (Endpoint::Address(at, Some(label)), _) => {
                (Host::under(label, &self.domain()), Ok(*at))
            }
            (Endpoint::Address(_, None), _) => return None,
        };
        Some(host.and_then(|host| self.peer_at(host, address)))
    }

    /// The peer at a host, called as this node is before the `@`.
    ///
    /// # Errors
    /// The whole is too long; or it is the name of this node's Service, which is not headless then: CoreDNS has the names of
    /// its pods all the same, and tells nobody.
    pub fn peer_at(&self, host: Host, address: Result<IpAddr, String>) -> Result<Peer, String> {
        let name = host.to_string();
        if name.contains(".svc.") && name.eq_ignore_ascii_case(&self.domain()) {
            return Err(format!(
                "Service {name} is not headless, so DNS does not tell its pods; set clusterIP: None"
            ));
        }
        NodeName::new(self.node.name.clone(), host).map(|node| Peer { node, address })
    }

    /// Is the peer this node itself?
    pub fn is(&self, peer: &Peer) -> bool {
        let has_own_address = |address: &IpAddr| self.addresses.contains(address);
        self.node.name == peer.node.name
            && (self.node.host.is(&peer.node.host)
                || peer.address.as_ref().is_ok_and(has_own_address))
    }

    /// The domain of this node's host, which its peers are in too.
    fn domain(&self) -> String {
        let host = self.node.host.to_string();
        host.split_once('.')
            .map(|(_, domain)| domain.to_owned())
            .unwrap_or_default()
    }

    /// The one of several names of an address that is in this node's domain, else the first.
    ///
    /// # Errors
    /// There is none.
    pub fn pick_name(&self, mut names: Vec<String>) -> Result<String, String> {
        let domain = format!(".{}", self.domain());
        names.sort_by_key(|name| !name.ends_with(&domain));
        names.into_iter().next().ok_or("there is none".into())
    }
}

/// A node's name as names are compared: the host without regard to case, as DNS has it.
pub fn folded(node: &str) -> String {
    match node.split_once('@') {
        Some((name, host)) => format!("{name}@{}", host.to_ascii_lowercase()),
        None => node.to_owned(),
    }
}

fn address_of(host: &Host) -> Result<IpAddr, String> {
    match host {
        Host::Address(address) => Ok(*address),
        _ => Err("was not looked up in time".into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn own(node: &str, configured: HostForm) -> OwnNode {
        let node = NodeName::parse(node).unwrap();
        OwnNode::new(node, configured, vec![[10, 1, 2, 3].into()])
    }

    #[test]
    fn peers_are_named_as_this_node_is() {
        let pod = own("app@app-0.app.prod.svc.x", HostForm::Auto);
        let by_address = own("app@10-1-2-3.app.prod.svc.x", HostForm::Auto);
        let ip = own("app@10.1.2.3", HostForm::Ip);
        let service = own("app@one.x", HostForm::Service);
        let at = IpAddr::from([10, 1, 2, 9]);
        let host = || Endpoint::Host(Host::parse("app-1.app.prod.svc.x").unwrap(), None);
        for (own, endpoint, expected) in [
            (&pod, host(), Some("app@app-1.app.prod.svc.x")),
            (&pod, Endpoint::Address(at, None), None),
            (
                &pod,
                Endpoint::Address(at, Some("app-1".into())),
                Some("app@app-1.app.prod.svc.x 10.1.2.9"),
            ),
            (
                &by_address,
                Endpoint::Address(at, None),
                Some("app@10-1-2-9.app.prod.svc.x 10.1.2.9"),
            ),
            (
                &by_address,
                Endpoint::Address(at, Some("app-1".into())),
                Some("app@10-1-2-9.app.prod.svc.x 10.1.2.9"),
            ),
            (
                &ip,
                Endpoint::Address(at, None),
                Some("app@10.1.2.9 10.1.2.9"),
            ),
            (
                &ip,
                Endpoint::Address(at, Some("app-1".into())),
                Some("app@10.1.2.9 10.1.2.9"),
            ),
            (&service, host(), Some("app@app-1.app.prod.svc.x")),
            (
                &pod,
                Endpoint::Node(NodeName::parse("b@c.d").unwrap()),
                Some("b@c.d"),
            ),
        ] {
            let got = own.peer(&endpoint).map(|peer| {
                let Peer { node, address } = peer.unwrap();
                let address = address.map_or(String::new(), |at| format!(" {at}"));
                format!("{node}{address}")
            });
            assert_eq!(got.as_deref(), expected, "{endpoint:?}");
        }
    }

    #[test]
    fn knows_itself_by_name_and_by_address() {
        let own = own("app@app-0.app.x", HostForm::Pod);
        for (node, address, is) in [
            ("app@APP-0.app.x", None, true),
            ("app@app-1.app.x", None, false),
            ("app@10-1-2-3.app.x", Some([10, 1, 2, 3].into()), true),
            ("other@app-0.app.x", Some([10, 1, 2, 3].into()), false),
        ] {
            let node = NodeName::parse(node).unwrap();
            let address = address.ok_or_else(String::new);
            assert_eq!(
                own.is(&Peer {
                    node: node.clone(),
                    address: address.clone()
                }),
                is,
                "{node}"
            );
        }
    }

    #[test]
    fn takes_the_name_in_its_own_domain() {
        let own = own("app@app-0.app.x", HostForm::Pod);
        let names = ["a.other.x".to_owned(), "app-1.app.x".to_owned()];
        let [other, ours] = names.clone();
        assert_eq!(own.pick_name(names.to_vec()), Ok(ours));
        assert_eq!(own.pick_name(vec![other.clone()]), Ok(other));
        assert!(own.pick_name(Vec::new()).is_err());
    }
}
