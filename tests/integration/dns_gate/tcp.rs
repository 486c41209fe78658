//! With `options use-vc` in resolv.conf everything goes over TCP.

use std::time::{Duration, Instant};

use super::{AT_ONCE, diagnosis, side_by_side, starts_soon_after, starts_within, tells};
use crate::clusters::*;
use crate::harness::*;

/// A pod whose resolv.conf wants TCP.
fn over_tcp() -> (Pod, Dns) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    let pod = pod.resolv_conf(
        "search prod.svc.cluster.local svc.cluster.local cluster.local\n\
         nameserver 10.96.0.10\n\
         options ndots:5 use-vc\n",
    );
    (pod, dns)
}

#[track_caller]
fn all_came_over_tcp(dns: &Dns) {
    let asked = dns.asked();
    assert!(asked.iter().all(|question| question.over_tcp), "{asked:?}");
}

#[test]
fn a_record_that_is_there_is_found_at_once() {
    let (pod, dns) = over_tcp();
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    starts_within(AT_ONCE, &pod.run("erl"), started);
    all_came_over_tcp(&dns);
}

#[test]
fn a_record_that_comes_is_found_soon() {
    let (pod, dns) = over_tcp();
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 4);
    let poison = dns.asked_plainly(OWN_NAME);
    assert!(poison.is_empty(), "{poison:?}");
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_soon_after(&node, Instant::now());
    all_came_over_tcp(&dns);
}

#[test]
fn a_pointer_comes_that_way_too() {
    let (pod, dns) = over_tcp();
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let pod = pod.env("BEAMINIT_HOST", "reverse");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
    all_came_over_tcp(&dns);
}

#[test]
fn whatever_is_answered_is_survived() {
    side_by_side(
        [
            Answer::NxDomain { negative_ttl: 1 },
            Answer::NxDomainWithoutSoa,
            Answer::NoData { negative_ttl: 1 },
            Answer::servfail(),
            Answer::Garbage,
            Answer::Nothing,
            Answer::WrongId(Box::new(Answer::address("10.1.2.9"))),
            Answer::Aliases(vec![OWN_NAME.into()], vec![]),
        ],
        |answer| {
            let (pod, dns) = over_tcp();
            dns.publish_pod(OWN_NAME, "10.1.2.3");
            dns.answer_everything(answer.clone());
            let node = pod.run("erl");
            dns.is_asked_for_times(OWN_NAME, 1);
            dns.recover();
            let ended = node.ends();
            assert_eq!(ended.code, 0, "after {answer:?}: {ended}");
        },
    );
}

#[test]
fn many_addresses_need_no_second_try() {
    let (pod, dns) = over_tcp();
    let addresses = (1..=120).map(|n| [10, 1, 2, n].into()).collect();
    dns.script(OWN_NAME, RecordType::A, [Answer::Addresses(addresses)]);
    pod.run("erl").ends_with(0);
    all_came_over_tcp(&dns);
}

#[test]
fn a_server_without_tcp_is_named() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    pod.dead_nameserver("10.96.0.53");
    let pod = pod.resolv_conf("nameserver 10.96.0.53\noptions use-vc\n");
    tells(
        &diagnosis(&pod.env("POD_NAMESPACE", "prod")),
        [OWN_NAME, "10.96.0.53", "TCP"],
    );
}

#[test]
fn a_dead_first_server_costs_a_second_at_most() {
    let mut pod = stateful_pod();
    pod.dead_nameserver("10.96.0.53");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let pod = pod.resolv_conf(
        "search prod.svc.cluster.local\nnameserver 10.96.0.53\nnameserver 10.96.0.10\noptions use-vc\n",
    );
    let started = Instant::now();
    starts_within(AT_ONCE + Duration::from_secs(1), &pod.run("erl"), started);
    all_came_over_tcp(&dns);
}
