//! What the dns gate says: while it waits, when it has found, and the one line of a diagnosis when it gives up.

use std::net::IpAddr;
use std::time::Duration;

use super::ask::Outcome;
use super::{Question, Seen};
use crate::launch::config::DnsMode;
use crate::launch::node::identity::Lookup;

/// The name resolves as it should.
pub fn found(question: &Question, seen: &Seen, after: Duration) -> String {
    let whose = match &seen.answer.outcome {
        Outcome::Addresses(found) if found.iter().any(|address| question.own.contains(address)) => {
            ", this pod"
        }
        _ => "",
    };
    format!(
        "{} is {}{whose} (says {}, after {:.1}s)",
        seen.asked,
        seen.answer.outcome,
        seen.answer.server,
        after.as_secs_f64()
    )
}

/// It does not yet.
pub fn waiting(question: &Question, seen: &[Seen], left: Option<Duration>) -> String {
    let left = left.map_or_else(
        || "for ever".into(),
        |left| format!("{}s left", left.as_secs_f64().round()),
    );
    if let Some((other, found)) = elsewhere(seen) {
        let what = if is_stale(question, found) {
            ": a record of its previous life, it seems"
        } else {
            ""
        };
        return format!(
            "{} is {} (says {}), and this pod is {}{what}; waiting, {left}",
            other.asked,
            list(found),
            other.answer.server,
            list(&question.own)
        );
    }
    format!("no DNS record yet for {}; waiting, {left}", each(seen))
}

/// It never did: what was asked, who said what last, the likely cause.
pub fn failed(question: &Question, seen: &[Seen]) -> String {
    let limit = question.limit.map_or_else(String::new, |limit| {
        format!(" after {}", humantime::format_duration(limit))
    });
    if let Some((other, found)) = elsewhere(seen) {
        return format!(
            "{} is {}{limit} (says {}), and this pod is {}: {}",
            other.asked,
            list(found),
            other.answer.server,
            list(&question.own),
            elsewhere_cause(question)
        );
    }
    if seen.is_empty() {
        let names: Vec<String> = question
            .candidates
            .iter()
            .map(|one| one.node.host.to_string())
            .collect();
        return format!(
            "no answer about {}{limit} from {}; {}",
            names.join(" or "),
            list(question.servers),
            silence_cause()
        );
    }
    let cause = match seen
        .iter()
        .map(|seen| &seen.answer.outcome)
        .max_by_key(|outcome| weight(outcome))
    {
        Some(Outcome::Silence) => silence_cause().to_owned(),
        Some(Outcome::Code(_) | Outcome::Garbage(_)) => {
            "is that nameserver well? see its log, and nameserver in /etc/resolv.conf".into()
        }
        _ => missing_cause(question, seen),
    };
    match seen {
        [one] => format!(
            "no DNS record for {}{limit} (last answer: {}); {cause}",
            one.asked, one.answer
        ),
        several => format!("no DNS record for {}{limit}; {cause}", each(several)),
    }
}

/// Trouble with the server explains more than a missing name.
fn weight(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Silence => 2,
        Outcome::Code(_) | Outcome::Garbage(_) => 1,
        _ => 0,
    }
}

fn silence_cause() -> &'static str {
    "can this pod reach its nameserver (UDP and TCP port 53, a NetworkPolicy)?"
}

fn elsewhere_cause(question: &Question) -> String {
    match service(question) {
        Some(service) if question.kubernetes => {
            format!(
                "is Service {service:?} headless (clusterIP: None), or is this a record of the pod's previous life?"
            )
        }
        _ => "does another container have this name? a scaled service needs BEAMINIT_HOST=reverse"
            .into(),
    }
}

fn missing_cause(question: &Question, seen: &[Seen]) -> String {
    let reverse = question
        .candidates
        .iter()
        .any(|one| matches!(one.lookup, Lookup::Reverse(_)));
    let named = seen
        .first()
        .is_some_and(|seen| matches!(seen.answer.outcome, Outcome::Names(_)));
    match service(question) {
        _ if reverse && named => "the PTR tells no full host name; set BEAMINIT_HOST to another form".into(),
        _ if reverse => "does this network's DNS know addresses? a default bridge does not, a network of your own does".into(),
        _ if question.completed && !question.kubernetes => {
            "CLUSTER_HOSTNAME was completed to that name; end it with a dot if it is whole as it is".into()
        }
        Some(service) if question.mode == DnsMode::Any => format!("is there a Service {service:?} in that namespace?"),
        Some(service) if question.kubernetes => {
            format!("does headless Service {service:?} select this pod and set publishNotReadyAddresses: true?")
        }
        _ => "is that a name or a network alias of this container? set HOSTNAME and CLUSTER_HOSTNAME to what its peers call it".into(),
    }
}

/// The Service in whose domain the candidates are.
fn service(question: &Question) -> Option<String> {
    let first = question.candidates.first()?;
    let host = first.node.host.to_string();
    let at = usize::from(first.lookup != Lookup::Service);
    host.split('.').nth(at).map(ToOwned::to_owned)
}

/// A candidate that resolves, but elsewhere.
fn elsewhere(seen: &[Seen]) -> Option<(&Seen, &[IpAddr])> {
    seen.iter().find_map(|seen| match &seen.answer.outcome {
        Outcome::Addresses(found) => Some((seen, found.as_slice())),
        _ => None,
    })
}

/// One address of the same family, where one was expected: most likely the predecessor's.
fn is_stale(question: &Question, found: &[IpAddr]) -> bool {
    question.kubernetes && found.len() == 1
}

fn each(seen: &[Seen]) -> String {
    seen.iter()
        .map(|seen| format!("{} ({})", seen.asked, seen.answer))
        .collect::<Vec<_>>()
        .join(" or ")
}

fn list(addresses: &[IpAddr]) -> String {
    if addresses.is_empty() {
        return "without an address".into();
    }
    addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
