//! The wait for the node's own record.

mod aliases;
mod answers;
mod crowd;
mod diagnosis;
mod engines;
mod gentleness;
mod ipv6;
mod nameservers;
mod negative_cache;
mod odd_types;
mod poisoned;
mod predecessor;
mod speed;
mod table;
mod tcp;
mod waiting;
mod which_name;

use std::time::{Duration, Instant};

use crate::harness::*;

/// How long it may take from a record's publication to the start of a pod that waits for it. What is usual is measured in
/// `speed`; this leaves room for a busy machine.
const SOON: Duration = Duration::from_millis(1500);

/// How long a pod may take from its own start, where nothing keeps it waiting.
const AT_ONCE: Duration = Duration::from_millis(1500);

/// Waits until a pod has started its node, which must be soon after a moment that has passed.
#[track_caller]
fn starts_soon_after(node: &Running, moment: Instant) -> Ended {
    starts_within(SOON, node, moment)
}

/// Waits until a pod has started its node, which must be within this time of a moment.
#[track_caller]
fn starts_within(limit: Duration, node: &Running, moment: Instant) -> Ended {
    let ended = node.ends_with(0);
    is_within(limit, ended.at - moment, &ended);
    ended
}

/// The one line of a diagnosis: the last that a pod says, which gave up.
#[track_caller]
fn diagnosis(pod: &Pod) -> String {
    let ended = pod.run("erl").ends_with(69);
    let errors: Vec<_> = ended.stderr.lines().filter(|l| is_error(l)).collect();
    assert_eq!(errors.len(), 1, "not one line: {ended}");
    assert!(ended.stderr.lines().last().is_some_and(is_error), "{ended}");
    errors[0].to_owned()
}

fn is_error(line: &str) -> bool {
    line.starts_with("beaminit: error: ")
}

/// Does the same with each of them, side by side: to wait costs nothing but time.
fn side_by_side<T: Send>(them: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for one in them {
            let work = &work;
            scope.spawn(move || work(one));
        }
    });
}

/// Looks for facts in a line, whatever the words around them.
#[track_caller]
fn tells<const N: usize>(line: &str, facts: [&str; N]) {
    for fact in facts {
        assert!(line.contains(fact), "no {fact} in: {line}");
    }
}
