//! A cache in front of a zone, like CoreDNS's: of what is, and of what isn't.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Answer;
use super::question::{Key, Question};

/// Answers that are kept for as long as they say themselves.
#[derive(Default)]
pub struct Cache {
    kept: HashMap<Key, (Answer, Instant)>,
    /// By how much its clock is fast.
    ahead: Duration,
}

impl Cache {
    /// The answer that is kept for this question, with its age in seconds.
    pub fn answer(&self, question: &Question) -> Option<(Answer, u32)> {
        let (answer, since) = self.kept.get(&question.key())?;
        let age = (self.now() - *since).as_secs();
        let ttl = answer.ttl().map(u64::from)?;
        (age < ttl).then(|| (answer.clone(), u32::try_from(age).unwrap_or(u32::MAX)))
    }

    /// Keeps an answer, if it is one that can be kept.
    pub fn keep(&mut self, question: &Question, answer: &Answer) {
        if answer.ttl().is_some_and(|ttl| ttl > 0) {
            self.kept
                .insert(question.key(), (answer.clone(), self.now()));
        }
    }

    /// Everything in it is so much older from now on.
    pub fn grow_older(&mut self, by: Duration) {
        self.ahead += by;
    }

    /// How many answers were ever kept: none is thrown out.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    fn now(&self) -> Instant {
        Instant::now() + self.ahead
    }
}
