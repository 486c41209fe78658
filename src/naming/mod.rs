//! `Config ──► Node`: the names that this node may have, in order, and where each comes from.
//!
//! The formulas are those of the deployments to serve: `HOSTNAME.CLUSTER_HOSTNAME`, the dashed address, the Service, the
//! host name, the address. Which of several candidates it is, DNS says at the gate. Kubernetes' records:
//! <https://github.com/kubernetes/dns/blob/master/docs/specification.md>

mod cluster;

use std::fmt;
use std::net::IpAddr;

use crate::config::{Config, HostForm, Setting};
use crate::error::Failure;
use crate::node::host::{dashed, reverse_name};
use crate::node::{Host, NamePart, NodeName};
use crate::system::secrets;

pub use cluster::{Cluster, complete, completes, look_around, service};

/// A name that this node may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The name. With [`Lookup::Reverse`] its host stands for one that is not known yet.
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

/// What DNS said of the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The one that the node is.
    pub node: NodeName,
    /// Its record has addresses of IPv6 alone.
    pub ipv6: bool,
}

/// The candidates in their order: at least one. `own` is the name part that the release says, `default_name` what it or
/// the program is called.
///
/// # Errors
/// What cannot be made into a name: exit status 78.
pub fn candidates(
    config: &Config,
    own: Option<&Setting<NamePart>>,
    default_name: &str,
) -> Result<Vec<Candidate>, Failure> {
    if let Some(node) = &config.node {
        return Ok(vec![Candidate {
            node: node.clone(),
            from: "BEAMINIT_NODE".into(),
            lookup: Lookup::Own,
        }]);
    }
    let (name, name_from) = name_part(config, own, default_name)?;
    hosts(config)?
        .into_iter()
        .map(|found| {
            let node = NodeName::new(name.clone(), found.host).map_err(|reason| {
                Failure::config(format!(
                    "the node's name, made from {name_from} and {}: {reason}",
                    found.from
                ))
            })?;
            Ok(Candidate {
                node,
                from: format!("{name_from}; {}", found.from),
                lookup: found.lookup,
            })
        })
        .collect()
}

fn name_part<'a>(
    config: &Config,
    own: Option<&'a Setting<NamePart>>,
    default_name: &str,
) -> Result<(NamePart, &'a str), Failure> {
    if let Some(name) = &config.sname {
        return Ok((name.clone(), "SNAME"));
    }
    if let Some(own) = own {
        return Ok((own.value.clone(), &own.by));
    }
    let (text, from) = match &config.release_name {
        Some(name) => (name.as_str(), "RELEASE_NAME"),
        None => (default_name, "the program's file name"),
    };
    NamePart::parse(text)
        .map(|name| (name, from))
        .map_err(|reason| {
            Failure::config(format!(
                "SNAME is not set, and {from} is {:?}: {reason}; set SNAME",
                secrets::shown(text)
            ))
        })
}

/// A host and where it comes from.
struct Found {
    host: Host,
    from: String,
    lookup: Lookup,
}

fn hosts(config: &Config) -> Result<Vec<Found>, Failure> {
    match config.host {
        HostForm::Auto if config.cluster.is_some() => {
            let mut found = vec![pod(config)?];
            if first_address(config).is_ok() {
                found.push(pod_ip(config)?);
            }
            Ok(found)
        }
        HostForm::Auto => Ok(vec![hostname(config)?]),
        HostForm::Pod => Ok(vec![pod(config)?]),
        HostForm::PodIp => Ok(vec![pod_ip(config)?]),
        HostForm::Service => {
            let (host, from) = service(config)?;
            Ok(vec![Found {
                host,
                from,
                lookup: Lookup::Service,
            }])
        }
        HostForm::Hostname => {
            let found = hostname(config)?;
            if found.host.is_long() {
                return Ok(vec![found]);
            }
            Err(Failure::config(format!(
                "HOSTNAME is {:?}, without a dot, and no peer may connect to such a long name; set CLUSTER_HOSTNAME, or unset BEAMINIT_HOST for short names",
                found.host.to_string()
            )))
        }
        HostForm::Reverse => {
            let (address, from) = first_address(config)?;
            let host = Host::parse(&reverse_name(address)).map_err(Failure::config)?;
            Ok(vec![Found {
                host,
                from: format!("the PTR of {address} ({from})"),
                lookup: Lookup::Reverse(address),
            }])
        }
        HostForm::Ip => {
            let (address, from) = first_address(config)?;
            Ok(vec![Found {
                host: Host::Address(address),
                from: from.into(),
                lookup: Lookup::Own,
            }])
        }
    }
}

/// `$HOSTNAME`.
fn hostname(config: &Config) -> Result<Found, Failure> {
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
    Ok(Found {
        host,
        from: from.into(),
        lookup: Lookup::Own,
    })
}

/// `$HOSTNAME.$CLUSTER_HOSTNAME`, or `$HOSTNAME` where it carries the domain already.
fn pod(config: &Config) -> Result<Found, Failure> {
    let own = hostname(config)?;
    let (domain, from) = service(config)?;
    let carries = own
        .host
        .to_string()
        .to_ascii_lowercase()
        .ends_with(&format!(".{domain}").to_ascii_lowercase());
    if carries || own.host.is(&domain) {
        return Ok(Found {
            from: format!("{}, which carries CLUSTER_HOSTNAME already", own.from),
            ..own
        });
    }
    let host = Host::under(&own.host.to_string(), &domain).map_err(|reason| {
        Failure::config(format!(
            "{}.{domain}, made from {} and CLUSTER_HOSTNAME: {reason}",
            own.host, own.from
        ))
    })?;
    Ok(Found {
        host,
        from: format!("{}.{from}", own.from),
        lookup: Lookup::Own,
    })
}

/// `A-B-C-D.$CLUSTER_HOSTNAME`.
fn pod_ip(config: &Config) -> Result<Found, Failure> {
    let (address, address_from) = first_address(config)?;
    let (domain, from) = service(config)?;
    let label = dashed(address);
    let host = Host::under(&label, &domain).map_err(|reason| {
        Failure::config(format!(
            "{label}.{domain}, made from {address_from} and CLUSTER_HOSTNAME: {reason}"
        ))
    })?;
    Ok(Found {
        host,
        from: format!("{address_from}, dashed, under {from}"),
        lookup: Lookup::Own,
    })
}

fn first_address(config: &Config) -> Result<(IpAddr, &'static str), Failure> {
    if let Some(address) = config.pod_ip {
        return Ok((address, "POD_IP"));
    }
    config.pod.addresses.first().map(|address| (*address, "this pod's address")).ok_or_else(|| {
        Failure::config("POD_IP is not set, and no interface has an address that peers could reach; set POD_IP")
    })
}

#[cfg(test)]
mod tests;
