//! Peers that answered and did not connect: each attempt leaves an error in both nodes' logs, so there are few of them.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::peers::reach::Reachable;

/// A peer that refused is not tried again for this long.
pub const PAUSE: Duration = Duration::from_secs(60);

/// The refusals, by the peers' names.
#[derive(Default)]
pub struct Refusals(HashMap<String, Refusal>);

struct Refusal {
    creation: u32,
    at: Instant,
    /// It was tried a second time, after a restart: once is enough.
    is_second: bool,
}

impl Refusals {
    /// Must this peer not be tried now?
    pub fn blocks(&self, peer: &Reachable, now: Instant) -> bool {
        self.recent(&peer.name, now)
            .is_some_and(|refusal| refusal.is_second || refusal.creation == peer.creation)
    }

    pub fn add(&mut self, peer: Reachable, now: Instant) {
        let refusal = Refusal {
            creation: peer.creation,
            at: now,
            is_second: self.recent(&peer.name, now).is_some(),
        };
        self.0.retain(|_, old| now - old.at < PAUSE);
        self.0.insert(peer.name, refusal);
    }

    /// Forgets the refusals of those that are connected.
    pub fn forget(&mut self, connected: &BTreeSet<String>) {
        self.0.retain(|name, _| !connected.contains(name));
    }

    fn recent(&self, name: &str, now: Instant) -> Option<&Refusal> {
        self.0.get(name).filter(|refusal| now - refusal.at < PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_refuses_is_tried_twice_a_minute_at_most() {
        let began = Instant::now();
        // One creation all the time, two of them, and a new one each second.
        for (creations, expected) in [
            (1, vec![0, 60, 120]),
            (2, vec![0, 1, 61, 121]),
            (180, vec![0, 1, 61, 62, 122, 123]),
        ] {
            let mut refusals = Refusals::default();
            let mut tried = Vec::new();
            for second in 0..125 {
                let now = began + Duration::from_secs(second);
                let creation = u32::try_from(second).unwrap_or(0).min(creations - 1);
                let peer = Reachable {
                    name: "app@b.c".into(),
                    creation,
                };
                if !refusals.blocks(&peer, now) {
                    tried.push(second);
                    refusals.add(peer, now);
                }
            }
            assert_eq!(tried, expected, "{creations}");
        }
        let mut refusals = Refusals::default();
        let peer = Reachable {
            name: "app@b.c".into(),
            creation: 1,
        };
        refusals.add(peer.clone(), began);
        refusals.forget(&BTreeSet::from([peer.name.clone()]));
        assert!(!refusals.blocks(&peer, began));
    }
}
