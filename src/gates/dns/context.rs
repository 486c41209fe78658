//! What does not change while the gate waits: the nameservers, what this pod is, and the questions made of that.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_resolver::proto::rr::RecordType;

use super::hints::Surroundings;
use super::unused_types;
use crate::config::resolv_conf::ResolvConf;
use crate::config::{Config, DnsMode};
use crate::dns::{Answer, Client};
use crate::naming::{self, Candidate, Cluster};
use crate::node::Host;
use crate::node::host::{domain, first_label, is_dashed, reverse_name};

/// How a nameserver is asked for a name that may not exist yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryStrategy {
    /// By types that nobody uses: no cache keeps that the name has no address.
    UnassignedTypes,
    /// By its addresses, again and again, as often as the negative TTL allows.
    Addresses,
    /// By both, where it is not clear whether unassigned types work.
    Both,
}

pub struct WaitContext<'a> {
    /// The names, in order of preference.
    pub candidates: &'a [Candidate],
    /// What the record must answer.
    pub mode: DnsMode,
    /// This pod's addresses, its main one first.
    pub own: Vec<IpAddr>,
    pub client: Client,
    conf: ResolvConf,
    /// How the nameservers are asked at first.
    pub strategy: QueryStrategy,
    pub cluster: Option<Cluster>,
    /// `CLUSTER_HOSTNAME`, if nothing else says which of this pod's addresses is meant.
    pub network: Option<Host>,
    pub surroundings: Surroundings,
    /// The name that Kubernetes gives this pod by the serviceName or subdomain in its spec.
    known_as: Option<String>,
    /// How long to wait; `None` is for ever.
    pub limit: Option<Duration>,
    since: Instant,
}

impl<'a> WaitContext<'a> {
    pub fn new(config: &Config, candidates: &'a [Candidate], mode: DnsMode) -> Self {
        let conf = &config.pod.resolv_conf;
        let cluster = Cluster::of(config);
        let surroundings = Surroundings::of(config);
        Self {
            candidates,
            mode,
            own: config.addresses(),
            client: Client::new(&conf.nameservers, conf.over_tcp),
            conf: conf.clone(),
            strategy: match cluster {
                // Docker's nameserver keeps no negative answers, and forwards questions of unassigned types.
                Some(_) if !surroundings.is_docker => QueryStrategy::UnassignedTypes,
                _ => QueryStrategy::Addresses,
            },
            cluster,
            network: naming::network(config),
            surroundings,
            known_as: config.pod.fully_qualified(),
            limit: config.dns_timeout,
            since: Instant::now(),
        }
    }

    /// Asks the nameservers that resolv.conf has now; are they others?
    pub fn follow_resolv_conf(&mut self) -> bool {
        let is_other = self.conf.follow();
        if is_other {
            self.client = Client::new(&self.conf.nameservers, self.conf.over_tcp);
        }
        is_other
    }

    /// The time since the wait began.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// The time until the deadline, if there is one.
    pub fn left(&self) -> Option<Duration> {
        Some(self.limit?.saturating_sub(self.elapsed()))
    }

    /// The hosts of the candidates.
    pub fn hosts(&self) -> impl Iterator<Item = String> {
        let candidates = self.candidates.iter();
        candidates.map(|one| one.node.host.to_string())
    }

    /// Is this Kubernetes? It decides which causes are likely.
    pub fn is_in_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// The Service's own name.
    pub fn service(&self) -> Option<&String> {
        self.cluster.as_ref()?.service.as_ref()
    }

    /// The name that Kubernetes gives this pod, where it is under another Service than the candidates.
    pub fn name_elsewhere(&self) -> Option<&String> {
        let host = self.hosts().next()?;
        let name = self
            .known_as
            .as_ref()
            .filter(|name| name.contains(".svc."))?;
        let is_other = first_label(name) == first_label(&host) && domain(name) != domain(&host);
        is_other.then_some(name)
    }

    /// The addresses of a name: of the family of this pod's main address, or else of the other one, if it matters.
    pub async fn addresses(&self, name: &str) -> Answer {
        let (first, second) = match self.own.first() {
            Some(IpAddr::V6(_)) => (RecordType::AAAA, RecordType::A),
            _ => (RecordType::A, RecordType::AAAA),
        };
        let has_both = self.own.iter().any(IpAddr::is_ipv4) && self.own.iter().any(IpAddr::is_ipv6);
        let second = (has_both || self.mode == DnsMode::Any).then_some(second);
        self.client.addresses(name, first, second).await
    }

    pub async fn ptr(&self, address: IpAddr) -> Answer {
        self.client
            .ask(&reverse_name(address), RecordType::PTR)
            .await
    }

    /// The names that this pod's main address has.
    pub async fn own_ptr_names(&self) -> Vec<String> {
        match self.own.first() {
            Some(address) => self.ptr(*address).await.data.into_names(),
            None => Vec::new(),
        }
    }

    /// Those of the names that belong to other pods of the same Service. A name that another Service has for this pod is no
    /// contradiction, nor is the name that is made of its address.
    pub fn siblings(&self, host: &Host, mut names: Vec<String>) -> Vec<String> {
        let own_domain = domain(&host.to_string());
        names.retain(|name| {
            own_domain.is_some() && domain(name) == own_domain && !is_dashed(name, &self.own)
        });
        names
    }

    /// Whether a name exists, asked so that no cache keeps an answer that others would get.
    pub async fn exists(&self, name: &str) -> Answer {
        let kind = RecordType::Unknown(unused_types::any());
        self.client.ask(name, kind).await
    }
}
