//! The answers about names that are asked for one by one. The questions about those without an answer are asked side by
//! side, so that a silent one delays no other.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::budget::Budget;
use crate::dns::{Answer, AnswerData};

/// No answer is kept for longer.
pub const LIFE: Duration = Duration::from_secs(60);
/// A name that got no answer is asked for after the others, and gets no more than this time: whether the nameserver is
/// back shows at once.
const HASTE: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub struct Cache {
    answers: Expiring<Result<AnswerData, String>>,
    silent: Expiring<()>,
}

impl Cache {
    /// The records of these names, after no more than `limit`: those in the cache, and those that are answered now. A name
    /// that the budget does not allow to ask for is left out.
    pub async fn look_up(
        &mut self,
        names: BTreeSet<String>,
        budget: &mut Budget,
        limit: Duration,
        ask: impl AsyncFn(&str) -> Answer,
    ) -> HashMap<String, Result<AnswerData, String>> {
        let mut results = HashMap::new();
        let mut unknown = Vec::new();
        for name in names {
            match self.answers.get(&name) {
                Some(result) => drop(results.insert(name, result.clone())),
                None => unknown.push(name),
            }
        }
        unknown.sort_by_key(|name| self.silent.get(name).is_some());
        let can_ask = |_: &&String| !limit.is_zero() && budget.take();
        let count = unknown.iter().take_while(can_ask).count();
        unknown.truncate(count);
        let answers = join_all(unknown.iter().map(async |name| {
            let is_silent = self.silent.get(name).is_some();
            let patience = if is_silent { limit.min(HASTE) } else { limit };
            timeout(patience, ask(name)).await.ok()
        }))
        .await;
        for (name, answer) in unknown.into_iter().zip(answers) {
            let result = self.keep(&name, answer);
            results.insert(name, result);
        }
        results
    }

    fn keep(&mut self, name: &str, answer: Option<Answer>) -> Result<AnswerData, String> {
        let Some(answer) = answer.filter(|answer| answer.data != AnswerData::Timeout) else {
            // Not anew while it is there, so that it gets its full time again, once in a while.
            if self.silent.get(name).is_none() {
                self.silent.insert(name, (), LIFE);
            }
            return Err("no answer from the nameserver".into());
        };
        self.silent.remove(name);
        let (result, life) = match answer.data {
            AnswerData::Addresses(_) | AnswerData::Names(_) => (Ok(answer.data), LIFE),
            // The nameserver would give the same answer for so long.
            _ => (
                Err(answer.to_string()),
                answer.ttl.unwrap_or_default().min(LIFE),
            ),
        };
        self.answers.insert(name, result.clone(), life);
        result
    }

    pub fn remove(&mut self, name: &str) {
        self.answers.remove(name);
    }
}

/// Values that are kept for a while.
#[derive(Debug)]
pub struct Expiring<V>(HashMap<String, (V, Instant)>);

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<V> Expiring<V> {
    pub fn insert(&mut self, key: &str, value: V, life: Duration) {
        let now = Instant::now();
        self.0.retain(|_, (_, until)| *until > now);
        self.0.insert(key.to_owned(), (value, now + life));
    }

    pub fn get(&self, key: &str) -> Option<&V> {
        let (value, until) = self.0.get(key)?;
        (*until > Instant::now()).then_some(value)
    }

    fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }
}
