//! What the dns gate says while it waits, and when it has found. What it says when it gives up is [`super::diagnosis`].

use std::net::IpAddr;
use std::time::Duration;

use crate::dns::answer::{Outcome, list_of};
use crate::gates::dns::{Question, Seen};

/// The name resolves as it should; why not the others, where there were others.
pub fn found(question: &Question, seen: &[Seen], one: &Seen, after: Duration) -> String {
    let whose = match &one.answer.outcome {
        Outcome::Addresses(found) if found.iter().any(|address| question.own.contains(address)) => {
            ", this pod"
        }
        _ => "",
    };
    let others: Vec<String> = seen
        .iter()
        .filter(|other| other.asked != one.asked)
        .map(|other| {
            format!(
                "; {} is not the name: {}",
                other.asked, other.answer.outcome
            )
        })
        .collect();
    format!(
        "{} is {}{whose} (says {}, after {:.1}s){}",
        one.asked,
        one.answer.outcome,
        one.answer.server,
        after.as_secs_f64(),
        others.concat()
    )
}

/// The record is there, and a cache says that it is not.
pub fn poisoned(one: &Seen, ttl: Duration) -> String {
    format!(
        "{} exists, but {} keeps an NXDOMAIN for it that somebody asked for before: for up to {}s peers may not find this node; does anything poll that name (nslookup, a sidecar)?",
        one.asked,
        one.answer.server,
        ttl.as_secs()
    )
}

/// It does not resolve yet.
pub fn waiting(question: &Question, seen: &[Seen], left: Option<Duration>) -> String {
    let left = left.map_or_else(
        || "for ever".into(),
        |left| format!("{}s left", left.as_secs_f64().round()),
    );
    if let Some((other, found)) = elsewhere(seen) {
        let but = if other.instead.is_empty() {
            format!("this pod is {}", addresses(&question.own))
        } else {
            format!("that address is {}", other.instead.join(", "))
        };
        let what = if is_service(question, other) {
            ": the Service's virtual address, it seems"
        } else if is_stale(question, other, found) {
            ": a record of its previous life, it seems"
        } else {
            ""
        };
        return format!(
            "{} is {} (says {}), and {but}{what}; waiting, {left}",
            other.asked,
            list_of(found),
            other.answer.server,
        );
    }
    format!("no DNS record yet for {}; waiting, {left}", each(seen))
}

/// A name that resolves, but not to this pod.
pub fn elsewhere(seen: &[Seen]) -> Option<(&Seen, &[IpAddr])> {
    seen.iter().find_map(|seen| match &seen.answer.outcome {
        Outcome::Addresses(found) => Some((seen, found.as_slice())),
        _ => None,
    })
}

/// Is it the Service's own name?
fn is_service(question: &Question, seen: &Seen) -> bool {
    let service = question
        .cluster
        .as_ref()
        .and_then(|cluster| cluster.service.as_ref());
    service == Some(&seen.asked)
}

/// In a cluster, one address where one was expected, or one that is somebody else's by now: most likely the predecessor's.
fn is_stale(question: &Question, seen: &Seen, found: &[IpAddr]) -> bool {
    question.is_in_cluster() && (found.len() == 1 || !seen.instead.is_empty())
}

/// `app-0.app (NXDOMAIN from 10.96.0.10) or …`
pub fn each(seen: &[Seen]) -> String {
    let texts: Vec<String> = seen
        .iter()
        .map(|seen| format!("{} ({})", seen.asked, seen.answer))
        .collect();
    texts.join(" or ")
}

/// Some addresses, in words.
pub fn addresses(list: &[IpAddr]) -> String {
    if list.is_empty() {
        return "without an address".into();
    }
    list_of(list)
}
