//! The one line at the deadline says what is wrong, not only that something is.

use serde_json::Value;

use super::{diagnosis, tells};
use crate::clusters::*;
use crate::harness::*;

/// A pod that gives up after a second.
fn impatient() -> Pod {
    stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s")
}

fn behind_coredns(mut pod: Pod) -> (Pod, Dns) {
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    (pod, dns)
}

#[test]
fn neither_name_exists() {
    let (pod, _dns) = behind_coredns(impatient());
    let line = diagnosis(&pod);
    tells(
        &line,
        [OWN_NAME, DASHED_NAME, "NXDOMAIN", CLUSTER_DNS, "1s"],
    );
    // The three causes: no such Service, another selector, records of Ready pods only.
    tells(&line, ["\"app\"", "select", "publishNotReadyAddresses"]);
}

#[test]
fn the_only_name_is_the_dashed_one() {
    let (pod, dns) = behind_coredns(impatient().env("BEAMINIT_HOST", "pod"));
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    let line = diagnosis(&pod);
    let only = format!("this pod's only record is {DASHED_NAME}");
    tells(&line, [OWN_NAME, &only, "set BEAMINIT_HOST=auto"]);
}

#[test]
fn the_only_name_is_the_pods() {
    let (pod, dns) = behind_coredns(impatient().env("BEAMINIT_HOST", "pod-ip"));
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let line = diagnosis(&pod);
    let only = format!("this pod's only record is {OWN_NAME}");
    tells(&line, [DASHED_NAME, &only, "set BEAMINIT_HOST=auto"]);
}

#[test]
fn the_name_has_no_address() {
    let (pod, dns) = behind_coredns(impatient());
    dns.script(OWN_NAME, RecordType::TXT, [Answer::NoDataWithoutSoa]);
    let line = diagnosis(&pod);
    tells(&line, [OWN_NAME, "no address records from 10.96.0.10"]);
}

#[test]
fn the_server_fails() {
    let mut pod = impatient();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.answer_everything(Answer::servfail());
    let line = diagnosis(&pod);
    tells(&line, [OWN_NAME, "SERVFAIL", CLUSTER_DNS]);
    assert!(!line.contains("publishNotReadyAddresses"), "{line}");
}

#[test]
fn nobody_answers() {
    let mut pod = impatient();
    pod.dead_nameserver("10.96.0.53");
    let silent = pod.nameserver(CLUSTER_DNS);
    silent.answer_everything(Answer::Nothing);
    let line = diagnosis(&pod);
    tells(&line, [OWN_NAME, "10.96.0.53", CLUSTER_DNS, "UDP", "TCP"]);
    assert!(!line.contains("publishNotReadyAddresses"), "{line}");
}

#[test]
fn a_silent_server_beside_one_that_answers_is_not_the_news() {
    let mut pod = impatient().env("BEAMINIT_DNS_TIMEOUT", "3s");
    pod.dead_nameserver("10.96.0.53");
    let (pod, _dns) = behind_coredns(pod);
    tells(&diagnosis(&pod), ["NXDOMAIN", CLUSTER_DNS]);
}

#[test]
fn the_record_is_the_predecessors() {
    let (pod, dns) = behind_coredns(impatient());
    dns.publish_pod(OWN_NAME, "10.1.2.9");
    let line = diagnosis(&pod);
    tells(&line, [OWN_NAME, "10.1.2.9", "10.1.2.3", "previous life"]);
}

#[test]
fn the_record_is_the_services_virtual_address() {
    let pod = impatient()
        .env("BEAMINIT_HOST", "service")
        .env("BEAMINIT_DNS", "own");
    let (pod, dns) = behind_coredns(pod);
    dns.publish(SERVICE_NAME, "10.96.77.5");
    let line = diagnosis(&pod);
    tells(&line, [SERVICE_NAME, "10.96.77.5", "10.1.2.3"]);
    tells(&line, ["\"app\"", "headless", "clusterIP: None"]);
}

#[test]
fn neither_name_exists_for_the_service_is_not_headless() {
    // Its name answers one address, which has no pod's name: the virtual one.
    let (pod, dns) = behind_coredns(impatient());
    dns.publish(SERVICE_NAME, "10.96.77.5");
    let line = diagnosis(&pod);
    tells(&line, [OWN_NAME, "\"app\"", "headless", "clusterIP: None"]);
}

#[test]
fn there_is_no_such_service() {
    let (pod, _dns) = behind_coredns(impatient().env("BEAMINIT_HOST", "service"));
    let line = diagnosis(&pod);
    tells(&line, [SERVICE_NAME, "NXDOMAIN", "\"app\"", CLUSTER_DNS]);
}

#[test]
fn the_pointer_does_not_lead_back() {
    let mut pod = Pod::new("4f1c2a9b7d3e")
        .env("ERLANG_COOKIE", "chocolate")
        .env("BEAMINIT_HOST", "reverse")
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .program("erl", "marks");
    let dns = pod.nameserver("127.0.0.11").like(Kind::Docker {
        outside: Answer::Nothing,
    });
    dns.point("10.1.2.3", "shop-app-1.shop-net");
    dns.publish("shop-app-1.shop-net", "10.1.2.9");
    let line = diagnosis(&pod);
    tells(&line, ["shop-app-1.shop-net", "10.1.2.9", "10.1.2.3"]);
}

#[test]
fn it_is_left_in_the_termination_log() {
    let (pod, dns) = behind_coredns(impatient().env("BEAMINIT_HOST", "pod").termination_log());
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    let line = diagnosis(&pod);
    let left = std::fs::read_to_string(pod.place("/dev/termination-log")).unwrap();
    assert_eq!(line, format!("beaminit: error: {}", left.trim_end()));
}

/// All texts in a JSON value but for the message.
fn fields(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(fields).collect(),
        Value::Object(members) => {
            let fields_of = |(name, value)| match name {
                "message" => Vec::new(),
                _ => fields(value),
            };
            let members = members.iter().map(|(name, value)| (name.as_str(), value));
            members.flat_map(fields_of).collect()
        }
        other => vec![other.to_string()],
    }
}

/// The last object of a log in JSON, of a pod that gave up.
#[track_caller]
fn last_object(pod: &Pod) -> Value {
    let ended = pod.run("erl").ends_with(69);
    let last = ended.stderr.lines().last().expect("a line");
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {last}"))
}

#[test]
fn in_json_the_facts_are_fields_too() {
    let (pod, _dns) = behind_coredns(impatient().env("BEAMINIT_LOG_FORMAT", "json"));
    let object = last_object(&pod);
    let message = object["message"].as_str().expect("a message");
    tells(message, [OWN_NAME, "NXDOMAIN", "publishNotReadyAddresses"]);
    let fields = fields(&object);
    for fact in [OWN_NAME, "NXDOMAIN", CLUSTER_DNS] {
        let told = fields.iter().any(|field| field.contains(fact));
        assert!(told, "no field with {fact}: {object}");
    }
}

#[test]
fn in_json_both_addresses_are_fields_too() {
    let (pod, dns) = behind_coredns(impatient().env("BEAMINIT_LOG_FORMAT", "json"));
    dns.publish_pod(OWN_NAME, "10.1.2.9");
    let object = last_object(&pod);
    let fields = fields(&object);
    for fact in [OWN_NAME, "10.1.2.9", "10.1.2.3"] {
        let told = fields.iter().any(|field| field.contains(fact));
        assert!(told, "no field with {fact}: {object}");
    }
}
