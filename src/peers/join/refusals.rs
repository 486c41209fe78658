//! Who was there and did not connect: each attempt leaves an error in both nodes' logs, so there are few of them.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::peers::reach::There;

/// Who has refused is left alone so long.
pub const PAUSE: Duration = Duration::from_secs(60);

/// Those that have refused, by name.
#[derive(Default)]
pub struct Refusals(HashMap<String, Refusal>);

struct Refusal {
    /// In which life of its.
    creation: u32,
    at: Instant,
    /// It was tried a second time, for it had started anew: once is enough.
    again: bool,
}

impl Refusals {
    /// Is this one left alone now?
    pub fn bars(&self, peer: &There, now: Instant) -> bool {
        self.lately(&peer.name, now)
            .is_some_and(|refusal| refusal.again || refusal.creation == peer.creation)
    }

    /// This one has refused.
    pub fn note(&mut self, peer: There, now: Instant) {
        let again = self.lately(&peer.name, now).is_some();
        let refusal = Refusal {
            creation: peer.creation,
            at: now,
            again,
        };
        self.0.retain(|_, old| now - old.at < PAUSE);
        self.0.insert(peer.name, refusal);
    }

    /// These have connected.
    pub fn forget(&mut self, connected: &BTreeSet<String>) {
        self.0.retain(|name, _| !connected.contains(name));
    }

    fn lately(&self, name: &str, now: Instant) -> Option<&Refusal> {
        self.0.get(name).filter(|refusal| now - refusal.at < PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_refuses_is_tried_twice_a_minute_at_most() {
        let began = Instant::now();
        // The same life all the time, two of them, and a new one each second.
        for (lives, expected) in [
            (1, vec![0, 60, 120]),
            (2, vec![0, 1, 61, 121]),
            (180, vec![0, 1, 61, 62, 122, 123]),
        ] {
            let mut refusals = Refusals::default();
            let mut tried = Vec::new();
            for second in 0..125 {
                let now = began + Duration::from_secs(second);
                let creation = u32::try_from(second).unwrap_or(0).min(lives - 1);
                let peer = There {
                    name: "app@b.c".into(),
                    creation,
                };
                if !refusals.bars(&peer, now) {
                    tried.push(second);
                    refusals.note(peer, now);
                }
            }
            assert_eq!(tried, expected, "{lives}");
        }
        let mut refusals = Refusals::default();
        let peer = There {
            name: "app@b.c".into(),
            creation: 1,
        };
        refusals.note(peer.clone(), began);
        refusals.forget(&BTreeSet::from([peer.name.clone()]));
        assert!(!refusals.bars(&peer, began));
    }
}
