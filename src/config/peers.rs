//! `BEAMINIT_PEERS`: where the other nodes of the cluster are looked for.

use std::fmt;
use std::time::Duration;

use crate::config::{Cluster, Raw};
use crate::node::{Host, NodeName};
use crate::system::secrets::shown;

/// The interval where nothing is said.
const INTERVAL: Duration = Duration::from_secs(5);
/// The longest and the shortest that makes sense.
const LIMITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3600)];

/// The other nodes of the cluster: where they are looked for, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    /// Where: at least one place.
    pub sources: Vec<Source>,
    /// How often.
    pub interval: Duration,
    /// What the node is told when it starts.
    pub boot: Boot,
}

impl Peers {
    /// Reads the three variables; `None` where no peers are looked for.
    pub fn read(raw: &Raw, lines: &mut Vec<String>) -> Option<Self> {
        let interval_text = raw.beaminit_peers_interval.as_deref();
        let boot = raw.beaminit_peers_boot.as_deref();
        let text = raw.beaminit_peers.as_deref();
        let interval = super::read("BEAMINIT_PEERS_INTERVAL", interval_text, interval, lines);
        let boot = super::read("BEAMINIT_PEERS_BOOT", boot, Boot::parse, lines);
        Some(Self {
            sources: super::read("BEAMINIT_PEERS", text, sources, lines)?,
            interval: interval.unwrap_or(INTERVAL),
            boot: boot.unwrap_or(Boot::Off),
        })
    }
}

/// One place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `dns`, and `dns:NAME`: the records of a Service; of `CLUSTER_HOSTNAME` where it has no name.
    Dns(Option<Cluster>),
    /// `hosts:a.b,c@d.e`: these.
    Hosts(Vec<Listed>),
    /// `kubernetes:LABEL=VALUE,…`: what the API has under these labels.
    Kubernetes(Selector),
}

/// A peer of a fixed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Its name before the `@` is this node's.
    Host(Host),
    /// The whole name.
    Node(NodeName),
}

/// A label selector, as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(String);

/// `BEAMINIT_PEERS_BOOT`: what the node is told of its peers when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// Nothing: the process beside it will join them.
    Off,
    /// `sync_nodes_optional`: the node waits for those that were found.
    Sync,
}

impl Boot {
    /// Reads the word.
    ///
    /// # Errors
    /// The words that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        super::values::one_of(&[("off", Self::Off), ("sync", Self::Sync)], text)
    }
}

/// Reads `BEAMINIT_PEERS`: one place or several, with blanks between them.
///
/// # Errors
/// How to write them.
pub fn sources(text: &str) -> Result<Vec<Source>, String> {
    let sources: Vec<Source> = text
        .split_whitespace()
        .map(Source::parse)
        .collect::<Result<_, _>>()?;
    if sources.is_empty() {
        return Err("there is nothing in it; leave it unset, or write dns".into());
    }
    Ok(sources)
}

/// Reads `BEAMINIT_PEERS_INTERVAL`.
///
/// # Errors
/// How to write it.
pub fn interval(text: &str) -> Result<Duration, String> {
    let [least, most] = LIMITS;
    humantime::parse_duration(text)
        .ok()
        .filter(|time| (least..=most).contains(time))
        .ok_or_else(|| "not a time from 500ms to 1h; write it like 5s".into())
}

impl Source {
    fn parse(word: &str) -> Result<Self, String> {
        let of = |reason: String| format!("{}: {reason}", shown(word));
        match word.split_once(':').unwrap_or((word, "")) {
            ("dns", "") if word == "dns" => Ok(Self::Dns(None)),
            ("dns", name) => Cluster::parse(name).map(Some).map(Self::Dns).map_err(of),
            ("hosts", list) => list
                .split(',')
                .filter(|one| !one.is_empty())
                .map(Listed::parse)
                .collect::<Result<Vec<_>, _>>()
                .and_then(|list| {
                    if list.is_empty() {
                        Err("give hosts, as in hosts:a.example,b.example".into())
                    } else {
                        Ok(Self::Hosts(list))
                    }
                })
                .map_err(of),
            ("kubernetes", labels) => Selector::parse(labels).map(Self::Kubernetes).map_err(of),
            _ => Err(format!(
                "{:?} is none of dns, dns:NAME, hosts:HOST,… and kubernetes:LABEL=VALUE,…",
                shown(word)
            )),
        }
    }
}

impl Listed {
    fn parse(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            NodeName::parse(text).map(Self::Node)
        } else {
            Host::parse(text).map(Self::Host)
        }
        .map_err(|reason| format!("{:?}: {reason}", shown(text)))
    }
}

impl Selector {
    /// Equality alone: that is all that names the pods of one application.
    fn parse(text: &str) -> Result<Self, String> {
        let is_plain = |part: &str, more: &str| {
            part.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c) || more.contains(c))
        };
        let good = |term: &str| {
            term.split_once('=').is_some_and(|(label, value)| {
                !label.is_empty() && is_plain(label, "/") && is_plain(value, "")
            })
        };
        if text.split(',').all(good) {
            Ok(Self(text.into()))
        } else {
            Err("give labels, as in kubernetes:app=hello,tier=backend".into())
        }
    }

    /// As part of a URL's query. RFC 3986 §3.4
    #[cfg_attr(not(feature = "kubernetes"), allow(dead_code))]
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
            Self::Dns(None) => f.write_str("dns"),
            Self::Dns(Some(name)) => write!(f, "dns:{}", name.host),
            Self::Hosts(list) => {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                write!(f, "hosts:{}", list.join(","))
            }
            Self::Kubernetes(selector) => write!(f, "kubernetes:{}", selector.0),
        }
    }
}

impl fmt::Display for Listed {
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
            ("hosts:a.b,c@d.e,", Ok("hosts:a.b,c@d.e")),
            (
                "kubernetes:app.kubernetes.io/name=x,tier=",
                Ok("kubernetes:app.kubernetes.io/name=x,tier="),
            ),
            ("dns:", Err("dns:: there is no name")),
            ("dns:10.1.2.3", Err("dns:10.1.2.3: a Service's DNS name")),
            ("hosts:", Err("hosts:: give hosts")),
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
