//! What a name server knows, and the script that it follows.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use hickory_proto::rr::RecordType;

use super::Answer;

/// A question that was asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub at: Instant,
    /// The name in lower case, without its final dot.
    pub name: String,
    pub kind: RecordType,
    pub over_tcp: bool,
}

/// Whatever answers questions: a zone, or later something in front of one, such as a cache.
pub trait Answers: Send + 'static {
    /// The answer to this question.
    fn answer(&mut self, question: &Question) -> Answer;
}

/// Names with a script for each of their types, and what is said of everything else.
pub struct Zone {
    scripts: BTreeMap<(String, RecordType), VecDeque<Answer>>,
    everything: Option<Answer>,
    unknown: Answer,
    asked: Vec<Question>,
}

impl Zone {
    /// An empty zone like CoreDNS's: unknown names don't exist, for 30 s.
    pub fn new() -> Self {
        Self {
            scripts: BTreeMap::new(),
            everything: None,
            unknown: Answer::NxDomain { negative_ttl: 30 },
            asked: Vec::new(),
        }
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
        self.scripts.insert((key(name), kind), answers.into());
    }

    /// Forgets a name with all its types.
    pub fn withdraw(&mut self, name: &str) {
        let gone = key(name);
        self.scripts.retain(|(name, _), _| *name != gone);
    }

    /// Answers everything like this from now on, whatever was asked.
    pub fn everything(&mut self, answer: Answer) {
        self.everything = Some(answer);
    }

    /// Answers like this what is unknown.
    pub fn unknown(&mut self, answer: Answer) {
        self.unknown = answer;
    }

    /// All questions so far.
    pub fn asked(&self) -> &[Question] {
        &self.asked
    }

    /// Answers a question and keeps it in mind.
    pub fn answer(&mut self, question: &Question) -> Answer {
        self.asked.push(question.clone());
        if let Some(answer) = &self.everything {
            return answer.clone();
        }
        if let Some(script) = self
            .scripts
            .get_mut(&(question.name.clone(), question.kind))
        {
            let next = if script.len() > 1 {
                script.pop_front()
            } else {
                script.front().cloned()
            };
            return next.unwrap_or(Answer::Nothing);
        }
        if self.scripts.keys().any(|(name, _)| *name == question.name) {
            return Answer::NoData { negative_ttl: 30 };
        }
        self.unknown.clone()
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
