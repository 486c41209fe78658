//! `/etc/resolv.conf`: the nameservers, and the search list that tells namespace and zone. resolv.conf(5).
//!
//! As found in the wild: comments behind values, CRLF, unknown options, scoped addresses. What cannot be read is left
//! out: glibc does the same, and a pod with one good nameserver is a good pod.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt as _;

use tracing::info;

use crate::dns::Nameserver;
use crate::dns::answer::comma_separated;
use crate::system::files::text_of;

const PATH: &str = "/etc/resolv.conf";

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// The nameservers in their order; with none named, the one on this host.
    pub nameservers: Vec<Nameserver>,
    /// The search list, without trailing dots.
    pub search: Vec<String>,
    /// `domain` is there, which the VM takes for its own.
    pub has_domain: bool,
    /// `options use-vc`: they are asked over TCP only.
    pub over_tcp: bool,
    written: Option<Written>,
}

/// The file's inode, length and time of change: Docker writes it anew when a network is connected.
type Written = (u64, u64, i64, i64);

/// Nothing while it is being written.
fn written() -> Option<Written> {
    let file = fs::metadata(PATH).ok().filter(|file| file.len() > 0)?;
    Some((file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
}

impl Default for ResolvConf {
    fn default() -> Self {
        Self::parse("")
    }
}

impl ResolvConf {
    /// Reads the file.
    pub fn read() -> Self {
        // Before the text: what is written in between is then read again.
        let written = written();
        Self {
            written,
            ..Self::parse(&text_of(PATH).unwrap_or_default())
        }
    }

    /// Reads it again if it was written; are the nameservers others now?
    pub fn follow(&mut self) -> bool {
        if written().is_none_or(|now| Some(now) == self.written) {
            return false;
        }
        let before = std::mem::replace(self, Self::read());
        let is_other = before.nameservers != self.nameservers || before.over_tcp != self.over_tcp;
        if is_other {
            let servers = comma_separated(&self.nameservers);
            info!("{PATH} has changed: the nameserver is {servers} now");
        }
        is_other
    }

    /// Reads the text of the file.
    pub fn parse(text: &str) -> Self {
        let mut conf = Self {
            nameservers: Vec::new(),
            search: Vec::new(),
            has_domain: false,
            over_tcp: false,
            written: None,
        };
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let nameserver = words.next().and_then(Nameserver::parse);
                    conf.nameservers.extend(nameserver);
                }
                // The last of `search` and `domain` counts.
                Some(keyword @ ("search" | "domain")) => {
                    let domains = words.map(|word| word.trim_end_matches('.'));
                    let domains = domains.filter(|domain| !domain.is_empty());
                    conf.search = domains.map(ToOwned::to_owned).collect();
                    conf.has_domain |= keyword == "domain" && !conf.search.is_empty();
                }
                Some("options") => conf.over_tcp |= words.any(|word| word == "use-vc"),
                _ => {}
            }
        }
        if conf.nameservers.is_empty() {
            conf.nameservers.push(Nameserver::LOCAL);
        }
        conf.nameservers.dedup();
        conf
    }

    /// Is it Docker's own nameserver that answers?
    pub fn is_docker(&self) -> bool {
        let mut nameservers = self.nameservers.iter();
        nameservers.any(|one| one.address == IpAddr::from([127, 0, 0, 11]))
    }

    /// Kubernetes' namespace: the first search domain is `NS.svc.ZONE`.
    pub fn namespace(&self) -> Option<&str> {
        self.search.iter().find_map(|domain| {
            let (namespace, rest) = domain.split_once('.')?;
            (rest.starts_with("svc.") && !matches!(namespace, "" | "svc")).then_some(namespace)
        })
    }

    /// Kubernetes' zone: what follows `svc.` in the search list.
    pub fn zone(&self) -> Option<&str> {
        let mut domains = self.search.iter();
        let bare = domains.find_map(|domain| domain.strip_prefix("svc."));
        let behind_namespace = || {
            let mut domains = self.search.iter();
            domains.find_map(|domain| Some(domain.split_once(".svc.")?.1))
        };
        let zone = bare.or_else(behind_namespace);
        zone.filter(|zone| !zone.is_empty())
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_as_found_in_the_wild() {
        let kubernetes = "search prod.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
        let openshift = "search dev.svc.ocp.example svc.ocp.example ocp.example example\r\nnameserver 172.30.0.10 # dns\r\noptions ndots:5 use-vc wat\r\n";
        for (text, servers, namespace, zone) in [
            (
                kubernetes,
                vec!["10.96.0.10"],
                Some("prod"),
                Some("cluster.local"),
            ),
            (
                openshift,
                vec!["172.30.0.10"],
                Some("dev"),
                Some("ocp.example"),
            ),
            (
                "nameserver 127.0.0.11\noptions ndots:0",
                vec!["127.0.0.11"],
                None,
                None,
            ),
            ("", vec!["127.0.0.1"], None, None),
            (
                "# only a comment\nnameserver\nnameserver x",
                vec!["127.0.0.1"],
                None,
                None,
            ),
            (
                "nameserver fd00::a\nnameserver 10.0.0.1;x",
                vec!["fd00::a", "10.0.0.1"],
                None,
                None,
            ),
            (
                "nameserver fe80::1%eth0\nnameserver 10.0.0.1%eth0\nnameserver fe80::2%",
                vec!["fe80::1%eth0"],
                None,
                None,
            ),
            (
                "search svc.zone.test.",
                vec!["127.0.0.1"],
                None,
                Some("zone.test"),
            ),
            (
                "search only.svc.zone.test",
                vec!["127.0.0.1"],
                Some("only"),
                Some("zone.test"),
            ),
            (
                "search .svc.zone.test",
                vec!["127.0.0.1"],
                None,
                Some("zone.test"),
            ),
            (
                "search a.svc.b\ndomain example.com",
                vec!["127.0.0.1"],
                None,
                None,
            ),
        ] {
            let read = ResolvConf::parse(text);
            let found: Vec<String> = read.nameservers.iter().map(ToString::to_string).collect();
            assert_eq!(found, servers, "{text}");
            assert_eq!(read.over_tcp, text.contains("use-vc"), "{text}");
            assert_eq!((read.namespace(), read.zone()), (namespace, zone), "{text}");
        }
    }
}
