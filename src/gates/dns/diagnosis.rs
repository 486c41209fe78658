//! Why there is no record, in one line: the names, the last answers, the likely cause and what to do.
//!
//! The cause needs a few more questions, which are of no use before the deadline: the PTR of this pod's address, the
//! Service's own name, and whether a silent nameserver takes a TCP connection.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::timeout;

use super::context::WaitContext;
use super::hints;
use super::messages::{each, mismatch, own_addresses, with_addresses};
use super::poll::Observation;
use crate::config::DnsMode;
use crate::dns::AnswerData;
use crate::dns::answer::comma_separated;
use crate::error::{Details, Failure};
use crate::exit::Exit;
use crate::naming::Lookup;
use crate::node::host::{domain, first_label, is_dashed};
use crate::system::printable::shortened;

/// For the further questions, some of which must wait until one more may be asked.
const LIMIT: Duration = Duration::from_secs(2);

/// The answers to the further questions.
struct Evidence {
    /// The names that this pod's address has.
    ptr_names: Vec<String>,
    /// What the Service's name answers.
    service: Option<AnswerData>,
    /// That is an address of the Service itself, whose PTR is its name.
    is_virtual: bool,
}

/// Asks the further questions, and makes the line.
pub async fn find(context: &WaitContext<'_>, all: &[&Observation]) -> Failure {
    let after = context.limit.map_or_else(String::new, |limit| {
        format!(" after {}", humantime::format_duration(limit))
    });
    let names: Vec<String> = context.hosts().collect();
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
        (what, cause(context, all, &evidence(context).await))
    };
    let cause = [vec![cause], hints::notes(context)].concat().join("; ");
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

async fn evidence(context: &WaitContext<'_>) -> Evidence {
    let service = async {
        let name = service(context).filter(|_| context.is_in_cluster())?;
        // Only of a name that exists: no cache is to keep that it has no address, when it is created next.
        let data = match context.exists(&name).await.data {
            AnswerData::NoData => context.addresses(&name).await.data,
            other => other,
        };
        let names = match data.addresses().first() {
            Some(address) => context.ptr(*address).await.data.into_names(),
            None => Vec::new(),
        };
        Some((data, names.contains(&name)))
    };
    // Neither is lost for the other's silence.
    let (ptr_names, service) = tokio::join!(
        timeout(LIMIT, context.own_ptr_names()),
        timeout(LIMIT, service)
    );
    let (service, is_virtual) = service.ok().flatten().unzip();
    Evidence {
        ptr_names: ptr_names.unwrap_or_default(),
        service,
        is_virtual: is_virtual == Some(true),
    }
}

/// The second half of the line: what is likely wrong, and what to do.
fn cause(context: &WaitContext, all: &[&Observation], evidence: &Evidence) -> String {
    let service = service(context);
    let label = service.as_deref().map(first_label);
    if let Some((one, _)) = with_addresses(all) {
        return match label {
            Some(label) if context.is_in_cluster() && service.as_ref() == Some(&one.name) => {
                if evidence.is_virtual {
                    format!(
                        "Service {label:?} is not headless, and that is its own address; set clusterIP: None, or BEAMINIT_DNS=any"
                    )
                } else {
                    format!(
                        "is Service {label:?} headless (clusterIP: None)? if so, does it select this pod and set publishNotReadyAddresses: true?"
                    )
                }
            }
            _ if context.is_in_cluster() || !one.siblings().is_empty() => {
                "a record of the pod's previous life: does the old pod still end, or does a Service with fixed endpoints keep it?".into()
            }
            _ => "does another container have this name? a scaled service needs BEAMINIT_HOST=reverse".into(),
        };
    }
    // Podman's answer about a PTR cannot be read.
    let is_expected = |data: &AnswerData| {
        let is_malformed = matches!(data, AnswerData::Malformed(_));
        *data == AnswerData::Timeout || is_malformed && context.surroundings.is_podman
    };
    let is_error = |data: &AnswerData| !data.is_conclusive() && !is_expected(data);
    if all.iter().any(|one| is_error(&one.answer.data)) {
        return "is that nameserver well? see its log, and nameserver in /etc/resolv.conf".into();
    }
    if let Some(advice) = hints::outside_kubernetes(context, all, &evidence.ptr_names) {
        return advice;
    }
    match label {
        _ if !evidence.ptr_names.is_empty() && context.mode == DnsMode::Own => {
            other_name(context, &evidence.ptr_names)
        }
        Some(label) if context.is_in_cluster() => no_record(context, label, evidence),
        _ => "is that a name or a network alias of this container? set HOSTNAME and CLUSTER_HOSTNAME to what its peers call it".into(),
    }
}

/// The pod has a record, under another name.
fn other_name(context: &WaitContext, ptr_names: &[String]) -> String {
    let hosts = || context.hosts();
    let mut names = ptr_names.iter();
    if let Some(name) = names.find(|name| hosts().any(|host| host == **name)) {
        return format!(
            "the PTR of this pod's address is {name} already: a cache has an older answer about that name, and the next start finds the record"
        );
    }
    let sibling = ptr_names
        .iter()
        .find(|name| hosts().any(|host| domain(&host) == domain(name)));
    let names = sibling.map_or_else(|| shortened(&ptr_names.join(", ")), Clone::clone);
    let from = context.candidates.first().map_or("", |one| &one.from);
    let is_by_address = hosts().all(|host| is_dashed(&host, &context.own));
    let advice = match sibling {
        _ if !from.contains("CLUSTER_HOSTNAME") => {
            format!("give the node that host (its name is from {from})")
        }
        Some(name) if is_dashed(name, &context.own) => {
            other_service(context).unwrap_or_else(|| "set BEAMINIT_HOST=auto, or pod-ip".into())
        }
        Some(name) if is_by_address => format!(
            "set BEAMINIT_HOST=auto, and HOSTNAME to {} if it is another (metadata.name)",
            first_label(name)
        ),
        Some(name) => format!("set HOSTNAME to {} (metadata.name)", first_label(name)),
        None => "set CLUSTER_HOSTNAME to that Service".into(),
    };
    format!("this pod's only record is {names}; {advice}")
}

/// The cluster has no record of this pod.
fn no_record(context: &WaitContext, service: &str, evidence: &Evidence) -> String {
    let needs = "set publishNotReadyAddresses: true, and select this pod";
    match &evidence.service {
        _ if context.mode == DnsMode::Any => format!(
            "is there a Service {service:?} in that namespace? a headless one has no name without a Ready pod, unless it sets publishNotReadyAddresses: true"
        ),
        Some(AnswerData::Addresses(_)) if evidence.is_virtual => {
            format!("Service {service:?} is not headless; set clusterIP: None: does it {needs}?")
        }
        Some(AnswerData::Addresses(found)) => format!(
            "Service {service:?} is there ({}): does it {needs}, is it headless (clusterIP: None)?",
            comma_separated(found)
        ),
        _ if let Some(advice) = other_service(context) => advice,
        Some(AnswerData::NxDomain) => format!(
            "does headless Service {service:?} {needs}? its own name is NXDOMAIN too: it has no Ready pod, or is not in that namespace"
        ),
        _ => format!("does headless Service {service:?} {needs}?"),
    }
}

/// The pod's spec puts it under another Service.
pub fn other_service(context: &WaitContext) -> Option<String> {
    let name = context.name_elsewhere()?;
    let own = service(context)?;
    let other = domain(name)?;
    Some(format!(
        "Kubernetes calls this pod {name} (/etc/hosts), so set serviceName to {} in the StatefulSet, or CLUSTER_HOSTNAME to {}",
        first_label(&own),
        first_label(&other)
    ))
}

/// The Service in whose domain the candidates are; or whose name they have.
fn service(context: &WaitContext) -> Option<String> {
    let first = context.candidates.first()?;
    let host = first.node.host.to_string();
    // SERVICE.NAMESPACE.svc.ZONE
    if first.lookup == Lookup::Service || host.split('.').nth(2) == Some("svc") {
        return Some(host);
    }
    domain(&host)
}
