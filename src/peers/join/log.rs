//! What this process has to say: one line for each change, nothing while all stays as it is.

use std::collections::BTreeSet;

use tracing::{info, warn};

/// What was said last.
#[derive(Default)]
pub struct Log {
    joined: BTreeSet<String>,
    failures: Vec<String>,
    trouble: String,
    strange: bool,
}

impl Log {
    /// The nodes that the node is connected to now, and those that are its peers.
    pub fn connected(&mut self, connected: &BTreeSet<String>, peers: impl Iterator<Item = String>) {
        self.trouble.clear();
        let ours: BTreeSet<String> = peers.chain(self.joined.iter().cloned()).collect();
        let now: BTreeSet<String> = ours.intersection(connected).cloned().collect();
        for node in now.difference(&self.joined) {
            info!("joined {node}");
        }
        for node in self.joined.difference(&now) {
            info!("lost {node}");
        }
        self.joined = now;
    }

    /// The places that gave no answer.
    pub fn failures(&mut self, failures: &[String]) {
        if failures != self.failures {
            for failure in failures {
                warn!("BEAMINIT_PEERS: {failure}");
            }
            self.failures = failures.to_vec();
        }
    }

    /// A round that came to nothing.
    pub fn trouble(&mut self, reason: &str) {
        if self.trouble != reason {
            warn!("cannot look after BEAMINIT_PEERS now: {reason}; trying on");
            reason.clone_into(&mut self.trouble);
        }
    }

    /// A peer is there, and does not want this node.
    pub fn refused(node: &str) {
        warn!(
            "{node} is there and does not connect: has it the same cookie, and does it allow this node? trying again in a minute"
        );
    }

    /// The node has another cookie than this process.
    pub fn strange(&mut self) {
        if !self.strange {
            warn!(
                "the node has another cookie than beaminit gave it, and is not joined with BEAMINIT_PEERS; does the application set one?"
            );
            self.strange = true;
        }
    }
}
