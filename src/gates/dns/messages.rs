//! The log lines of the dns gate while it waits, and when it has found the record; [`super::diagnosis`] has the line for
//! when it gives up.

use std::net::IpAddr;
use std::time::Duration;

use super::context::WaitContext;
use super::diagnosis::other_service;
use super::poll::Observation;
use crate::dns::AnswerData;
use crate::dns::answer::comma_separated;
use crate::node::host::first_label;
use crate::system::printable::shortened;

/// The name has the right record; why it is not one of the others, where there are any.
pub fn found(context: &WaitContext, all: &[&Observation], one: &Observation) -> String {
    let Observation { name, answer, .. } = one;
    let mut found = answer.data.addresses().iter();
    let is_own = found.any(|address| context.own.contains(address));
    let others: Vec<String> = all
        .iter()
        .filter(|other| other.name != *name)
        .map(|other| format!("; {} is not the name: {}", other.name, other.answer.data))
        .collect();
    format!(
        "{name} is {}{} (answered by {} after {:.1}s){}",
        answer.data,
        if is_own { ", this pod" } else { "" },
        answer.server,
        context.elapsed().as_secs_f64(),
        others.concat()
    )
}

/// `auto` has found the name of this pod's address alone, though the pod may have one that stays.
pub fn changing_name(context: &WaitContext, one: &Observation) -> Option<String> {
    let [pod, _] = context.candidates else {
        return None;
    };
    let host = pod.node.host.to_string();
    if one.name == host {
        return None;
    }
    let name = first_label(&host);
    // A Deployment's pods end in five characters.
    let is_ordinal = |end: &str| end.len() < 5 && end.bytes().all(|byte| byte.is_ascii_digit());
    let advice = match other_service(context) {
        None if name
            .rsplit_once('-')
            .is_some_and(|(_, end)| is_ordinal(end)) =>
        {
            let (_, service) = host.split_once('.')?;
            let service = first_label(service);
            format!("{name} looks like a StatefulSet's pod, so set its serviceName to {service}")
        }
        advice => advice?,
    };
    Some(format!(
        "{} is another name for each new pod: {advice}; or set BEAMINIT_HOST=pod-ip if it may change",
        one.name
    ))
}

/// The record exists, and a cache says that it does not, or what it was before.
pub fn cached(one: &Observation, ttl: Duration) -> String {
    let Observation { name, answer, .. } = one;
    let (server, seconds) = (&answer.server, ttl.as_secs());
    match &answer.data {
        AnswerData::Addresses(found) => format!(
            "{name} is this pod (the PTR of its address says so), but {server} keeps the address of its previous life, {}: for up to {seconds}s peers may look for this node there",
            comma_separated(found)
        ),
        _ => format!(
            "{name} exists, but {server} keeps an NXDOMAIN for it that somebody asked for before: for up to {seconds}s peers may not find this node; does anything poll that name (nslookup, a sidecar)?"
        ),
    }
}

pub fn waiting(context: &WaitContext, all: &[&Observation]) -> String {
    let left = context.left().map_or_else(
        || "for ever".into(),
        |left| format!("{}s left", left.as_secs_f64().round()),
    );
    let Some((one, found)) = with_addresses(all) else {
        return format!("no DNS record yet for {}; waiting, {left}", each(all));
    };
    let is_stale = found.len() == 1 || !one.siblings().is_empty();
    let guess = if context.service() == Some(&one.name) {
        ": the Service's virtual address, it seems"
    } else if context.is_in_cluster() && is_stale {
        ": a record of its previous life, it seems"
    } else {
        ""
    };
    let mismatch = mismatch(context, one, found, "");
    format!("{mismatch}{guess}; waiting, {left}")
}

/// The name has addresses, and is not this pod.
pub fn mismatch(context: &WaitContext, one: &Observation, found: &[IpAddr], after: &str) -> String {
    let contradiction = if one.siblings().is_empty() {
        format!("this pod is {}", own_addresses(context))
    } else {
        format!("that address is {}", shortened(&one.siblings().join(", ")))
    };
    format!(
        "{} is {}{after} (answered by {}), and {contradiction}",
        one.name,
        comma_separated(found),
        one.answer.server,
    )
}

/// The first name that has addresses.
pub fn with_addresses<'a>(all: &[&'a Observation]) -> Option<(&'a Observation, &'a [IpAddr])> {
    let mut all = all.iter().map(|one| (*one, one.answer.data.addresses()));
    all.find(|(_, found)| !found.is_empty())
}

/// `app-0.app (NXDOMAIN from 10.96.0.10) or …`
pub fn each(all: &[&Observation]) -> String {
    let texts: Vec<String> = all
        .iter()
        .map(|one| format!("{} ({})", one.name, one.answer))
        .collect();
    texts.join(" or ")
}

pub fn own_addresses(context: &WaitContext) -> String {
    if context.own.is_empty() {
        return "without an address".into();
    }
    comma_separated(&context.own)
}
