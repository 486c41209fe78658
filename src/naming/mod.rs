//! `Config ──► Candidates`: the names that this node may have, in order, and where each comes from.
//!
//! The formulas are those that deployments use: `HOSTNAME.CLUSTER_HOSTNAME`, the dashed address, the Service, the
//! host name, the address. Which of several candidates it is, DNS says at the gate. Kubernetes' records:
//! <https://github.com/kubernetes/dns/blob/master/docs/specification.md>

mod address;
mod cluster;

use std::fmt;
use std::net::IpAddr;

use crate::config::{Config, HostForm, Setting};
use crate::error::Failure;
use crate::node::host::{dashed, reverse_name};
use crate::node::{Host, NamePart, NodeName};
use crate::system::secrets;

use address::main as main_address;
pub use address::{network, warning as address_warning};
pub use cluster::{Cluster, complete, is_completed, service};

/// A name that this node may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// With [`Lookup::Reverse`] its host is the question to DNS, not yet the answer.
    pub node: NodeName,
    /// The variables that it was made from.
    pub from: String,
    /// How DNS is asked for it.
    pub lookup: Lookup,
}

impl fmt::Display for Candidate {
    /// A host that only DNS can tell is a question mark.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lookup {
            Lookup::Reverse(_) => write!(f, "{}@?", self.node.name),
            _ => self.node.fmt(f),
        }
    }
}

impl Candidate {
    /// A name that needs no choice.
    pub fn own(node: NodeName, from: impl Into<String>) -> Self {
        Self {
            node,
            from: from.into(),
            lookup: Lookup::Own,
        }
    }

    pub fn is_reverse(&self) -> bool {
        matches!(self.lookup, Lookup::Reverse(_))
    }

    /// May the node have this name?
    pub fn is(&self, node: &NodeName) -> bool {
        self.node == *node || self.is_reverse() && self.node.name == node.name
    }
}

/// How DNS is asked for a candidate's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Its address records; it must be this pod's own name.
    Own,
    /// Its address records; it is a Service's name.
    Service,
    /// The PTR of this address gives the host.
    Reverse(IpAddr),
}

/// The answer of DNS about the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The one that the node is.
    pub node: NodeName,
    /// Its record has addresses of IPv6 alone.
    pub ipv6: bool,
    /// The address of this pod's that its record has, or that its PTR is of.
    pub address: Option<IpAddr>,
}

/// A host, and the variables that it is made from.
type NamedHost = (Host, String);

/// The candidates in their order: at least one. `own` is the name part that the release says, `default_name` what it or
/// the program is called.
///
/// # Errors
/// What cannot be made into a name: exit status 78.
pub fn candidates(
    config: &Config,
    own: Option<&Setting<NamePart>>,
    default_name: &Setting<String>,
) -> Result<Vec<Candidate>, Failure> {
    if let Some(node) = &config.node {
        return Ok(vec![Candidate::own(node.clone(), "BEAMINIT_NODE")]);
    }
    let (name, name_from) = name_part(config, own, default_name)?;
    let lookup = match config.host {
        HostForm::Service => Lookup::Service,
        HostForm::Reverse => Lookup::Reverse(main_address(config)?.0),
        _ => Lookup::Own,
    };
    let candidate = |(host, from)| {
        let node = NodeName::new(name.clone(), host).map_err(|reason| {
            Failure::config(format!(
                "the node's name, made from {name_from} and {from}: {reason}"
            ))
        })?;
        Ok(Candidate {
            node,
            from: format!("{name_from}; {from}"),
            lookup,
        })
    };
    hosts(config)?.into_iter().map(candidate).collect()
}

fn name_part<'a>(
    config: &Config,
    own: Option<&'a Setting<NamePart>>,
    default_name: &'a Setting<String>,
) -> Result<(NamePart, &'a str), Failure> {
    if let Some(name) = &config.sname {
        return Ok((name.clone(), "SNAME"));
    }
    if let Some(own) = own {
        return Ok((own.value.clone(), &own.by));
    }
    let (text, from) = match &config.release_name {
        Some(name) => (name.as_str(), "RELEASE_NAME"),
        None => (default_name.value.as_str(), default_name.by.as_str()),
    };
    let name = NamePart::parse(text).map_err(|reason| {
        let text = secrets::shown(text);
        Failure::config(format!(
            "SNAME is not set, and {from} is {text:?}: {reason}; set SNAME"
        ))
    })?;
    Ok((name, from))
}

fn hosts(config: &Config) -> Result<Vec<NamedHost>, Failure> {
    let only = match config.host {
        HostForm::Auto if config.cluster.is_some() => {
            let mut both = vec![pod(config)?];
            if main_address(config).is_ok() {
                both.push(pod_ip(config)?);
            }
            return Ok(both);
        }
        HostForm::Auto => hostname(config)?,
        HostForm::Pod => pod(config)?,
        HostForm::PodIp => pod_ip(config)?,
        HostForm::Service => service(config)?,
        HostForm::Hostname => {
            let (host, from) = hostname(config)?;
            if !host.is_long() {
                return Err(Failure::config(format!(
                    "HOSTNAME is {:?}, without a dot, and no peer may connect to such a long name; set CLUSTER_HOSTNAME, or unset BEAMINIT_HOST for short names",
                    host.to_string()
                )));
            }
            (host, from)
        }
        HostForm::Reverse => {
            let (address, from) = main_address(config)?;
            let host = Host::parse(&reverse_name(address)).map_err(Failure::config)?;
            let ptr = format!("the PTR of {address} ({from})");
            let from = network(config).map_or_else(
                || ptr.clone(),
                |network| format!("the PTR in {network} (CLUSTER_HOSTNAME), else {ptr}"),
            );
            (host, from)
        }
        HostForm::Ip => {
            let (address, from) = main_address(config)?;
            (Host::Address(address), from.into())
        }
    };
    Ok(vec![only])
}

/// `$HOSTNAME`.
fn hostname(config: &Config) -> Result<NamedHost, Failure> {
    let (text, from) = match (&config.hostname, &config.pod.hostname) {
        (Some(text), _) => (text, "HOSTNAME"),
        (None, Some(text)) => (text, "gethostname"),
        (None, None) => {
            return Err(Failure::config(
                "HOSTNAME is not set, and this container has no host name; set HOSTNAME",
            ));
        }
    };
    let host = Host::parse(text).map_err(|reason| {
        let text = secrets::shown(text);
        Failure::config(format!("{from} is {text:?}: {reason}; set HOSTNAME"))
    })?;
    Ok((host, from.into()))
}

/// `$HOSTNAME.$CLUSTER_HOSTNAME`, or `$HOSTNAME` where it carries the domain already.
fn pod(config: &Config) -> Result<NamedHost, Failure> {
    let (host, from) = hostname(config)?;
    let (domain, domain_from) = service(config)?;
    if host.is(&domain) || host.is_under(&domain) {
        let from = format!("{from}, which carries CLUSTER_HOSTNAME already");
        return Ok((host, from));
    }
    let host = under(&host.to_string(), &from, &domain)?;
    Ok((host, format!("{from}.{domain_from}")))
}

/// `A-B-C-D.$CLUSTER_HOSTNAME`.
fn pod_ip(config: &Config) -> Result<NamedHost, Failure> {
    let (address, from) = main_address(config)?;
    let (domain, domain_from) = service(config)?;
    let host = under(&dashed(address), from, &domain)?;
    let from = format!("{from}, dashed, under {domain_from}");
    Ok((host, from))
}

fn under(label: &str, from: &str, domain: &Host) -> Result<Host, Failure> {
    Host::under(label, domain).map_err(|reason| {
        Failure::config(format!(
            "{label}.{domain}, made from {from} and CLUSTER_HOSTNAME: {reason}"
        ))
    })
}

#[cfg(test)]
mod tests;
