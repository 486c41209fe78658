//! `Config ──► Node`: the names that this node may have, in order, and where each comes from.
//!
//! The formulas are those of the deployments to serve: `HOSTNAME.CLUSTER_HOSTNAME`, the dashed address, the Service, the
//! host name, the address. Which of several candidates it is, DNS says at the gate. Kubernetes' records:
//! <https://github.com/kubernetes/dns/blob/master/docs/specification.md>

use std::net::IpAddr;

use super::{Host, NamePart, NodeName, dashed};
use crate::launch::config::{Cluster, Config, HostForm};
use crate::launch::failure::Failure;

/// Kubernetes' zone where no search list tells another.
const ZONE: &str = "cluster.local";

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

/// The variable that says, on purpose, what the node is called; a name made of mere defaults yields to a release's own.
pub fn said_by(config: &Config) -> Option<&'static str> {
    let said = [
        ("BEAMINIT_NODE", config.node.is_some()),
        ("CLUSTER_HOSTNAME", config.cluster.is_some()),
        ("BEAMINIT_HOST", config.host != HostForm::Auto),
        ("SNAME", config.sname.is_some()),
    ];
    said.iter().find(|(_, set)| *set).map(|(name, _)| *name)
}

/// The candidates in their order: at least one. `default_name` is the release's or program's own.
///
/// # Errors
/// What cannot be made into a name: exit status 78.
pub fn candidates(config: &Config, default_name: &str) -> Result<Vec<Candidate>, Failure> {
    if let Some(node) = &config.node {
        return Ok(vec![Candidate {
            node: node.clone(),
            from: "BEAMINIT_NODE".into(),
            lookup: Lookup::Own,
        }]);
    }
    let (name, name_from) = name_part(config, default_name)?;
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

fn name_part(config: &Config, default_name: &str) -> Result<(NamePart, &'static str), Failure> {
    if let Some(name) = &config.sname {
        return Ok((name.clone(), "SNAME"));
    }
    let (text, from) = match &config.release_name {
        Some(name) => (name.as_str(), "RELEASE_NAME"),
        None => (default_name, "the program's file name"),
    };
    NamePart::parse(text)
        .map(|name| (name, from))
        .map_err(|reason| {
            Failure::config(format!(
                "SNAME is not set, and {from} is {text:?}: {reason}; set SNAME"
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
    let host = Host::parse(text)
        .map_err(|reason| Failure::config(format!("{from} is {text:?}: {reason}; set HOSTNAME")))?;
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

/// `$CLUSTER_HOSTNAME`, completed, and how.
fn service(config: &Config) -> Result<(Host, String), Failure> {
    let Some(cluster) = &config.cluster else {
        return Err(Failure::config(
            "CLUSTER_HOSTNAME is not set; set it to the Service's DNS name",
        ));
    };
    let Completion { suffix, how } = completion(cluster, config)?;
    if suffix.is_empty() {
        return Ok((cluster.host.clone(), "CLUSTER_HOSTNAME".into()));
    }
    let host = Host::under(&cluster.host.to_string(), &suffix).map_err(|reason| {
        Failure::config(format!(
            "CLUSTER_HOSTNAME is {:?}, completed: {reason}",
            cluster.host.to_string()
        ))
    })?;
    Ok((host, format!("CLUSTER_HOSTNAME, completed with {how}")))
}

/// Is `CLUSTER_HOSTNAME` a name that had to be completed?
pub fn completes(config: &Config) -> bool {
    let completed = |cluster| completion(cluster, config).is_ok_and(|done| !done.suffix.is_empty());
    config.cluster.as_ref().is_some_and(completed)
}

struct Completion {
    suffix: String,
    how: String,
}

/// What `svc`, `svc.ns` and `svc.ns.svc` lack. Names with a dot at the end, or with more labels, are whole.
fn completion(cluster: &Cluster, config: &Config) -> Result<Completion, Failure> {
    let text = cluster.host.to_string();
    let labels: Vec<&str> = text.split('.').collect();
    let (zone, zone_from) = match config.pod.resolv_conf.zone() {
        Some(zone) => (zone, "resolv.conf"),
        None => (ZONE, "the default"),
    };
    let of_zone = format!("zone {zone} ({zone_from})");
    match labels.as_slice() {
        _ if cluster.absolute => Ok(Completion {
            suffix: String::new(),
            how: String::new(),
        }),
        [_] => {
            let (namespace, from) = namespace(config).ok_or_else(|| {
                Failure::config(format!(
                    "CLUSTER_HOSTNAME is {text:?}, and no namespace is known to complete it; set POD_NAMESPACE, or write the whole name"
                ))
            })?;
            let how = format!("namespace {namespace} ({from}) and {of_zone}");
            Ok(Completion {
                suffix: format!("{namespace}.svc.{zone}"),
                how,
            })
        }
        [_, _] => Ok(Completion {
            suffix: format!("svc.{zone}"),
            how: of_zone,
        }),
        [_, _, svc] if svc.eq_ignore_ascii_case("svc") => Ok(Completion {
            suffix: zone.into(),
            how: of_zone,
        }),
        _ => Ok(Completion {
            suffix: String::new(),
            how: String::new(),
        }),
    }
}

fn namespace(config: &Config) -> Option<(&str, &'static str)> {
    let variable = config
        .namespace
        .as_deref()
        .map(|name| (name, "POD_NAMESPACE"));
    let file = || {
        config
            .pod
            .namespace
            .as_deref()
            .map(|name| (name, "the service account"))
    };
    let search = || {
        config
            .pod
            .resolv_conf
            .namespace()
            .map(|name| (name, "resolv.conf"))
    };
    variable.or_else(file).or_else(search)
}

fn first_address(config: &Config) -> Result<(IpAddr, &'static str), Failure> {
    if let Some(address) = config.pod_ip {
        return Ok((address, "POD_IP"));
    }
    config.pod.addresses.first().map(|address| (*address, "this pod's address")).ok_or_else(|| {
        Failure::config("POD_IP is not set, and no interface has an address that peers could reach; set POD_IP")
    })
}

/// The name that a PTR question asks: RFC 1035 §3.5, RFC 3596 §2.5.
fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6
                .octets()
                .into_iter()
                .rev()
                .map(|byte| format!("{:x}.{:x}.", byte & 0xf, byte >> 4));
            nibbles.collect::<String>() + "ip6.arpa"
        }
    }
}

#[cfg(test)]
mod tests;
