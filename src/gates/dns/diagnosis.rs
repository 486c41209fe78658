//! Why there is no record, in one line: the names, the last answers, the likely cause and what to do.
//!
//! The cause needs a few more questions, which are of no use before the deadline: the PTR of this pod's address, the
//! Service's own name, and whether a silent nameserver takes a TCP connection.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::timeout;

use super::context::WaitContext;
use super::messages::{each, mismatch, own_addresses, with_addresses};
use super::poll::Observation;
use crate::config::DnsMode;
use crate::dns::AnswerData;
use crate::dns::answer::comma_separated;
use crate::error::{Details, Failure};
use crate::exit::Exit;
use crate::naming::Lookup;
use crate::node::host::{domain, is_dashed};

/// For all the further questions.
const LIMIT: Duration = Duration::from_secs(1);

/// The answers to the further questions.
#[derive(Default)]
struct Evidence {
    /// The names that this pod's address has.
    ptr_names: Vec<String>,
    /// The other address that the name has belongs to a pod, because its PTR is that name.
    is_other_pod: bool,
    /// What the Service's name answers.
    service: Option<AnswerData>,
}

/// Asks the further questions, and makes the line.
pub async fn find(context: &WaitContext<'_>, all: &[&Observation]) -> Failure {
    let after = context.limit.map_or_else(String::new, |limit| {
        format!(" after {}", humantime::format_duration(limit))
    });
    let names: Vec<String> = context
        .candidates
        .iter()
        .map(|one| one.node.host.to_string())
        .collect();
    let (what, cause) = if all.iter().all(|one| one.answer.data == AnswerData::Timeout) {
        let names = names.join(" or ");
        let tried = tried_over_tcp(context).await;
        (
            format!("no answer about {names}{after} from {tried}"),
            "can this pod reach its nameserver (UDP and TCP port 53, a NetworkPolicy)?".into(),
        )
    } else {
        let what = match (with_addresses(all), all) {
            (Some((one, found)), _) => mismatch(context, one, found, &after),
            (None, [one]) => {
                let Observation { name, answer, .. } = one;
                format!("no DNS record for {name}{after} (last answer: {answer})")
            }
            (None, several) => format!("no DNS record for {}{after}", each(several)),
        };
        let evidence = timeout(LIMIT, evidence(context, all)).await;
        (what, cause(context, all, &evidence.unwrap_or_default()))
    };
    let answers: Vec<String> = all.iter().map(|one| one.answer.to_string()).collect();
    let line = format!("{what}; {cause}");
    Failure {
        details: Some(Box::new(Details {
            names: names.join(", "),
            addresses: own_addresses(context),
            answers: answers.join(", "),
            cause,
        })),
        ..Failure::new(Exit::Gate, line)
    }
}

/// Each nameserver, and what it does with a TCP connection.
async fn tried_over_tcp(context: &WaitContext<'_>) -> String {
    let tried = context.client.try_tcp().await;
    let each = tried.into_iter().map(|(server, connected)| {
        let tcp = match connected {
            Ok(()) => "it takes a connection and says nothing".into(),
            Err(error) if error.kind() == ErrorKind::TimedOut => "nothing".into(),
            Err(error) => error.to_string(),
        };
        format!("{server} (UDP: nothing; TCP: {tcp})")
    });
    each.collect::<Vec<_>>().join(", ")
}

async fn evidence(context: &WaitContext<'_>, all: &[&Observation]) -> Evidence {
    let service = async {
        let service = context.service()?;
        // Only of a name that exists: no cache is to keep that it has no address, when it is created next.
        Some(match context.exists(service).await.data {
            AnswerData::NoData => context.addresses(service).await.data,
            other => other,
        })
    };
    let is_other_pod = async {
        let (one, found) = with_addresses(all)?;
        let names = context.ptr(*found.first()?).await.data.into_names();
        Some(names.contains(&one.name))
    };
    let (ptr_names, service, is_other_pod) =
        tokio::join!(context.own_ptr_names(), service, is_other_pod);
    Evidence {
        ptr_names,
        is_other_pod: is_other_pod == Some(true),
        service,
    }
}

/// The second half of the line: what is likely wrong, and what to do.
fn cause(context: &WaitContext, all: &[&Observation], evidence: &Evidence) -> String {
    let service = service_label(context);
    if let Some((one, found)) = with_addresses(all) {
        return match service {
            _ if !one.siblings().is_empty() || evidence.is_other_pod => {
                "a record of the pod's previous life: does the old pod still end, or does a Service with fixed endpoints keep it?".into()
            }
            Some(service) if context.is_in_cluster() => {
                let what = if found.len() == 1 {
                    "its virtual address"
                } else {
                    "those of its pods"
                };
                format!(
                    "is Service {service:?} headless (clusterIP: None), or is that {what} and not the pod's name? else it is a record of the pod's previous life"
                )
            }
            _ => "does another container have this name? a scaled service needs BEAMINIT_HOST=reverse".into(),
        };
    }
    let is_error = |data: &AnswerData| !data.is_conclusive() && *data != AnswerData::Timeout;
    if all.iter().any(|one| is_error(&one.answer.data)) {
        return "is that nameserver well? see its log, and nameserver in /etc/resolv.conf".into();
    }
    let is_reverse = context
        .candidates
        .iter()
        .any(|one| matches!(one.lookup, Lookup::Reverse(_)));
    let has_ptr = all
        .first()
        .is_some_and(|one| matches!(one.answer.data, AnswerData::Names(_)));
    match service {
        _ if is_reverse && has_ptr => "the PTR tells no full host name; set BEAMINIT_HOST to another form".into(),
        _ if is_reverse => "does this network's DNS know addresses? a default bridge does not, a network of your own does".into(),
        _ if !evidence.ptr_names.is_empty() && context.mode == DnsMode::Own => {
            other_name(context, &evidence.ptr_names)
        }
        _ if context.is_completed && !context.is_in_cluster() => {
            "CLUSTER_HOSTNAME was completed to that name; end it with a dot if it is whole as it is".into()
        }
        Some(service) if context.is_in_cluster() => no_record(context, &service, evidence),
        _ => "is that a name or a network alias of this container? set HOSTNAME and CLUSTER_HOSTNAME to what its peers call it".into(),
    }
}

/// The pod has a record, under another name.
fn other_name(context: &WaitContext, ptr_names: &[String]) -> String {
    let domains: Vec<_> = context
        .candidates
        .iter()
        .map(|one| domain(&one.node.host.to_string()))
        .collect();
    let sibling = ptr_names
        .iter()
        .find(|name| domains.contains(&domain(name)));
    let names = sibling.map_or_else(|| ptr_names.join(", "), Clone::clone);
    let advice = match sibling {
        Some(name) if is_dashed(name, &context.own) => "BEAMINIT_HOST=auto, or pod-ip",
        Some(_) => "BEAMINIT_HOST=auto, or HOSTNAME to its first part",
        None => "CLUSTER_HOSTNAME to that Service",
    };
    format!("this pod's only record is {names}; set {advice}")
}

/// The cluster has no record of this pod.
fn no_record(context: &WaitContext, service: &str, evidence: &Evidence) -> String {
    match &evidence.service {
        _ if context.mode == DnsMode::Any => {
            format!("is there a Service {service:?} in that namespace?")
        }
        Some(AnswerData::NxDomain) => format!(
            "there is no Service {service:?} in that namespace, or it is headless and has no pod yet: does it select this pod and set publishNotReadyAddresses: true?"
        ),
        Some(AnswerData::Addresses(found)) => format!(
            "Service {service:?} is there ({}): is it headless (clusterIP: None), does it select this pod and set publishNotReadyAddresses: true?",
            comma_separated(found)
        ),
        _ => format!(
            "does headless Service {service:?} select this pod and set publishNotReadyAddresses: true?"
        ),
    }
}

/// The Service in whose domain the candidates are: its first label.
fn service_label(context: &WaitContext) -> Option<String> {
    let first = context.candidates.first()?;
    let host = first.node.host.to_string();
    let at = usize::from(first.lookup != Lookup::Service);
    host.split('.').nth(at).map(ToOwned::to_owned)
}
