//! The log lines of the joining process: one for each change, none while everything stays as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::node::NodeName;
use crate::peers::reach::Unreachable;

/// A warning is not repeated while its reason comes again within this time, or a few rounds.
const MEMORY: Duration = Duration::from_secs(60);
const ROUNDS: u32 = 3;
/// Who is not met for so many rounds, or so long, is told of; at once where the next round is too late.
const ABSENT_ROUNDS: u32 = 6;
const ABSENT: Duration = Duration::from_secs(30);
const TOO_LATE: Duration = Duration::from_secs(60);
/// So many warnings are remembered and written; of more it is only said that there are.
const MOST_WARNINGS: usize = 30;
/// Of more in one round there is only the number.
const ABSENT_LINES: usize = 5;

/// A peer that was silent at first, as in a start, may have another reason in the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    Silence,
    Reason,
}

pub struct JoinLog {
    joined: BTreeSet<String>,
    /// The warnings, and when there was last reason for each.
    warnings: HashMap<String, Instant>,
    memory: Duration,
    /// The peers that are not met: since when, and what was told of them.
    absent: HashMap<String, (Instant, Told)>,
    interval: Duration,
    has_wrong_cookie: bool,
}

impl JoinLog {
    /// There is a round in each interval.
    pub fn new(interval: Duration) -> Self {
        Self {
            joined: BTreeSet::new(),
            warnings: HashMap::new(),
            memory: MEMORY.max(interval * ROUNDS),
            absent: HashMap::new(),
            interval,
            has_wrong_cookie: false,
        }
    }

    /// The nodes that the node is connected to now; only those count that are its peers, or were.
    pub fn connected(&mut self, connected: &BTreeSet<String>, is_peer: impl Fn(&str) -> bool) {
        let counts = |node: &&String| is_peer(node) || self.joined.contains(*node);
        let now: BTreeSet<String> = connected.iter().filter(counts).cloned().collect();
        for node in now.difference(&self.joined) {
            info!("joined {node}");
        }
        for node in self.joined.difference(&now) {
            info!("lost {node}");
        }
        self.joined = now;
    }

    /// A source failed, or has a peer that cannot be named.
    pub fn failure(&mut self, reason: &str) {
        self.warn_once(format!("BEAMINIT_PEERS: {reason}"));
    }

    /// Those that were not met in this round, and why. Each is told of once for silence and once for
    /// another reason, until it is met.
    pub fn absent(&mut self, now: &BTreeMap<String, Unreachable>) {
        self.absent.retain(|node, _| now.contains_key(node));
        let mut told = 0;
        for (node, reason) in now {
            let new = (Instant::now(), Told::Nothing);
            let (since, last) = self.absent.entry(node.clone()).or_insert(new);
            let line = match reason {
                Unreachable::Silent(_) if !is_long(since.elapsed(), self.interval) => continue,
                Unreachable::Silent(_) => Told::Silence,
                _ => Told::Reason,
            };
            if *last >= line {
                continue;
            }
            *last = line;
            told += 1;
            if told <= ABSENT_LINES {
                warn!("{}", not_joined(node, reason));
            }
        }
        if told > ABSENT_LINES {
            let more = told - ABSENT_LINES;
            warn!("{more} more of BEAMINIT_PEERS are not joined; `beaminit peers` lists them");
        }
    }

    /// The node itself has not been met for this long.
    pub fn node_absent(&mut self, node: &NodeName, reason: &str, away: Duration) {
        if is_long(away, self.interval) {
            self.warn_once(format!(
                "{node} is not joined with its peers: it {reason}; it is tried again"
            ));
        }
    }

    fn warn_once(&mut self, line: String) {
        let now = Instant::now();
        self.warnings.retain(|_, last| now - *last < self.memory);
        match self.warnings.len() {
            _ if self.warnings.contains_key(&line) => {}
            0..MOST_WARNINGS => warn!("{line}"),
            MOST_WARNINGS => warn!("more warnings of this kind are left out for a while"),
            _ => {}
        }
        self.warnings.insert(line, now);
    }

    pub fn round_failed(&mut self, reason: &str) {
        self.warn_once(format!(
            "cannot look after BEAMINIT_PEERS now, and tries it again: {reason}"
        ));
    }

    /// A peer answers, and does not connect.
    pub fn refused(node: &str) {
        warn!(
            "{node} is there and does not connect: has it the same cookie, and does it allow this node? trying again in a minute"
        );
    }

    /// The node has another cookie than this process.
    pub fn wrong_cookie(&mut self) {
        if !self.has_wrong_cookie {
            warn!(
                "the node has another cookie than beaminit gave it, and is not joined with BEAMINIT_PEERS; does the application set one?"
            );
            self.has_wrong_cookie = true;
        }
    }
}

/// The reason is last: it may be a question.
fn not_joined(node: &str, reason: &Unreachable) -> String {
    format!("{node} is not joined: it {reason}")
}

fn is_long(away: Duration, interval: Duration) -> bool {
    away >= ABSENT.min(interval * ABSENT_ROUNDS) || away + interval > TOO_LATE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_ends_the_line() {
        let reason = Unreachable::OtherNode("is not at ::1: is that a Service?".into());
        let line = not_joined("app@a.b", &reason);
        assert_eq!(
            line,
            "app@a.b is not joined: it is not at ::1: is that a Service?"
        );
    }

    #[test]
    fn who_is_not_met_is_told_of_within_a_minute() {
        for (interval, told) in [(500, 3), (1000, 6), (5000, 30), (20_000, 40), (45_000, 45)] {
            let interval = Duration::from_millis(interval);
            let mut rounds = (0..100).map(|round| interval * round);
            let first = rounds.find(|away| is_long(*away, interval));
            assert_eq!(first, Some(Duration::from_secs(told)), "{interval:?}");
        }
        assert!(is_long(Duration::ZERO, Duration::from_secs(3600)));
    }
}
