//! In each round: which peers exist, which of them the node misses, which of those answer; the node is asked to connect to
//! them.
//!
//! A node is never asked to connect to a peer that does not answer: it would wait up to 7 s. A peer that answers and does
//! not connect has refused, by its cookie most likely: that leaves a line in both nodes' logs, so it is not tried again
//! for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use tracing::debug;

use super::Job;
use super::log::JoinLog;
use super::node::{LocalPeer, RoundError};
use super::refusals::{self, Refusals};
use crate::dist::Carrier;
use crate::dns::block_on;
use crate::error::Failure;
use crate::peers::SOURCES;
use crate::peers::find::Finder;
use crate::peers::names::{Peer, folded};
use crate::peers::reach::{self, Reachable, Route, Unreachable};
use crate::system::{memory, random};

/// While the node boots it is looked for this often, and then ever less.
const BOOT: Duration = Duration::from_millis(250);
/// In one round the addresses of peers are asked for no longer than this.
const LOCATE: Duration = Duration::from_secs(4);
/// And the name of one that answers.
const CHECK: Duration = Duration::from_secs(1);
/// Nor are the peers themselves.
const ASK: Duration = Duration::from_secs(20);

pub struct Rounds {
    local: LocalPeer,
    route: Route,
    finder: Finder,
    interval: Duration,
    refusals: Refusals,
    log: JoinLog,
}

impl Rounds {
    /// # Errors
    /// The ports of peers cannot be known.
    pub fn new(job: Job) -> Result<Self, Failure> {
        let route = job.route()?;
        let interval = job.peers.interval;
        Ok(Self {
            local: LocalPeer::new(&job, route.clone()),
            route,
            finder: Finder::new(job.own, job.peers, job.config, Some(interval)),
            interval,
            refusals: Refusals::default(),
            log: JoinLog::new(interval),
        })
    }

    /// The node speaks this with others, as it turned out.
    pub fn speak(&mut self, carrier: &Carrier) {
        for route in [&mut self.route, &mut self.local.route] {
            *route = Route::new(route.lookup, carrier.clone());
        }
    }

    /// One after the other, for ever.
    pub fn run(mut self) -> Infallible {
        let mut met = Instant::now();
        loop {
            let mut pause = self.interval;
            match self.round() {
                Ok(()) => met = Instant::now(),
                Err(RoundError::Absent(reason)) => {
                    debug!("the node {reason}");
                    let away = met.elapsed();
                    self.log.node_absent(&self.local.node, &reason, away);
                    pause = pause.min(BOOT.max(away / 5));
                }
                Err(RoundError::WrongCookie) => {
                    self.log.wrong_cookie();
                    pause = pause.max(refusals::PAUSE);
                }
                Err(RoundError::Untrusted(reason)) => {
                    self.log.round_failed(&format!("the node {reason}"));
                    pause = pause.max(refusals::PAUSE);
                }
                Err(RoundError::Other(reason)) => self.log.round_failed(&reason),
            }
            memory::drop_code_pages();
            // Nodes that started together must not all ask together.
            std::thread::sleep(pause.mul_f64(0.9 + 0.1 * random::fraction()));
        }
    }

    fn round(&mut self) -> Result<(), RoundError> {
        let mut session = self.local.connect()?;
        if session.is_stopping()? {
            return Ok(());
        }
        let discovery = block_on(self.finder.find(Instant::now() + SOURCES))?;
        for failure in &discovery.failures {
            self.log.failure(failure);
        }
        let mut connected = session.connected()?;
        let names: BTreeSet<String> = connected.iter().map(|name| folded(name)).collect();
        let mut missing = discovery.peers.clone();
        missing.retain(|name, _| !names.contains(name));
        self.refusals.forget(&connected);
        let peers = missing.values_mut();
        block_on(self.finder.locate(peers, Instant::now() + LOCATE))?;
        let mut absent = BTreeMap::new();
        for (place, peer) in self.reachable(missing.values().collect(), &mut absent) {
            if connected.contains(&peer.name) || self.refusals.blocks(&peer, Instant::now()) {
                continue;
            }
            let checked = self.finder.check_name(place, Instant::now() + CHECK);
            if let Err(reason) = block_on(checked)? {
                debug!("{} {reason}", peer.name);
                absent.insert(peer.name, Unreachable::Silent(reason));
                continue;
            }
            let asked = Instant::now();
            let connects = session.connect_node(&peer.name)?;
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
            connected = session.connected()?;
            if !connected.contains(&peer.name) {
                JoinLog::refused(&peer.name);
                self.refusals.add(peer, Instant::now());
            }
        }
        self.log.absent(&absent);
        let is_peer = |name: &str| discovery.peers.contains_key(&folded(name));
        self.log.connected(&connected, is_peer);
        Ok(())
    }

    /// Those that answer; the others are put into `absent`.
    fn reachable<'a>(
        &mut self,
        mut peers: Vec<&'a Peer>,
        absent: &mut BTreeMap<String, Unreachable>,
    ) -> Vec<(&'a Peer, Reachable)> {
        let now = Instant::now();
        peers.retain(|peer| {
            let node = peer.node.to_string();
            let why = self.refusals.of_tls(&node, now).cloned();
            let is_asked = why.is_none();
            absent.extend(why.map(|why| (node, why)));
            is_asked
        });
        let host = &self.local.node.host;
        let deadline = Instant::now() + ASK;
        let answers = reach::ask_all(&self.route, peers, host, None, reach::LIMIT, deadline);
        let mut reachable = Vec::new();
        for (peer, answer) in answers {
            match answer {
                Ok(answer) => reachable.push((peer, answer)),
                Err(unreachable) => {
                    debug!("{} {unreachable}", peer.node);
                    let node = peer.node.to_string();
                    if let Unreachable::Untrusted(_) = unreachable {
                        let why = unreachable.clone();
                        self.refusals.add_tls(node.clone(), why, Instant::now());
                    }
                    absent.insert(node, unreachable);
                    self.finder.forget(peer);
                }
            }
        }
        reachable
    }
}
