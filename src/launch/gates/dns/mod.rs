//! The dns gate: waits until one of the node's names resolves, to this very pod.
//!
//! The first gate; its answer is which candidate the node is. Asked politely: each round a little later than the one
//! before, jittered, so that a hundred pods that start together do not ask together.

mod ask;
mod words;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_resolver::proto::rr::Name;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::info;

use crate::exit::Exit;
use crate::launch::config::DnsMode;
use crate::launch::failure::Failure;
use crate::launch::node::identity::{Candidate, Lookup};
use crate::launch::node::{Host, NodeName};

use ask::{Answer, Outcome, Servers};

/// The pause after the first round; it grows by half from round to round.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
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
    /// This pod's addresses.
    pub own: Vec<IpAddr>,
    /// The nameservers.
    pub servers: &'a [IpAddr],
    /// How long to wait; `None` is for ever.
    pub limit: Option<Duration>,
    /// Are there signs of Kubernetes? It decides which causes are likely.
    pub kubernetes: bool,
    /// Was `CLUSTER_HOSTNAME` completed?
    pub completed: bool,
}

/// What a round said of one candidate.
#[derive(Clone, Debug)]
struct Seen {
    /// The name that was asked last, as a user would type it.
    asked: String,
    /// What was said of it.
    answer: Answer,
    /// The node's name, if this was the right answer.
    node: Option<NodeName>,
}

/// Waits for the answer; returns the name of the node.
///
/// # Errors
/// [`Exit::Gate`] at the deadline, with what was asked, who said what last, and the likely cause.
pub fn wait(question: &Question) -> Result<NodeName, Failure> {
    block_on(async {
        let servers = servers(question)?;
        let start = Instant::now();
        let deadline = question.limit.and_then(|limit| start.checked_add(limit));
        let left = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut pause = FIRST_PAUSE;
        let mut told: Option<Instant> = None;
        let mut last: Vec<Seen> = Vec::new();
        loop {
            match limited(round(question, &servers), left()).await {
                Some(seen) => last = seen,
                None => return Err(Failure::new(Exit::Gate, words::failed(question, &last))),
            }
            if let Some((seen, node)) = last
                .iter()
                .find_map(|seen| Some((seen, seen.node.clone()?)))
            {
                info!("{}", words::found(question, seen, start.elapsed()));
                return Ok(node);
            }
            if left().is_some_and(|left| left.is_zero()) {
                return Err(Failure::new(Exit::Gate, words::failed(question, &last)));
            }
            if told.is_none_or(|told| told.elapsed() >= PROGRESS) {
                info!("{}", words::waiting(question, &last, left()));
                told = Some(Instant::now());
            }
            let jittered = pause.mul_f64(0.75 + 0.5 * fastrand::f64());
            sleep(left().map_or(jittered, |left| jittered.min(left))).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    })?
}

/// Asks once, and does not wait for what is not there yet: for a client, and for nothing but the choice of a name.
///
/// # Errors
/// The system gives no socket.
pub fn once(question: &Question) -> Result<Option<NodeName>, Failure> {
    block_on(async {
        let servers = servers(question)?;
        let seen = limited(round(question, &servers), Some(ONCE))
            .await
            .unwrap_or_default();
        Ok(seen.into_iter().find_map(|seen| seen.node))
    })?
}

/// One thread is enough for a handful of questions.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Exit::System,
                format!("cannot prepare to ask DNS: {error}; is the limit of open files too low?"),
            )
        })?;
    Ok(runtime.block_on(work))
}

fn servers(question: &Question) -> Result<Servers, Failure> {
    Servers::new(question.servers).map_err(|error| {
        Failure::new(
            Exit::System,
            format!("cannot prepare to ask DNS: {error}; is /etc/resolv.conf right?"),
        )
    })
}

/// Waits for `work` as long as there is time: a dead server's silence may not outlast the deadline.
async fn limited<T>(work: impl Future<Output = T>, left: Option<Duration>) -> Option<T> {
    match left {
        Some(left) => timeout(left.max(FIRST_PAUSE), work).await.ok(),
        None => Some(work.await),
    }
}

/// Asks for all candidates side by side; what was said, in their order.
async fn round(question: &Question<'_>, servers: &Servers) -> Vec<Seen> {
    let mut asked = JoinSet::new();
    for (at, candidate) in question.candidates.iter().cloned().enumerate() {
        let (servers, mode, own) = (servers.clone(), question.mode, question.own.clone());
        asked.spawn(async move { (at, look_up(&candidate, mode, &own, &servers).await) });
    }
    let mut seen = asked.join_all().await;
    seen.sort_by_key(|(at, _)| *at);
    seen.into_iter().map(|(_, seen)| seen).collect()
}

async fn look_up(candidate: &Candidate, mode: DnsMode, own: &[IpAddr], servers: &Servers) -> Seen {
    match candidate.lookup {
        Lookup::Reverse(address) => reverse(candidate, address, servers).await,
        Lookup::Own | Lookup::Service => {
            let asked = candidate.node.host.to_string();
            let answer = servers.addresses(&absolute(&asked)).await;
            let right = match &answer.outcome {
                Outcome::Addresses(found) => {
                    mode == DnsMode::Any || found.iter().any(|address| own.contains(address))
                }
                _ => false,
            };
            Seen {
                asked,
                answer,
                node: right.then(|| candidate.node.clone()),
            }
        }
    }
}

/// The PTR of an address, and whether the name that it tells answers that address again.
async fn reverse(candidate: &Candidate, address: IpAddr, servers: &Servers) -> Seen {
    let asked = candidate.node.host.to_string();
    let answer = servers.names(&absolute(&asked)).await;
    let Outcome::Names(names) = &answer.outcome else {
        return Seen {
            asked,
            answer,
            node: None,
        };
    };
    let mut last = None;
    for name in names {
        // A name without a dot makes no long name; one that is no host name makes none at all.
        let Ok(host @ Host::Domain(_)) = Host::parse(name) else {
            continue;
        };
        let forward = servers.addresses(&absolute(name)).await;
        let right =
            matches!(&forward.outcome, Outcome::Addresses(found) if found.contains(&address));
        let node = NodeName::new(candidate.node.name.clone(), host)
            .ok()
            .filter(|_| right);
        let seen = Seen {
            asked: name.clone(),
            answer: forward,
            node,
        };
        if seen.node.is_some() {
            return seen;
        }
        last = Some(seen);
    }
    last.unwrap_or(Seen {
        asked,
        answer,
        node: None,
    })
}

/// The name as the root would read it: no search list, whatever `ndots` says. A [`Host`] is always a name.
fn absolute(host: &str) -> Name {
    let mut name = Name::from_ascii(host).unwrap_or_default();
    name.set_fqdn(true);
    name
}
