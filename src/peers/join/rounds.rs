//! Round after round: who is there, who is missing, who answers; and those the node is asked to connect to.
//!
//! A node is never asked to connect to what does not answer: that would cost it up to 7 s of waiting. What answers, and yet
//! is not joined, has refused, by its cookie most likely: that leaves a line in both nodes' logs, and so is not tried
//! again for a while.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use tracing::debug;

use super::Job;
use super::log::Log;
use super::node::{Node, NotYet};
use crate::dist::{self, Failed};
use crate::init::memory;
use crate::launch::failure::Failure;
use crate::launch::node::Host;
use crate::peers::find::Finder;
use crate::peers::names::Peer;
use crate::peers::reach::{self, Way};
use crate::peers::{NAME, finder};

/// While the node boots it is looked for this often.
const BOOT: Duration = Duration::from_millis(250);
/// Who has refused is left alone so long.
const REFUSED: Duration = Duration::from_secs(60);

/// What goes on from one round to the next.
pub struct Rounds {
    node: Node,
    host: Host,
    way: Way,
    finder: Finder,
    interval: Duration,
    /// Those that have refused, in which life of theirs, and when.
    refused: HashMap<String, (u32, Instant)>,
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
            refused: HashMap::new(),
            log: Log::default(),
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
                Ok(Outcome::Strange) => REFUSED.max(self.interval),
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
        let found = self.finder.find().map_err(|failure| system(&failure))?;
        self.log.failures(&found.failures);
        let mut connected = talk.connected().map_err(|failed| busy(&failed))?;
        let mut missing: BTreeMap<String, Peer> = found.peers.clone();
        missing.retain(|name, _| !connected.contains(name));
        self.refused
            .retain(|name, (_, at)| !connected.contains(name) && at.elapsed() < REFUSED);
        self.finder
            .locate(missing.values_mut())
            .map_err(|failure| system(&failure))?;
        for (name, creation) in self.answering(&missing) {
            if self.has_refused(&name, creation) {
                continue;
            }
            let asked = Instant::now();
            let connects = talk.connect(&name).map_err(|failed| busy(&failed))?;
            debug!(
                "asked to connect to {name}, the node says {connects} after {:.1?}",
                asked.elapsed()
            );
            if connects {
                connected.insert(name);
                continue;
            }
            // The peer may have connected at the same moment.
            connected = talk.connected().map_err(|failed| busy(&failed))?;
            if !connected.contains(&name) {
                Log::refused(&name);
                self.refused.insert(name, (creation, Instant::now()));
            }
        }
        self.log.connected(&connected, found.peers.into_keys());
        Ok(Outcome::Done)
    }

    /// Those that are there, and in which of their lives.
    fn answering(&mut self, missing: &BTreeMap<String, Peer>) -> Vec<(String, u32)> {
        let peers: Vec<&Peer> = missing.values().collect();
        let answers = reach::ask_all(self.way, &peers, || dist::own_name(NAME, &self.host));
        let mut there = Vec::new();
        for (peer, answer) in peers.into_iter().zip(answers) {
            match answer {
                Ok(greeted) => there.push((peer.node.to_string(), greeted.peer_creation)),
                Err(reason) => {
                    debug!("{} {reason}", peer.node);
                    self.finder.forget(peer);
                }
            }
        }
        there
    }

    fn has_refused(&self, name: &str, creation: u32) -> bool {
        let known = self.refused.get(name);
        known.is_some_and(|(life, _)| *life == creation)
    }
}

fn busy(failed: &Failed) -> String {
    format!("the node {failed}")
}

fn system(failure: &Failure) -> String {
    failure.lines.join("; ")
}
