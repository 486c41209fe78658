//! What a name server knows, and the script that it follows.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::rr::RecordType;

use super::cache::Cache;
use super::{Answer, Kind, Question};

/// A name that every cluster has.
pub const API: &str = "kubernetes.default.svc.cluster.local";

/// Names with a script for each of their types, what is said of everything else, and the cache in front.
pub struct Zone {
    kind: Kind,
    names: BTreeMap<String, Scripts>,
    everything: Option<Answer>,
    unknown: Option<Answer>,
    cache: Cache,
    asked: Vec<Question>,
}

type Scripts = BTreeMap<RecordType, VecDeque<Answer>>;

impl Zone {
    /// A cluster's zone without a pod in it.
    pub fn new() -> Self {
        let mut zone = Self {
            kind: Kind::Plain,
            names: BTreeMap::new(),
            everything: None,
            unknown: None,
            cache: Cache::default(),
            asked: Vec::new(),
        };
        zone.publish(API, IpAddr::from([10, 96, 0, 1]));
        zone
    }

    /// Behaves like a server of this kind.
    pub fn become_like(&mut self, kind: Kind) {
        if !kind.is_of_a_cluster() {
            self.withdraw(API);
        }
        self.kind = kind;
    }

    /// Makes this the name's only address of its family.
    pub fn publish(&mut self, name: &str, address: IpAddr) {
        let kind = if address.is_ipv4() {
            RecordType::A
        } else {
            RecordType::AAAA
        };
        self.script(name, kind, vec![Answer::Addresses(vec![address])]);
    }

    /// Sets the answers to be given one after the other, the last of them again and again.
    pub fn script(&mut self, name: &str, kind: RecordType, answers: Vec<Answer>) {
        let scripts = self.names.entry(key(name)).or_default();
        scripts.insert(kind, answers.into());
    }

    /// Forgets a name with all its types.
    pub fn withdraw(&mut self, name: &str) {
        self.names.remove(&key(name));
    }

    /// Answers everything like this from now on, whatever was asked; or the truth again.
    pub fn everything(&mut self, answer: Option<Answer>) {
        self.everything = answer;
    }

    /// Answers like this what is unknown.
    pub fn unknown(&mut self, answer: Answer) {
        self.unknown = Some(answer);
    }

    /// All questions so far.
    pub fn asked(&self) -> &[Question] {
        &self.asked
    }

    /// The cache in front.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Lets time pass for the cache.
    pub fn grow_older(&mut self, by: Duration) {
        self.cache.grow_older(by);
    }

    /// Answers a question and keeps it in mind. The answer comes with its age in seconds.
    pub fn answer(&mut self, question: &Question) -> (Answer, u32) {
        self.asked.push(question.clone());
        if let Some(answer) = &self.everything {
            return (answer.clone(), 0);
        }
        if !self.kind.has_cache() {
            return (self.known(question), 0);
        }
        self.cache.answer(question).unwrap_or_else(|| {
            let answer = self.known(question);
            self.cache.keep(question, &answer);
            (answer, 0)
        })
    }

    fn known(&mut self, question: &Question) -> Answer {
        let scripts = self.names.get_mut(&question.name);
        if let Some(script) = scripts.and_then(|scripts| scripts.get_mut(&question.kind)) {
            let next = if script.len() > 1 {
                script.pop_front()
            } else {
                script.front().cloned()
            };
            return next.unwrap_or(Answer::Nothing).usually_for(self.kind.ttl());
        }
        let exists = self.exists(&question.name);
        match &self.unknown {
            Some(unknown) if !exists => unknown.clone(),
            _ => self.kind.without_record(question, exists),
        }
    }

    /// A name exists if it has a record of any type, or another name under it has.
    fn exists(&self, name: &str) -> bool {
        let under = format!(".{name}");
        self.names.contains_key(name) || self.names.keys().any(|known| known.ends_with(&under))
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "app-0.app.prod.svc.cluster.local";
    const ODD: RecordType = RecordType::Unknown(4711);

    fn coredns() -> Zone {
        let mut zone = Zone::new();
        zone.become_like(Kind::CoreDns { ttl: 30 });
        zone
    }

    /// What is said, as `Debug` shows it, and its age.
    fn says(zone: &mut Zone, name: &str, kind: RecordType) -> String {
        let (answer, age) = zone.answer(&Question::about(name, kind));
        format!("{answer:?}, {age} s old")
    }

    #[test]
    fn a_name_is_told_from_a_type_of_it() {
        let mut zone = coredns();
        assert!(says(&mut zone, API, ODD).starts_with("NoData { negative_ttl: 30 }"));
        assert!(says(&mut zone, NAME, ODD).starts_with("NxDomain { negative_ttl: 30 }"));
        zone.publish(NAME, [10, 1, 2, 3].into());
        let service = "app.prod.svc.cluster.local";
        assert!(says(&mut zone, service, ODD).starts_with("NoData"));
    }

    #[test]
    fn what_was_asked_too_early_stays_away_under_that_key_alone() {
        let mut zone = coredns();
        let absent = says(&mut zone, NAME, RecordType::A);
        zone.publish(NAME, [10, 1, 2, 3].into());
        assert_eq!(says(&mut zone, NAME, RecordType::A), absent);
        assert!(says(&mut zone, NAME, ODD).starts_with("NoData"));
        zone.grow_older(Duration::from_secs(29));
        assert!(says(&mut zone, NAME, RecordType::A).ends_with(", 29 s old"));
        zone.grow_older(Duration::from_secs(1));
        assert!(says(&mut zone, NAME, RecordType::A).contains("10.1.2.3"));
        assert_eq!(zone.cache().len(), 2);
    }

    #[test]
    fn an_old_record_stays_as_long() {
        let mut zone = coredns();
        zone.publish(NAME, [10, 1, 2, 9].into());
        says(&mut zone, NAME, RecordType::A);
        zone.publish(NAME, [10, 1, 2, 3].into());
        zone.grow_older(Duration::from_secs(29));
        assert!(says(&mut zone, NAME, RecordType::A).contains("10.1.2.9"));
        zone.grow_older(Duration::from_secs(1));
        assert!(says(&mut zone, NAME, RecordType::A).contains("10.1.2.3"));
    }
}
