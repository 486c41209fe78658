//! Peers that answered and did not connect, or with which TLS failed: each attempt leaves an error in nodes' logs, so there are
//! few of them.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::peers::reach::{Reachable, Unreachable};

/// A peer that refused is not tried again for this long.
pub const PAUSE: Duration = Duration::from_secs(60);

/// The refusals, by the peers' names.
#[derive(Default)]
pub struct Refusals {
    connections: HashMap<String, Refusal>,
    /// Why TLS failed, and when.
    tls: HashMap<String, (Unreachable, Instant)>,
}

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
        self.connections.retain(|_, old| now - old.at < PAUSE);
        self.connections.insert(peer.name, refusal);
    }

    /// Why this peer must not even be asked now.
    pub fn of_tls(&self, node: &str, now: Instant) -> Option<&Unreachable> {
        let (why, at) = self.tls.get(node)?;
        (now - *at < PAUSE).then_some(why)
    }

    pub fn add_tls(&mut self, node: String, why: Unreachable, now: Instant) {
        self.tls.retain(|_, (_, at)| now - *at < PAUSE);
        self.tls.insert(node, (why, now));
    }

    /// Forgets the refusals of those that are connected.
    pub fn forget(&mut self, connected: &BTreeSet<String>) {
        self.connections.retain(|name, _| !connected.contains(name));
    }

    fn recent(&self, name: &str, now: Instant) -> Option<&Refusal> {
        self.connections
            .get(name)
            .filter(|refusal| now - refusal.at < PAUSE)
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
