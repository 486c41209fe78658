//! A record that isn't this pod's: of the pod's previous life, of a sibling, of the Service.

use std::time::{Duration, Instant};

use super::{side_by_side, starts_within, tells};
use crate::clusters::*;
use crate::harness::*;

/// What the gate may take once the server has the truth: the TTL of 2 s that its cache keeps the old record for, and then
/// some.
const LIMIT: Duration = Duration::from_millis(3500);

fn behind_a_short_cache() -> (Pod, Dns) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 2 });
    (pod, dns)
}

#[test]
fn the_predecessors_address_is_said_and_waited_out() {
    let (pod, dns) = behind_a_short_cache();
    dns.publish_pod(OWN_NAME, "10.1.2.9");
    let node = pod.run("erl");
    let line = node.says("10.1.2.9").text;
    tells(&line, [OWN_NAME, "10.1.2.3", "previous life"]);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_within(LIMIT, &node, Instant::now());
}

#[test]
fn between_two_lives_there_may_be_no_record() {
    let (pod, dns) = behind_a_short_cache();
    dns.publish_pod(OWN_NAME, "10.1.2.9");
    let node = pod.run("erl");
    node.says("10.1.2.9");
    dns.withdraw(OWN_NAME);
    let before = dns.asked_for(OWN_NAME).len();
    dns.is_asked_for_times(OWN_NAME, before + 3);
    assert!(!node.is_over(), "{}", node.transcript());
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_within(LIMIT, &node, Instant::now());
}

#[test]
fn both_lives_may_have_a_record_at_once() {
    let (pod, dns) = behind_a_short_cache();
    let both = Answer::addresses(["10.1.2.9", "10.1.2.3"]);
    dns.point("10.1.2.3", OWN_NAME);
    dns.script(OWN_NAME, RecordType::A, [both]);
    pod.run("erl").ends_with(0);
}

#[test]
fn a_pointer_to_a_sibling_is_said_and_waited_out() {
    let (pod, dns) = behind_a_short_cache();
    dns.publish(OWN_NAME, "10.1.2.3");
    dns.point("10.1.2.3", SIBLING);
    let node = pod.run("erl");
    let line = node.says(SIBLING).text;
    tells(&line, [OWN_NAME, "10.1.2.3", "previous life"]);
    assert!(!node.is_over(), "{}", node.transcript());
    dns.point("10.1.2.3", OWN_NAME);
    starts_within(LIMIT, &node, Instant::now());
}

#[test]
fn a_pointer_to_a_sibling_that_stays_ends_in_69() {
    let (pod, dns) = behind_a_short_cache();
    dns.publish(OWN_NAME, "10.1.2.3");
    dns.point("10.1.2.3", SIBLING);
    let pod = pod.env("BEAMINIT_DNS_TIMEOUT", "1s");
    tells(&super::diagnosis(&pod), [OWN_NAME, SIBLING, "10.1.2.3"]);
}

#[test]
fn other_names_of_this_pod_are_no_contradiction() {
    // Of another Service that selects it, of its address, of several at once.
    let others = [
        &["app-0.app-metrics.prod.svc.cluster.local"][..],
        &[DASHED_NAME],
        &["10-1-2-3.web.prod.svc.cluster.local"],
        &[SIBLING, OWN_NAME],
        &["10-1-2-3.web.prod.svc.cluster.local", OWN_NAME],
    ];
    side_by_side(others, |names| {
        let (pod, dns) = behind_a_short_cache();
        dns.publish(OWN_NAME, "10.1.2.3");
        let pointers = Answer::Pointers(names.iter().copied().map(str::to_owned).collect());
        dns.script(&reverse("10.1.2.3"), RecordType::PTR, [pointers]);
        assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"), "{names:?}");
    });
}

#[test]
fn a_pointer_is_not_needed() {
    let (pod, dns) = behind_a_short_cache();
    dns.publish(OWN_NAME, "10.1.2.3");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
    // Nor a server that says anything about pointers.
    dns.script(&reverse("10.1.2.3"), RecordType::PTR, [Answer::servfail()]);
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn a_server_that_is_silent_about_pointers_does_not_keep_it_for_long() {
    let (pod, dns) = behind_a_short_cache();
    dns.publish(OWN_NAME, "10.1.2.3");
    dns.script(&reverse("10.1.2.3"), RecordType::PTR, [Answer::Nothing]);
    let started = Instant::now();
    starts_within(Duration::from_secs(5), &pod.run("erl"), started);
}

#[test]
fn the_services_virtual_address_is_said_to_be_one() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_HOST", "service")
        .env("BEAMINIT_DNS", "own");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish(SERVICE_NAME, "10.96.77.5");
    let node = pod.run("erl");
    let line = node.says("10.96.77.5").text;
    tells(&line, [SERVICE_NAME, "10.1.2.3"]);
    assert!(
        line.contains("virtual") || line.contains("headless"),
        "{line}"
    );
}
