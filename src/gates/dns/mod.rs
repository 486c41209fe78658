//! The dns gate: waits until one of the node's names resolves, to this very pod.
//!
//! The first gate; its answer is which candidate the node is. Each candidate has a [`Watch`], all are asked side by side,
//! round after round at the [`pace`] of a polite client. Whether the nameserver can be asked without harm is found out on
//! the way ([`proof`]), and at the deadline a [`diagnosis`] says what is wrong.

mod diagnosis;
mod ground;
mod keys;
pub mod own_host;
mod pace;
mod proof;
mod watch;
mod words;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::config::DnsMode;
use crate::dns::answer::Outcome;
use crate::dns::ask::Servers;
use crate::dns::{Nameserver, block_on, hosts, limited};
use crate::error::Failure;
use crate::naming::{Candidate, Chosen, Cluster};

use ground::Ground;
use proof::{BOTH, Manner, ODD, PLAIN};
use watch::{Seen, Watch};

/// The round in which the nameserver is put to the proof: not the first, and not the same for all that start together.
const PROOF: std::ops::Range<u32> = 1..5;
/// The log hears of the wait no more often than this.
const PROGRESS: Duration = Duration::from_secs(5);
/// A client asks once, and takes the first candidate if there is no answer by then.
const ONCE: Duration = Duration::from_secs(2);

/// What is asked, of whom, and what is the right answer.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The names, in order of preference.
    pub candidates: &'a [Candidate],
    /// What the record must answer.
    pub mode: DnsMode,
    /// This pod's addresses, its foremost one first.
    pub own: Vec<IpAddr>,
    /// The nameservers.
    pub servers: &'a [Nameserver],
    /// Over TCP only?
    pub over_tcp: bool,
    /// How long to wait; `None` is for ever.
    pub limit: Option<Duration>,
    /// What is known of the cluster, if there is one.
    pub cluster: Option<Cluster>,
    /// Was `CLUSTER_HOSTNAME` completed?
    pub completed: bool,
}

/// Waits for the answer; returns the name of the node.
///
/// # Errors
/// [`Exit::Gate`] at the deadline, with what was asked, who said what last, and the likely cause.
pub fn wait(question: &Question) -> Result<Chosen, Failure> {
    block_on(async {
        let ground = question.ground();
        let mut watches: Vec<Watch> = question.candidates.iter().map(Watch::new).collect();
        let mut manner = question.manner();
        let mut is_proven = manner == PLAIN;
        let (mut rounds, mut told) = (0_u32, None::<Instant>);
        let proof_round = fastrand::u32(PROOF);
        let mut last: Vec<Seen> = Vec::new();
        let deadline = question
            .limit
            .and_then(|limit| ground.since.checked_add(limit));
        let left = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        loop {
            let began = ground.now();
            let puzzled = last.iter().any(|seen| !seen.answer.outcome.is_conclusive());
            let proves = !is_proven && (rounds >= proof_round || puzzled);
            let work = async {
                let looked = look(watches, &ground, manner);
                let proof = async {
                    if proves {
                        proof::find(question, &ground).await
                    } else {
                        None
                    }
                };
                tokio::join!(looked, proof)
            };
            let Some((looked, proof)) = limited(work, left()).await else {
                return Err(diagnosis::find(question, &ground, &last).await);
            };
            watches = looked;
            last = watches
                .iter()
                .filter_map(|watch| watch.seen.clone())
                .collect();
            if let Some(chosen) = choose(question, &ground, &last) {
                return Ok(chosen);
            }
            if left().is_some_and(|left| left.is_zero()) {
                return Err(diagnosis::find(question, &ground, &last).await);
            }
            if watches.iter().any(|watch| watch.odd_tells_nothing) {
                (manner, is_proven) = (PLAIN, true);
            } else if let Some(found) = proof {
                (manner, is_proven) = (found, true);
                if manner == PLAIN {
                    // What was said in this round was nothing.
                    continue;
                }
            }
            if told.is_none_or(|told| told.elapsed() >= PROGRESS) {
                info!("{}", words::waiting(question, &last, left()));
                told = Some(Instant::now());
            }
            let asked = ground.servers.asked();
            // The proof comes once: it is worth no later round.
            let counted = if rounds == proof_round {
                asked.min(watches.len())
            } else {
                asked
            };
            let pause = pace::pause(rounds, began, counted);
            sleep(left().map_or(pause, |left| pause.min(left))).await;
            rounds = rounds.saturating_add(1);
        }
    })?
}

/// Is a name known now, to /etc/hosts or to DNS as this pod's?
pub fn is_known(host: &str, question: &Question) -> bool {
    !hosts::addresses(host).is_empty() || once(question).is_ok_and(|answer| answer.is_some())
}

/// Asks once, and does not wait for what is not there yet: for a client, and for nothing but the choice of a name.
///
/// # Errors
/// The system gives no socket.
pub fn once(question: &Question) -> Result<Option<Chosen>, Failure> {
    block_on(async {
        let ground = question.ground();
        let work = async {
            let manner = match question.manner() {
                ODD => proof::find(question, &ground).await.unwrap_or(BOTH),
                plain => plain,
            };
            let watches = question.candidates.iter().map(Watch::new).collect();
            look(watches, &ground, manner).await
        };
        let watches = limited(work, Some(ONCE)).await.unwrap_or_default();
        let mut seen = watches.into_iter().filter_map(|watch| watch.seen);
        Ok(seen.find_map(|seen| chosen(&seen, &ground)))
    })?
}

impl Question<'_> {
    /// Is this Kubernetes? It decides which causes are likely.
    fn is_in_cluster(&self) -> bool {
        self.cluster
            .as_ref()
            .is_some_and(|cluster| cluster.is_certain)
    }

    fn ground(&self) -> Arc<Ground> {
        Arc::new(Ground {
            servers: Servers::new(self.servers, self.over_tcp),
            mode: self.mode,
            own: self.own.clone(),
            since: Instant::now(),
        })
    }

    /// How to begin. Docker's server keeps no negative answers, and sends questions of odd types on to the outside.
    fn manner(&self) -> Manner {
        let docker = IpAddr::from([127, 0, 0, 11]);
        let is_docker = self.servers.iter().any(|server| server.address == docker);
        if self.cluster.is_some() && !is_docker {
            ODD
        } else {
            PLAIN
        }
    }
}

/// One round: all names side by side.
async fn look(watches: Vec<Watch>, ground: &Arc<Ground>, manner: Manner) -> Vec<Watch> {
    let mut looking = JoinSet::new();
    for (at, mut watch) in watches.into_iter().enumerate() {
        let ground = Arc::clone(ground);
        looking.spawn(async move {
            watch.look(&ground, manner).await;
            (at, watch)
        });
    }
    let mut watches = looking.join_all().await;
    watches.sort_by_key(|(at, _)| *at);
    watches.into_iter().map(|(_, watch)| watch).collect()
}

/// The first of the names that is as it should be; says which and why.
fn choose(question: &Question, ground: &Ground, seen: &[Seen]) -> Option<Chosen> {
    let (one, chosen) = seen
        .iter()
        .find_map(|one| Some((one, chosen(one, ground)?)))?;
    info!("{}", words::found(question, seen, one, ground.now()));
    if let Some(poisoned) = one.poisoned {
        warn!("{}", words::poisoned(one, poisoned));
    }
    Some(chosen)
}

fn chosen(seen: &Seen, ground: &Ground) -> Option<Chosen> {
    let found = match &seen.answer.outcome {
        Outcome::Addresses(found) => found.as_slice(),
        _ => ground.own.get(..1).unwrap_or_default(),
    };
    Some(Chosen {
        node: seen.node.clone()?,
        ipv6: !found.is_empty() && found.iter().all(IpAddr::is_ipv6),
    })
}
