//! Round after round: who is there, who is missing, who answers; and those the node is asked to connect to.
//!
//! A node is never asked to connect to what does not answer: that would cost it up to 7 s of waiting. What answers, and yet
//! is not joined, has refused, by its cookie most likely: that leaves a line in both nodes' logs, and so is not tried
//! again for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use tracing::debug;

use super::Job;
use super::log::Log;
use super::node::{Node, NotYet};
use super::refusals::{self, Refusals};
use crate::dist::{self, Failed};
use crate::error::Failure;
use crate::node::Host;
use crate::peers::find::Finder;
use crate::peers::names::{Peer, folded};
use crate::peers::reach::{self, Absent, There, Way};
use crate::peers::{NAME, PLACES, finder};
use crate::system::memory;

/// While the node boots it is looked for this often.
const BOOT: Duration = Duration::from_millis(250);
/// The addresses of peers are asked for no longer than this in one round.
const LOCATE: Duration = Duration::from_secs(4);
/// Nor are the peers themselves.
const ASK: Duration = Duration::from_secs(20);

/// What goes on from one round to the next.
pub struct Rounds {
    node: Node,
    host: Host,
    way: Way,
    finder: Finder,
    interval: Duration,
    refusals: Refusals,
    log: Log,
}

/// What one round came to.
enum Outcome {
    Done,
    /// The node is not there yet, or no more.
    Absent,
    /// It has another cookie: it logs an error for each round.
    Strange,
}

impl Rounds {
    /// Before the first.
    pub fn new(job: Job, way: Way) -> Self {
        let local = job.port.map_or(way, |port| Way::Port(port.number()));
        Self {
            node: Node::new(&job.own, job.cookie, local, job.ipv6),
            host: job.own.node.host.clone(),
            way,
            finder: finder(job.own, job.peers, job.config, Some(job.peers.interval)),
            interval: job.peers.interval,
            refusals: Refusals::default(),
            log: Log::new(job.peers.interval),
        }
    }

    /// For ever.
    pub fn go(mut self) -> Infallible {
        let mut was_there = false;
        loop {
            let pause = match self.round() {
                Ok(Outcome::Done) => {
                    was_there = true;
                    self.interval
                }
                Ok(Outcome::Absent) if !was_there => BOOT.min(self.interval),
                Ok(Outcome::Strange) => refusals::PAUSE.max(self.interval),
                Ok(Outcome::Absent) => self.interval,
                Err(reason) => {
                    self.log.trouble(&reason);
                    self.interval
                }
            };
            memory::drop_code_pages();
            // Nodes that started together shall not all look together.
            std::thread::sleep(pause.mul_f64(0.9 + 0.1 * fastrand::f64()));
        }
    }

    fn round(&mut self) -> Result<Outcome, String> {
        let mut talk = match self.node.talk() {
            Ok(talk) => talk,
            Err(NotYet::Absent(reason)) => {
                debug!("the node {reason}");
                return Ok(Outcome::Absent);
            }
            Err(NotYet::Cookie) => {
                self.log.strange();
                return Ok(Outcome::Strange);
            }
            Err(NotYet::Busy(failed)) => return Err(busy(&failed)),
        };
        if talk.is_stopping().map_err(|failed| busy(&failed))? {
            return Ok(Outcome::Done);
        }
        let found = self.finder.find(Instant::now() + PLACES);
        let found = found.map_err(|failure| system(&failure))?;
        for failure in &found.failures {
            self.log.failure(failure);
        }
        let mut connected = talk.connected().map_err(|failed| busy(&failed))?;
        let names: BTreeSet<String> = connected.iter().map(|name| folded(name)).collect();
        let mut missing: BTreeMap<String, Peer> = found.peers.clone();
        missing.retain(|name, _| !names.contains(name));
        self.refusals.forget(&connected);
        self.finder
            .locate(missing.values_mut(), Instant::now() + LOCATE)
            .map_err(|failure| system(&failure))?;
        for peer in self.answering(&missing) {
            if connected.contains(&peer.name) || self.refusals.bars(&peer, Instant::now()) {
                continue;
            }
            let asked = Instant::now();
            let connects = talk.connect(&peer.name).map_err(|failed| busy(&failed))?;
            debug!(
                "asked to connect to {}, the node says {connects} after {:.1?}",
                peer.name,
                asked.elapsed()
            );
            if connects {
                connected.insert(peer.name);
                continue;
            }
            // The peer may have connected at the same moment.
            connected = talk.connected().map_err(|failed| busy(&failed))?;
            if !connected.contains(&peer.name) {
                Log::refused(&peer.name);
                self.refusals.note(peer, Instant::now());
            }
        }
        let is_peer = |name: &str| found.peers.contains_key(&folded(name));
        self.log.connected(&connected, is_peer);
        Ok(Outcome::Done)
    }

    /// Those that are there.
    fn answering(&mut self, missing: &BTreeMap<String, Peer>) -> Vec<There> {
        let peers: Vec<&Peer> = missing.values().collect();
        let own_name = || dist::own_name(NAME, &self.host);
        let answers = reach::ask_all(self.way, &peers, own_name, Instant::now() + ASK);
        let mut there = Vec::new();
        for (peer, answer) in peers.into_iter().zip(answers) {
            match answer {
                Ok(answer) => there.push(answer),
                Err(absent) => {
                    debug!("{} {absent}", peer.node);
                    if let Absent::Another(reason) = &absent {
                        self.log.another(&peer.node, reason);
                    }
                    self.finder.forget(peer);
                }
            }
        }
        there
    }
}

fn busy(failed: &Failed) -> String {
    format!("the node {failed}")
}

fn system(failure: &Failure) -> String {
    failure.lines.join("; ")
}
