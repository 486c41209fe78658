//! `BEAMINIT_PEERS`: where the other nodes of the cluster are looked for.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::variables::Variables;
use super::{Boot, ServiceName};
use crate::node::{Host, NamePart, NodeName};
use crate::system::secrets::shown;

/// The interval by default.
const INTERVAL: Duration = Duration::from_secs(5);
/// The longest and the shortest that makes sense.
const LIMITS: RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(3600);

/// The other nodes of the cluster: where they are looked for, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    /// Where: at least one place.
    pub sources: Vec<Source>,
    /// How often.
    pub interval: Duration,
    /// What the node knows of them when it starts.
    pub boot: Boot,
}

impl Peers {
    /// Reads the three variables; `None` where no peers are looked for.
    pub fn read(variables: &mut Variables) -> Option<Self> {
        let interval = variables.read("BEAMINIT_PEERS_INTERVAL", interval);
        let boot = variables.keyword("BEAMINIT_PEERS_BOOT");
        let sources = variables.read("BEAMINIT_PEERS", sources);
        if sources.is_none() {
            if interval.is_some() {
                variables.warn_of_alone("BEAMINIT_PEERS_INTERVAL", "BEAMINIT_PEERS");
            }
            if boot.is_some() {
                variables.warn_of_alone("BEAMINIT_PEERS_BOOT", "BEAMINIT_PEERS");
            }
        }
        Some(Self {
            sources: sources?,
            interval: interval.unwrap_or(INTERVAL),
            boot: boot.unwrap_or_default(),
        })
    }
}

/// One place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `dns`, `dns:SERVICE` and `dns:NAME@SERVICE`: the records of a Service, or of `CLUSTER_HOSTNAME`; and the nodes' name
    /// before the `@`, where it is not this node's.
    Dns(Option<NamePart>, Option<ServiceName>),
    /// `hosts:a.b,c@d.e`: these.
    Hosts(Vec<HostsEntry>),
    /// `kubernetes:LABEL=VALUE,…`: what the API has under these labels.
    Kubernetes(Selector),
}

/// One of `hosts:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostsEntry {
    /// Its name before the `@` is this node's.
    Host(Host),
    /// The whole name.
    Node(NodeName),
}

/// A label selector, as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(String);

/// Reads `BEAMINIT_PEERS`: one place or several, with blanks between them.
pub fn sources(text: &str) -> Result<Vec<Source>, String> {
    let words = text.split_whitespace();
    let sources: Vec<_> = words.map(Source::parse).collect::<Result<_, _>>()?;
    if sources.is_empty() {
        return Err("there is nothing in it; leave it unset, or write dns".into());
    }
    Ok(sources)
}

/// Reads `BEAMINIT_PEERS_INTERVAL`.
fn interval(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|time| LIMITS.contains(time))
        .ok_or_else(|| "not a time from 500ms to 1h; write it like 5s".into())
}

impl Source {
    fn parse(word: &str) -> Result<Self, String> {
        let source = match word.split_once(':').unwrap_or((word, "")) {
            ("dns", "") if word == "dns" => Ok(Self::Dns(None, None)),
            ("dns", names) => services_nodes(names),
            ("hosts", list) => hosts(list).map(Self::Hosts),
            ("kubernetes", labels) => Selector::parse(labels).map(Self::Kubernetes),
            _ => {
                return Err(format!(
                    "{:?} is none of dns, dns:SERVICE, dns:NAME@SERVICE, hosts:HOST,… and kubernetes:LABEL=VALUE,…",
                    shown(word)
                ));
            }
        };
        source.map_err(|reason| format!("{}: {reason}", shown(word)))
    }
}

fn services_nodes(text: &str) -> Result<Source, String> {
    let (name, service) = match text.split_once('@') {
        Some((name, service)) => (Some(NamePart::parse(name)?), service),
        None => (None, text),
    };
    Ok(Source::Dns(name, Some(ServiceName::parse(service)?)))
}

fn hosts(list: &str) -> Result<Vec<HostsEntry>, String> {
    let words = list.split(',').filter(|word| !word.is_empty());
    let entries: Vec<_> = words.map(HostsEntry::parse).collect::<Result<_, _>>()?;
    if entries.is_empty() {
        return Err("give hosts, as in hosts:a.example,b.example".into());
    }
    Ok(entries)
}

impl HostsEntry {
    fn parse(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            NodeName::parse(text).map(Self::Node)
        } else {
            Host::parse(text).map(Self::Host)
        }
        .map_err(|reason| {
            let hint = if text.contains(':') {
                "; write it without a port and without brackets"
            } else {
                ""
            };
            format!("{:?}: {reason}{hint}", shown(text))
        })
    }
}

impl Selector {
    /// Equality alone: that is all that names the pods of one application.
    fn parse(text: &str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_label = |label: &str| label.chars().all(|c| is_plain(c) || c == '/');
        let is_term = |term: &str| match term.split_once('=') {
            Some((label, value)) => {
                !label.is_empty() && is_label(label) && value.chars().all(is_plain)
            }
            None => false,
        };
        if !text.split(',').all(is_term) {
            return Err("give labels, as in kubernetes:app=hello,tier=backend".into());
        }
        Ok(Self(text.into()))
    }

    /// As part of a URL's query. RFC 3986 §3.4
    #[cfg_attr(not(feature = "full"), allow(dead_code))]
    pub fn encoded(&self) -> String {
        self.0
            .replace('=', "%3D")
            .replace(',', "%2C")
            .replace('/', "%2F")
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(_, None) => f.write_str("dns"),
            Self::Dns(None, Some(service)) => write!(f, "dns:{}", service.host),
            Self::Dns(Some(name), Some(service)) => write!(f, "dns:{name}@{}", service.host),
            Self::Hosts(list) => {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                write!(f, "hosts:{}", list.join(","))
            }
            Self::Kubernetes(selector) => write!(f, "kubernetes:{}", selector.0),
        }
    }
}

impl fmt::Display for HostsEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => host.fmt(f),
            Self::Node(node) => node.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_where_to_look() {
        for (text, expected) in [
            ("dns", Ok("dns")),
            (
                "  dns  dns:app.prod.svc.cluster.local. ",
                Ok("dns dns:app.prod.svc.cluster.local"),
            ),
            ("dns:_epmd._tcp.app.prod", Ok("dns:_epmd._tcp.app.prod")),
            ("dns:blog@blog.prod", Ok("dns:blog@blog.prod")),
            ("dns:@blog", Err("dns:@blog: there is nothing before")),
            ("dns:blog@", Err("dns:blog@: there is no name")),
            ("dns:a.b@blog", Err("dns:a.b@blog: '.' cannot")),
            ("hosts:a.b,c@d.e,", Ok("hosts:a.b,c@d.e")),
            (
                "kubernetes:app.kubernetes.io/name=x,tier=",
                Ok("kubernetes:app.kubernetes.io/name=x,tier="),
            ),
            ("dns:", Err("dns:: there is no name")),
            ("dns:10.1.2.3", Err("dns:10.1.2.3: a Service's DNS name")),
            ("hosts:", Err("hosts:: give hosts")),
            (
                "hosts:a.b:43",
                Err(
                    "hosts:a.b:43: \"a.b:43\": ':' cannot stand in a host name (letters, digits, - and _ can); write it without a port",
                ),
            ),
            ("hosts:a b", Err("\"b\" is none of dns")),
            ("hosts:a$", Err("hosts:a$: \"a$\": '$' cannot")),
            ("kubernetes", Err("kubernetes: give labels")),
            ("kubernetes:app", Err("kubernetes:app: give labels")),
            ("kubernetes:app!=x", Err("kubernetes:app!=x: give labels")),
            (
                "kubernetes:app=a&watch=1",
                Err("kubernetes:app=a&watch=1: give labels"),
            ),
            ("consul", Err("\"consul\" is none")),
            (" ", Err("there is nothing in it")),
        ] {
            let got = sources(text).map(|list| {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                list.join(" ")
            });
            match expected {
                Ok(expected) => assert_eq!(got.as_deref(), Ok(expected), "{text}"),
                Err(start) => assert!(
                    got.clone().unwrap_err().starts_with(start),
                    "{text}: {got:?}"
                ),
            }
        }
    }

    #[test]
    fn reads_the_interval_and_encodes_labels() {
        for (text, good) in [
            ("5s", true),
            ("500ms", true),
            ("1h", true),
            ("0", false),
            ("5", false),
            ("2h", false),
        ] {
            assert_eq!(interval(text).is_ok(), good, "{text}");
        }
        let selector = Selector::parse("k.io/name=x,b=c").unwrap();
        assert_eq!(selector.encoded(), "k.io%2Fname%3Dx%2Cb%3Dc");
    }
}
