//! From what was found to node names: in the form that this node's own name has, since all nodes of a cluster are named
//! alike.
//!
//! The forms are those of [`HostForm`]; Kubernetes' records:
//! <https://github.com/kubernetes/dns/blob/master/docs/specification.md>

use std::net::IpAddr;

use crate::config::HostForm;
use crate::node::host::{dashed, is_dashed};
use crate::node::{Host, NamePart, NodeName};

/// What a place that was looked at says of one peer.
#[cfg_attr(not(feature = "kubernetes"), allow(dead_code))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Its whole name.
    Node(NodeName),
    /// Its host's name.
    Host(Host),
    /// Where it is.
    Address(IpAddr),
    /// A pod: what it is called, and where it is.
    Pod(String, IpAddr),
}

/// A peer: its name, and where it is as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub node: NodeName,
    /// One of its addresses; or why none is known, in words that follow upon its name.
    pub address: Result<IpAddr, String>,
}

/// How the nodes of this cluster are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By the host name of the pod or container, under a domain.
    Named,
    /// By the dashed address, under a domain.
    Dashed,
    /// By the address itself.
    Address,
    /// By the Service.
    Service,
}

/// This node, after which its peers are named.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its name.
    pub node: NodeName,
    /// Its form.
    pub form: Form,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

impl Own {
    /// Tells the form from the name that the node has in the end.
    pub fn new(node: NodeName, said: HostForm, addresses: Vec<IpAddr>) -> Self {
        let host = node.host.to_string();
        let form = match (&node.host, said) {
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

    /// The peer that was seen; `None` where only the PTR of its address tells its name.
    ///
    /// # Errors
    /// It cannot have such a name.
    pub fn peer(&self, sight: &Sight) -> Option<Result<Peer, String>> {
        let (host, address) = match (sight, self.form) {
            (Sight::Node(node), _) => {
                let address = address_of(&node.host);
                let node = node.clone();
                return Some(Ok(Peer { node, address }));
            }
            (Sight::Host(host), _) => (Ok(host.clone()), address_of(host)),
            (Sight::Address(at) | Sight::Pod(_, at), Form::Address) => {
                (Ok(Host::Address(*at)), Ok(*at))
            }
            (Sight::Address(at) | Sight::Pod(_, at), Form::Dashed) => {
                (Host::under(&dashed(*at), &self.domain()), Ok(*at))
            }
            (Sight::Pod(label, at), _) => (Host::under(label, &self.domain()), Ok(*at)),
            (Sight::Address(_), _) => return None,
        };
        Some(host.and_then(|host| self.called(host, address)))
    }

    /// The peer at a host, called as this node is before the `@`.
    ///
    /// # Errors
    /// The whole is too long.
    pub fn called(&self, host: Host, address: Result<IpAddr, String>) -> Result<Peer, String> {
        let name: NamePart = self.node.name.clone();
        NodeName::new(name, host).map(|node| Peer { node, address })
    }

    /// Is it this node itself?
    pub fn is(&self, peer: &Peer) -> bool {
        let same_host = self.node.host.is(&peer.node.host);
        let here = peer
            .address
            .as_ref()
            .is_ok_and(|at| self.addresses.contains(at));
        self.node.name == peer.node.name && (same_host || here)
    }

    /// What follows the first label of this node's host: the domain that its peers are in.
    pub fn domain(&self) -> String {
        let host = self.node.host.to_string();
        host.split_once('.')
            .map(|(_, domain)| domain.to_owned())
            .unwrap_or_default()
    }

    /// The one of several names of an address that is in this node's domain, else the first.
    pub fn name_of<'a>(&self, names: &'a [String]) -> Option<&'a String> {
        let domain = format!(".{}", self.domain());
        let ours = names.iter().find(|name| name.ends_with(&domain));
        ours.or(names.first())
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

    fn own(node: &str, said: HostForm) -> Own {
        let node = NodeName::parse(node).unwrap();
        Own::new(node, said, vec![[10, 1, 2, 3].into()])
    }

    #[test]
    fn peers_are_named_as_this_node_is() {
        let pod = own("app@app-0.app.prod.svc.x", HostForm::Auto);
        let by_address = own("app@10-1-2-3.app.prod.svc.x", HostForm::Auto);
        let ip = own("app@10.1.2.3", HostForm::Ip);
        let service = own("app@one.x", HostForm::Service);
        let at = IpAddr::from([10, 1, 2, 9]);
        let host = || Sight::Host(Host::parse("app-1.app.prod.svc.x").unwrap());
        for (own, sight, expected) in [
            (&pod, host(), Some("app@app-1.app.prod.svc.x")),
            (&pod, Sight::Address(at), None),
            (
                &pod,
                Sight::Pod("app-1".into(), at),
                Some("app@app-1.app.prod.svc.x 10.1.2.9"),
            ),
            (
                &by_address,
                Sight::Address(at),
                Some("app@10-1-2-9.app.prod.svc.x 10.1.2.9"),
            ),
            (
                &by_address,
                Sight::Pod("app-1".into(), at),
                Some("app@10-1-2-9.app.prod.svc.x 10.1.2.9"),
            ),
            (&ip, Sight::Address(at), Some("app@10.1.2.9 10.1.2.9")),
            (
                &ip,
                Sight::Pod("app-1".into(), at),
                Some("app@10.1.2.9 10.1.2.9"),
            ),
            (&service, host(), Some("app@app-1.app.prod.svc.x")),
            (
                &pod,
                Sight::Node(NodeName::parse("b@c.d").unwrap()),
                Some("b@c.d"),
            ),
        ] {
            let got = own.peer(&sight).map(|peer| {
                let Peer { node, address } = peer.unwrap();
                let address = address.map_or(String::new(), |at| format!(" {at}"));
                format!("{node}{address}")
            });
            assert_eq!(got.as_deref(), expected, "{sight:?}");
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
        assert_eq!(own.name_of(&names), names.get(1));
        assert_eq!(own.name_of(&names[..1]), names.first());
        assert_eq!(own.name_of(&[]), None);
    }
}
