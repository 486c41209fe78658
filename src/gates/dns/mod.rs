//! The dns gate: waits until one of the node's names resolves, to this pod.
//!
//! The first gate; its answer is which candidate the node is. Each candidate has a [`CandidatePoll`], all are asked side by
//! side, in rounds at the [`pace`] of a polite client. In one of them the nameserver shows whether it can be asked by
//! unassigned types ([`strategy`]). At the deadline a [`diagnosis`] says what is wrong.

mod context;
mod diagnosis;
mod hints;
mod messages;
pub mod own_host;
mod pace;
mod poll;
mod strategy;
mod unused_types;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::dns::{block_on, hosts, within};
use crate::error::Failure;
use crate::naming::Chosen;
use crate::system::random;
use context::QueryStrategy;
pub use context::WaitContext;
use poll::{CandidatePoll, Observation, Verdict};

/// The strategy is checked in one of so many rounds behind the first: not in the same for all pods that start together.
const CHECKS: u16 = 4;
/// Progress is logged no more often than this.
const PROGRESS: Duration = Duration::from_secs(5);
/// A client asks once, and takes the first candidate if there is no answer by then.
const ONCE: Duration = Duration::from_secs(2);

/// Waits for the right record; returns the name of the node.
///
/// # Errors
/// [`Exit::Gate`](crate::exit::Exit::Gate) at the deadline, with the last answers and the likely cause.
pub fn wait(context: &mut WaitContext) -> Result<Chosen, Failure> {
    block_on(async {
        let candidates = context.candidates;
        let mut polls: Vec<_> = candidates.iter().map(CandidatePoll::new).collect();
        let mut strategy = context.strategy;
        let mut is_checked = strategy == QueryStrategy::Addresses;
        let check_round = 1 + u32::from(random::below(CHECKS));
        let (mut round, mut progress) = (0_u32, None::<Instant>);
        loop {
            let began = context.elapsed();
            let is_unclear = observations(&polls)
                .iter()
                .any(|one| !one.answer.data.is_conclusive());
            let checks = !is_checked && (round >= check_round || is_unclear);
            let check = async {
                if checks {
                    strategy::find(context).await
                } else {
                    None
                }
            };
            let asked = within(context.left(), async {
                tokio::join!(ask_all(&mut polls, context, strategy), check)
            })
            .await;
            let last = observations(&polls);
            if let Some(chosen) = choose(context, &last) {
                return Ok(chosen);
            }
            let is_over = context.left().is_some_and(|left| left.is_zero());
            let Some(((), found)) = asked.filter(|_| !is_over) else {
                return Err(diagnosis::find(context, &last).await);
            };
            if polls.iter().any(|poll| poll.unassigned_types_unsupported) {
                (strategy, is_checked) = (QueryStrategy::Addresses, true);
            } else if let Some(found) = found {
                (strategy, is_checked) = (found, true);
                if strategy == QueryStrategy::Addresses {
                    // The answers of this round meant nothing.
                    continue;
                }
            }
            if progress.is_none() {
                for warning in &context.surroundings.warnings {
                    warn!("{warning}");
                }
            }
            if progress.is_none_or(|last| last.elapsed() >= PROGRESS) {
                info!("{}", messages::waiting(context, &last));
                progress = Some(Instant::now());
            }
            let mut questions = context.client.take_count();
            // The questions of the check come once, and slow no later round down.
            if round == check_round {
                questions = questions.min(polls.len());
            }
            let pause = pace::pause(round, began, questions);
            sleep(context.left().map_or(pause, |left| pause.min(left))).await;
            if context.follow_resolv_conf() {
                polls = candidates.iter().map(CandidatePoll::new).collect();
            }
            round = round.saturating_add(1);
        }
    })?
}

/// Is a name known now, to /etc/hosts or to DNS as this pod's?
pub fn is_known(host: &str, context: &WaitContext) -> bool {
    !hosts::addresses(host).is_empty() || once(context).is_ok_and(|answer| answer.is_some())
}

/// Asks once, and does not wait for a record that is not there yet: for a client, which only needs the name.
///
/// # Errors
/// There was no file descriptor left.
pub fn once(context: &WaitContext) -> Result<Option<Chosen>, Failure> {
    block_on(async {
        let mut polls: Vec<_> = context.candidates.iter().map(CandidatePoll::new).collect();
        let work = async {
            let strategy = match context.strategy {
                QueryStrategy::UnassignedTypes => {
                    strategy::find(context).await.unwrap_or(QueryStrategy::Both)
                }
                other => other,
            };
            ask_all(&mut polls, context, strategy).await;
        };
        let _ = within(Some(ONCE), work).await;
        let last = observations(&polls);
        Ok(last.iter().find_map(|one| one.chosen(context)))
    })?
}

/// One round: all names side by side.
async fn ask_all(
    polls: &mut [CandidatePoll<'_>],
    context: &WaitContext<'_>,
    strategy: QueryStrategy,
) {
    join_all(polls.iter_mut().map(|poll| poll.ask(context, strategy))).await;
}

fn observations<'a>(polls: &'a [CandidatePoll]) -> Vec<&'a Observation> {
    polls.iter().filter_map(|poll| poll.last.as_ref()).collect()
}

/// The first name with the right record; logs which it is and why.
fn choose(context: &WaitContext, all: &[&Observation]) -> Option<Chosen> {
    let (one, chosen) = all
        .iter()
        .find_map(|one| Some((one, one.chosen(context)?)))?;
    info!("{}", messages::found(context, all, one));
    if let Verdict::Cached(_, ttl) = one.verdict {
        warn!("{}", messages::cached(one, ttl));
    }
    if let Some(warning) = messages::changing_name(context, one) {
        warn!("{warning}");
    }
    Some(chosen)
}
