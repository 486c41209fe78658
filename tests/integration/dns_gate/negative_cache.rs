//! Behind a server that remembers what wasn't there: CoreDNS with `cache 30`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{AT_ONCE, side_by_side, starts_soon_after, starts_within};
use crate::clusters::*;
use crate::harness::*;

/// A pod whose server keeps everything for 30 s.
fn behind_a_cache() -> (Pod, Dns) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    (pod, dns)
}

/// The odd types that a name was asked for, in their order.
fn odd_types(dns: &Dns, name: &str) -> Vec<u16> {
    let asked = dns.asked_for(name);
    let odd = asked.iter().filter(|question| question.is_odd());
    odd.map(|question| question.kind.into()).collect()
}

#[track_caller]
fn are_all_different(types: &[u16]) {
    let different: BTreeSet<_> = types.iter().collect();
    assert_eq!(different.len(), types.len(), "asked twice: {types:?}");
}

#[test]
fn a_record_that_is_there_is_found_at_once() {
    side_by_side([OWN_NAME, DASHED_NAME], |name| {
        let (pod, dns) = behind_a_cache();
        dns.publish_pod(name, "10.1.2.3");
        let started = Instant::now();
        starts_within(AT_ONCE, &pod.run("erl"), started);
    });
}

#[test]
fn a_record_that_comes_is_found_soon() {
    side_by_side([OWN_NAME, DASHED_NAME], |name| {
        let (pod, dns) = behind_a_cache();
        let node = pod.run("erl");
        dns.is_asked_for_times(name, 3);
        dns.publish_pod(name, "10.1.2.3");
        starts_soon_after(&node, Instant::now());
    });
}

#[test]
fn before_the_name_exists_nobody_asks_what_peers_ask() {
    let (pod, dns) = behind_a_cache();
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 4);
    dns.is_asked_for_times(DASHED_NAME, 4);
    for name in [OWN_NAME, DASHED_NAME] {
        let poison = dns.asked_plainly(name);
        assert!(poison.is_empty(), "{poison:?}");
    }
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    node.ends_with(0);
    let poison = dns.asked_plainly(DASHED_NAME);
    assert!(poison.is_empty(), "it never existed: {poison:?}");
}

#[test]
fn once_the_name_exists_it_is_asked_plainly_once() {
    let (pod, dns) = behind_a_cache();
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 3);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    node.ends_with(0);
    let plain = dns.asked_plainly(OWN_NAME);
    let of = |kind| plain.iter().filter(|q| q.kind == kind).count();
    assert_eq!(of(RecordType::A), 1, "{plain:?}");
    assert!(of(RecordType::AAAA) <= 1, "{plain:?}");
}

#[test]
fn no_other_client_is_delayed() {
    let (pod, dns) = behind_a_cache();
    let peer = dns.another_client();
    let node = pod.run("erl");
    for name in [OWN_NAME, DASHED_NAME] {
        dns.is_asked_for_times(name, 3);
        dns.publish_pod(name, "10.1.2.3");
        is_within(Duration::from_millis(500), peer.waits_for(name), name);
    }
    node.ends_with(0);
}

#[test]
fn no_type_is_asked_twice() {
    let (pod, dns) = behind_a_cache();
    let _node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 14);
    for name in [OWN_NAME, DASHED_NAME] {
        are_all_different(&odd_types(&dns, name));
    }
}

#[test]
fn a_restart_repeats_no_type() {
    let (pod, dns) = behind_a_cache();
    let mut asked = 0;
    for _life in 0..3 {
        let _node = pod.run("erl");
        dns.is_asked_for_times(OWN_NAME, asked + 5);
        asked = dns.asked_for(OWN_NAME).len();
    }
    let types = odd_types(&dns, OWN_NAME);
    are_all_different(&types);
    // RFC 6895: OPT, the types of questions and of the protocol, and the reserved ones.
    let wrong = |number: &u16| matches!(number, 0 | 41 | 128..=255 | 65535);
    assert!(!types.iter().any(wrong), "no records' types: {types:?}");
}

#[test]
fn the_first_type_is_a_random_one() {
    let (pod, dns) = behind_a_cache();
    let mut asked = 0;
    let firsts: BTreeSet<u16> = (0..4)
        .map(|_life| {
            let _node = pod.run("erl");
            dns.is_asked_for_times(OWN_NAME, asked + 1);
            let first = dns.asked_for(OWN_NAME)[asked].kind;
            asked = dns.asked_for(OWN_NAME).len();
            first.into()
        })
        .collect();
    assert!(firsts.len() > 1, "always {firsts:?}");
}

#[test]
fn a_record_that_comes_after_a_restart_is_found_soon() {
    let (pod, dns) = behind_a_cache();
    let first = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 6);
    drop(first);
    let second = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 9);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_soon_after(&second, Instant::now());
}

#[test]
fn a_pointer_is_asked_for_again_when_its_absence_has_run_out_and_not_before() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_HOST", "reverse")
        .without("CLUSTER_HOSTNAME");
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 2 });
    let node = pod.run("erl");
    dns.is_asked_for(&reverse("10.1.2.3"));
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_within(Duration::from_secs(4), &node, Instant::now());
    let mut pointers = dns.asked_for(&reverse("10.1.2.3"));
    pointers.retain(|question| question.kind == RecordType::PTR);
    let negative_ttl = Duration::from_millis(1900);
    let gap = pointers[1].at - pointers[0].at;
    assert!(gap > negative_ttl, "again after {gap:?}");
}
