//! What does not change while the gate waits: who is asked, and what this pod is; and the questions that are made of it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_resolver::proto::rr::RecordType;

use super::keys;
use crate::config::DnsMode;
use crate::dns::answer::Answer;
use crate::dns::ask::Servers;
use crate::node::Host;
use crate::node::host::{domain, is_dashed, reverse_name};

/// The ground on which all names are waited for.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Who is asked.
    pub servers: Servers,
    /// What the record must answer.
    pub mode: DnsMode,
    /// This pod's addresses, its foremost one first.
    pub own: Vec<IpAddr>,
    /// When the wait began.
    pub since: Instant,
}

impl Ground {
    /// The time since the wait began.
    pub fn now(&self) -> Duration {
        self.since.elapsed()
    }

    /// The addresses of a name: of the family of this pod's foremost address, or else of the other one, if it matters.
    pub async fn addresses(&self, name: &str) -> Answer {
        let (first, second) = match self.own.first() {
            Some(IpAddr::V6(_)) => (RecordType::AAAA, RecordType::A),
            _ => (RecordType::A, RecordType::AAAA),
        };
        let has_both = self.own.iter().any(IpAddr::is_ipv4) && self.own.iter().any(IpAddr::is_ipv6);
        let matters = has_both || self.mode == DnsMode::Any;
        self.servers
            .addresses(name, first, Some(second).filter(|_| matters))
            .await
    }

    /// The PTR of an address.
    pub async fn pointer(&self, address: IpAddr) -> Answer {
        self.servers
            .ask(&reverse_name(address), RecordType::PTR)
            .await
    }

    /// The PTR of this pod's foremost address.
    pub async fn own_pointer(&self) -> Option<Answer> {
        Some(self.pointer(*self.own.first()?).await)
    }

    /// Those of the names that are other pods' of the same Service. What other Services call this pod is no contradiction,
    /// nor is the name that is made of its address.
    pub fn others(&self, host: &Host, names: Vec<String>) -> Vec<String> {
        let Some(ours) = domain(&host.to_string()) else {
            return Vec::new();
        };
        let of_another =
            |name: &String| domain(name).as_ref() == Some(&ours) && !is_dashed(name, &self.own);
        names.into_iter().filter(of_another).collect()
    }

    /// Whether a name exists, asked so that nobody is harmed.
    pub async fn exists(&self, name: &str) -> Answer {
        self.servers
            .ask(name, RecordType::Unknown(keys::any()))
            .await
    }
}
