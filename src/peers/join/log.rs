//! What this process has to say: one line for each change, nothing while all stays as it is.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::node::NodeName;

/// What comes again within this time, or a few rounds, is no change.
const MEMORY: Duration = Duration::from_secs(60);
const ROUNDS: u32 = 3;

/// What was said last.
pub struct Log {
    joined: BTreeSet<String>,
    /// What goes wrong, and when it was last seen to.
    wrong: HashMap<String, Instant>,
    memory: Duration,
    trouble: String,
    strange: bool,
}

impl Log {
    /// Nothing has been said yet; there is a round in each interval.
    pub fn new(interval: Duration) -> Self {
        Self {
            joined: BTreeSet::new(),
            wrong: HashMap::new(),
            memory: MEMORY.max(interval * ROUNDS),
            trouble: String::new(),
            strange: false,
        }
    }

    /// The nodes that the node is connected to now; those count that are its peers, or were.
    pub fn connected(&mut self, connected: &BTreeSet<String>, is_peer: impl Fn(&str) -> bool) {
        self.trouble.clear();
        let ours = |node: &&String| is_peer(node) || self.joined.contains(*node);
        let now: BTreeSet<String> = connected.iter().filter(ours).cloned().collect();
        for node in now.difference(&self.joined) {
            info!("joined {node}");
        }
        for node in self.joined.difference(&now) {
            info!("lost {node}");
        }
        self.joined = now;
    }

    /// A place that gave no answer, or what it said of one peer.
    pub fn failure(&mut self, reason: &str) {
        self.once(format!("BEAMINIT_PEERS: {reason}"));
    }

    /// Another node is where a peer should be.
    pub fn another(&mut self, node: &NodeName, reason: &str) {
        self.once(format!(
            "{node} {reason}; it is not joined: does BEAMINIT_PEERS name it as it names itself?"
        ));
    }

    fn once(&mut self, line: String) {
        let now = Instant::now();
        self.wrong.retain(|_, seen| now - *seen < self.memory);
        if !self.wrong.contains_key(&line) {
            warn!("{line}");
        }
        self.wrong.insert(line, now);
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
