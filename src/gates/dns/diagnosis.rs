//! Why there is no record, in one line: what was asked, who said what last, the likely cause and its cure.
//!
//! For the cause a few more questions are asked, of which the answer is no good before the deadline: the PTR of this
//! pod's address, the Service's own name, and whether a silent nameserver takes a TCP connection.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::ground::Ground;
use super::words::{addresses, each, elsewhere};
use crate::config::DnsMode;
use crate::dns::answer::{Outcome, list_of};
use crate::error::{Details, Failure};
use crate::exit::Exit;
use crate::gates::dns::{Question, Seen};
use crate::naming::Lookup;
use crate::node::host::{domain, is_dashed};

/// For the further questions altogether.
const LIMIT: Duration = Duration::from_secs(1);

/// What the further questions told.
#[derive(Default)]
struct Facts {
    /// The names that this pod's address has.
    pointed: Vec<String>,
    /// Has the address that the name answers instead that same name? Then it is a pod's.
    is_pods: bool,
    /// What the Service's name answers.
    service: Option<Outcome>,
}

/// Asks, and says.
pub async fn find(question: &Question<'_>, ground: &Ground, seen: &[Seen]) -> Failure {
    let limit = question.limit.map_or_else(String::new, |limit| {
        format!(" after {}", humantime::format_duration(limit))
    });
    let names: Vec<String> = question
        .candidates
        .iter()
        .map(|one| one.node.host.to_string())
        .collect();
    let silent = seen
        .iter()
        .all(|seen| seen.answer.outcome == Outcome::Silence);
    let (what, cause) = if silent {
        let tried = over_tcp(ground).await;
        let what = format!("no answer about {}{limit} from {tried}", names.join(" or "));
        (
            what,
            "can this pod reach its nameserver (UDP and TCP port 53, a NetworkPolicy)?".into(),
        )
    } else {
        let facts = timeout(LIMIT, facts(question, ground, seen))
            .await
            .unwrap_or_default();
        let cause = cause(question, seen, &facts);
        (without_a_record(question, seen, &limit), cause)
    };
    let line = format!("{what}; {cause}");
    let answers: Vec<String> = seen.iter().map(|seen| seen.answer.to_string()).collect();
    let details = Details {
        names: names.join(", "),
        addresses: addresses(&question.own),
        answers: answers.join(", "),
        cause,
    };
    Failure {
        details: Some(Box::new(details)),
        ..Failure::new(Exit::Gate, line)
    }
}

/// Each nameserver, and what it does with a TCP connection.
async fn over_tcp(ground: &Ground) -> String {
    let tried = ground.servers.reachable_over_tcp().await;
    let each = tried.into_iter().map(|(server, connected)| {
        let tcp = match connected {
            Ok(()) => "it takes a connection and says nothing".into(),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => "nothing".into(),
            Err(error) => error.to_string(),
        };
        format!("{server} (UDP: nothing; TCP: {tcp})")
    });
    each.collect::<Vec<_>>().join(", ")
}

async fn facts(question: &Question<'_>, ground: &Ground, seen: &[Seen]) -> Facts {
    let service = async {
        let service = question.cluster.as_ref()?.service.as_ref()?;
        let exists = ground.exists(service).await.outcome;
        // Only of a name that exists: nobody is to be told by a cache that it does not, when it is made next.
        Some(match exists {
            Outcome::NoData => ground.addresses(service).await.outcome,
            other => other,
        })
    };
    let pods = async {
        let (other, found) = elsewhere(seen)?;
        match ground.pointer(*found.first()?).await.outcome {
            Outcome::Names(names) => Some(names.contains(&other.asked)),
            _ => None,
        }
    };
    let (own, service, pods) = tokio::join!(ground.own_pointer(), service, pods);
    Facts {
        pointed: match own.map(|answer| answer.outcome) {
            Some(Outcome::Names(names)) => names,
            _ => Vec::new(),
        },
        is_pods: pods == Some(true),
        service,
    }
}

/// The first half of the line.
fn without_a_record(question: &Question, seen: &[Seen], limit: &str) -> String {
    match (elsewhere(seen), seen) {
        (Some((other, found)), _) if !other.instead.is_empty() => format!(
            "{} is {}{limit} (says {}), and that address is {}",
            other.asked,
            list_of(found),
            other.answer.server,
            other.instead.join(", ")
        ),
        (Some((other, found)), _) => format!(
            "{} is {}{limit} (says {}), and this pod is {}",
            other.asked,
            list_of(found),
            other.answer.server,
            addresses(&question.own)
        ),
        (None, [one]) => format!(
            "no DNS record for {}{limit} (last answer: {})",
            one.asked, one.answer
        ),
        (None, several) => format!("no DNS record for {}{limit}", each(several)),
    }
}

/// The second half: what is likely wrong, and what to do.
fn cause(question: &Question, seen: &[Seen], facts: &Facts) -> String {
    let service = service(question);
    if let Some((other, found)) = elsewhere(seen) {
        return match service {
            _ if !other.instead.is_empty() || facts.is_pods => {
                "a record of the pod's previous life: does the old pod still end, or does a Service with fixed endpoints keep it?".into()
            }
            Some(service) if question.is_in_cluster() => virtual_address(&service, found),
            _ => "does another container have this name? a scaled service needs BEAMINIT_HOST=reverse".into(),
        };
    }
    let trouble = |outcome: &Outcome| !outcome.is_conclusive() && *outcome != Outcome::Silence;
    if seen.iter().any(|seen| trouble(&seen.answer.outcome)) {
        return "is that nameserver well? see its log, and nameserver in /etc/resolv.conf".into();
    }
    let reverse = question
        .candidates
        .iter()
        .any(|one| matches!(one.lookup, Lookup::Reverse(_)));
    let named = seen
        .first()
        .is_some_and(|seen| matches!(seen.answer.outcome, Outcome::Names(_)));
    match service {
        _ if reverse && named => "the PTR tells no full host name; set BEAMINIT_HOST to another form".into(),
        _ if reverse => "does this network's DNS know addresses? a default bridge does not, a network of your own does".into(),
        _ if !facts.pointed.is_empty() && question.mode == DnsMode::Own => other_name(question, &facts.pointed),
        _ if question.completed && !question.is_in_cluster() => {
            "CLUSTER_HOSTNAME was completed to that name; end it with a dot if it is whole as it is".into()
        }
        Some(service) if question.is_in_cluster() => no_record(question, &service, facts),
        _ => "is that a name or a network alias of this container? set HOSTNAME and CLUSTER_HOSTNAME to what its peers call it".into(),
    }
}

/// The pod has a record, under another name.
fn other_name(question: &Question, pointed: &[String]) -> String {
    let ours: Vec<_> = question
        .candidates
        .iter()
        .map(|one| domain(&one.node.host.to_string()))
        .collect();
    let sibling = pointed.iter().find(|name| ours.contains(&domain(name)));
    match sibling {
        Some(name) if is_dashed(name, &question.own) => {
            format!("this pod's only record is {name}; set BEAMINIT_HOST=auto, or pod-ip")
        }
        Some(name) => format!(
            "this pod's only record is {name}; set BEAMINIT_HOST=auto, or HOSTNAME to its first part"
        ),
        None => format!(
            "this pod's only record is {}; set CLUSTER_HOSTNAME to that Service",
            pointed.join(", ")
        ),
    }
}

/// No record in a cluster that knows nothing of this pod.
fn no_record(question: &Question, service: &str, facts: &Facts) -> String {
    match &facts.service {
        _ if question.mode == DnsMode::Any => {
            format!("is there a Service {service:?} in that namespace?")
        }
        Some(Outcome::NxDomain) => format!(
            "there is no Service {service:?} in that namespace, or it is headless and has no pod yet: does it select this pod and set publishNotReadyAddresses: true?"
        ),
        Some(Outcome::Addresses(found)) if !found.is_empty() => format!(
            "Service {service:?} is there ({}): is it headless (clusterIP: None), does it select this pod and set publishNotReadyAddresses: true?",
            list_of(found)
        ),
        _ => format!(
            "does headless Service {service:?} select this pod and set publishNotReadyAddresses: true?"
        ),
    }
}

fn virtual_address(service: &str, found: &[IpAddr]) -> String {
    let what = if found.len() == 1 {
        "its virtual address"
    } else {
        "those of its pods"
    };
    format!(
        "is Service {service:?} headless (clusterIP: None), or is that {what} and not the pod's name? else it is a record of the pod's previous life"
    )
}

/// The Service in whose domain the candidates are: its first label.
fn service(question: &Question) -> Option<String> {
    let first = question.candidates.first()?;
    let host = first.node.host.to_string();
    let at = usize::from(first.lookup != Lookup::Service);
    host.split('.').nth(at).map(ToOwned::to_owned)
}
