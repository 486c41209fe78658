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
    dns.point("10.96.77.5", SERVICE_NAME);
    dns.grow_older(30);
    let certain = "Service \"app\" is not headless, and that is its own address";
    tells(&diagnosis(&pod), [SERVICE_NAME, certain]);
}

#[test]
fn neither_name_exists_for_the_service_is_not_headless() {
    // Its name answers one address, and the PTR of that, where there is one, is the Service's name.
    let (pod, dns) = behind_coredns(impatient());
    dns.publish(SERVICE_NAME, "10.96.77.5");
    tells(
        &diagnosis(&pod),
        [OWN_NAME, "\"app\" is there (10.96.77.5)", "clusterIP: None"],
    );
    dns.point("10.96.77.5", SERVICE_NAME);
    dns.grow_older(30);
    let certain = "Service \"app\" is not headless; set clusterIP: None";
    tells(&diagnosis(&pod), [OWN_NAME, certain, "publishNotReady"]);
}

#[test]
fn the_likelier_cause_comes_first() {
    let first = |line: &str, causes: [&str; 2]| {
        let at = causes.map(|cause| {
            line.find(cause)
                .unwrap_or_else(|| panic!("{cause}: {line}"))
        });
        assert!(at.is_sorted(), "{line}");
    };
    let (pod, dns) = behind_coredns(impatient());
    let line = diagnosis(&pod);
    first(
        &line,
        ["publishNotReadyAddresses: true", "not in that namespace"],
    );
    // Others of its pods are Ready: the Service is there.
    dns.script(
        SERVICE_NAME,
        RecordType::A,
        [Answer::addresses(["10.1.2.4", "10.1.2.5"])],
    );
    let line = diagnosis(&pod);
    first(
        &line,
        [
            "\"app\" is there (10.1.2.4, 10.1.2.5)",
            "publishNotReadyAddresses: true",
        ],
    );
    assert!(!line.contains("not in that namespace"), "{line}");
    // No pod's name answers a Service's address.
    dns.publish(OWN_NAME, "10.1.2.9");
    let line = diagnosis(&pod);
    assert!(
        line.contains("previous life") && !line.contains("headless"),
        "{line}"
    );
}

#[test]
fn no_advice_is_in_force_already() {
    // The name of the machine, as with hostNetwork; and the names of others.
    for (host, node, records, advice) in [
        (
            "auto",
            "",
            &[SIBLING][..],
            "set HOSTNAME to app-1 (metadata.name)",
        ),
        (
            "pod",
            "",
            &[SIBLING],
            "set HOSTNAME to app-1 (metadata.name)",
        ),
        (
            "pod-ip",
            "",
            &[SIBLING],
            "set BEAMINIT_HOST=auto, and HOSTNAME to app-1",
        ),
        (
            "auto",
            "app@app-7.app.prod.svc.cluster.local",
            &[SIBLING],
            "give the node that host (its name is from BEAMINIT_NODE)",
        ),
        ("auto", "", &[OWN_NAME], "a cache has an older answer"),
    ] {
        let (pod, dns) = behind_coredns(impatient());
        let pod = pod.env("BEAMINIT_HOST", host).env("BEAMINIT_NODE", node);
        let names = records.iter().copied().map(str::to_owned).collect();
        dns.script(
            &reverse("10.1.2.3"),
            RecordType::PTR,
            [Answer::Pointers(names)],
        );
        let line = diagnosis(&pod);
        assert!(line.contains(advice), "{host}, {node}: {line}");
    }
}

#[test]
fn the_pod_is_under_another_service() {
    let named = |host: &str| {
        let known = "10.1.2.3 app-0.other.prod.svc.cluster.local app-0\n";
        behind_coredns(
            impatient()
                .without_hosts()
                .hosts(known)
                .env("BEAMINIT_HOST", host),
        )
    };
    let advice = "set serviceName to app in the StatefulSet, or CLUSTER_HOSTNAME to other";
    for host in ["auto", "pod"] {
        let (pod, dns) = named(host);
        tells(&diagnosis(&pod), [advice, "/etc/hosts"]);
        dns.publish_pod(DASHED_NAME, "10.1.2.3");
        dns.grow_older(30);
        if host == "pod" {
            tells(&diagnosis(&pod), ["only record is 10-1-2-3.app.", advice]);
        } else {
            let ended = pod.run("erl").ends_with(0);
            tells(
                &warning(&ended),
                [DASHED_NAME, advice, "BEAMINIT_HOST=pod-ip"],
            );
        }
    }
    // Who asks for such a name gets it, and a Deployment's pods have no other.
    let (pod, dns) = named("pod-ip");
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    assert_eq!(warning(&pod.run("erl").ends_with(0)), "");
}

#[test]
fn a_name_that_ends_in_an_ordinal_is_a_statefulsets() {
    for (hostname, warns) in [
        ("app-12", true),
        ("app-7d9f6c8b5d-22222", false),
        ("app", false),
    ] {
        let pod = Pod::new(hostname)
            .env("ERLANG_COOKIE", "chocolate")
            .in_namespace("prod")
            .env("CLUSTER_HOSTNAME", "app")
            .program("erl", "prints-args");
        let (pod, dns) = behind_coredns(pod);
        dns.publish_pod(DASHED_NAME, "10.1.2.3");
        let warning = warning(&pod.run("erl").ends_with(0));
        let advice = "app-12 looks like a StatefulSet's pod, so set its serviceName to app";
        assert_eq!(warning.contains(advice), warns, "{warning}");
        assert_eq!(warning.is_empty(), !warns, "{warning}");
    }
}

/// The warning of a start about a name that changes.
fn warning(ended: &Ended) -> String {
    let lines = ended.stderr.lines();
    let mut found = lines.filter(|line| line.contains("warning: ") && line.contains("serviceName"));
    found.next().unwrap_or_default().to_owned()
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
