//! What is known of names, or of addresses, that are asked for one by one; and the questions about the others, side by side,
//! so that one of which nothing is said holds none of the others up.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::budget::Budget;
use crate::dns::answer::{Answer, Outcome};

/// What was said is taken to hold for so long.
const LIFE: Duration = Duration::from_secs(60);
/// What was met with silence is asked for again after the others, and not waited for any longer than this: whether the
/// nameserver is back shows at once.
const HASTE: Duration = Duration::from_millis(500);

/// Of each an answer, or why there is none.
#[derive(Debug)]
pub struct Known<K, V> {
    said: Kept<K, Result<V, String>>,
    silent: Kept<K, ()>,
}

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self {
            said: Kept::default(),
            silent: Kept::default(),
        }
    }
}

impl<K, V> Known<K, V>
where
    K: Clone + Hash + Ord + Send + 'static,
    V: Clone,
{
    /// What there is to say of these, after no more than `limit`: what is known, and what is answered now. What there is
    /// no room to ask for is left out.
    pub async fn learn<Q>(
        &mut self,
        keys: BTreeSet<K>,
        budget: &mut Budget,
        limit: Duration,
        ask: impl Fn(&K) -> Q,
        read: impl Fn(&Outcome) -> Option<V>,
    ) -> HashMap<K, Result<V, String>>
    where
        Q: Future<Output = Answer> + Send + 'static,
    {
        let mut learnt = HashMap::new();
        let mut unknown = Vec::new();
        for key in keys {
            match self.said.get(&key) {
                Some(said) => drop(learnt.insert(key, said.clone())),
                None => unknown.push(key),
            }
        }
        unknown.sort_by_key(|key| self.silent.get(key).is_some());
        let mut asked = JoinSet::new();
        for key in unknown {
            if limit.is_zero() || !budget.has_room() {
                break;
            }
            budget.spend();
            let patience = self.silent.get(&key).map_or(limit, |()| limit.min(HASTE));
            let question = ask(&key);
            asked.spawn(async move { (key, timeout(patience, question).await.ok()) });
        }
        while let Some(Ok((key, answer))) = asked.join_next().await {
            let said = self.note(&key, answer, &read);
            learnt.insert(key, said);
        }
        learnt
    }

    fn note(
        &mut self,
        key: &K,
        answer: Option<Answer>,
        read: &impl Fn(&Outcome) -> Option<V>,
    ) -> Result<V, String> {
        let answer = match answer {
            Some(answer) if answer.outcome != Outcome::Silence => answer,
            _ => {
                // It gets its time again, once in a while.
                if self.silent.get(key).is_none() {
                    self.silent.keep(key.clone(), ());
                }
                return Err("no answer from the nameserver".into());
            }
        };
        self.silent.forget(key);
        let said = read(&answer.outcome).ok_or_else(|| answer.to_string());
        // Of what there is not, the nameserver would say the same for so long.
        let life = if said.is_ok() {
            LIFE
        } else {
            answer.ttl.unwrap_or_default()
        };
        self.said.keep_for(life, key.clone(), said.clone());
        said
    }

    /// What was said does not hold.
    pub fn forget(&mut self, key: &K) {
        self.said.forget(key);
    }
}

/// Things that hold for a while.
#[derive(Debug)]
pub struct Kept<K, V>(HashMap<K, (V, Instant)>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, V> Kept<K, V> {
    /// Keeps it for as long as anything is.
    pub fn keep(&mut self, key: K, value: V) {
        self.keep_for(LIFE, key, value);
    }

    fn keep_for(&mut self, life: Duration, key: K, value: V) {
        let now = Instant::now();
        self.0.retain(|_, (_, until)| *until > now);
        self.0.insert(key, (value, now + life.min(LIFE)));
    }

    /// It, if it holds still.
    pub fn get(&self, key: &K) -> Option<&V> {
        let (value, until) = self.0.get(key)?;
        (*until > Instant::now()).then_some(value)
    }

    fn forget(&mut self, key: &K) {
        self.0.remove(key);
    }
}
