//! Records that are another name: followed as far as they lead, and no further.

use super::answers::{last_words_after, starts_after};
use super::{diagnosis, side_by_side};
use crate::clusters::*;
use crate::harness::*;

#[test]
fn an_alias() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let alias = Answer::alias("pod-17.example.com", "10.1.2.3");
    dns.script(OWN_NAME, RecordType::A, [alias]);
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn an_alias_of_an_alias() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let names = (1..6).map(|n| format!("pod-{n}.example.com")).collect();
    let chain = Answer::Aliases(names, vec!["10.1.2.3".parse().unwrap()]);
    dns.script(OWN_NAME, RecordType::A, [chain]);
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn an_alias_whose_address_must_be_asked_for() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let alias = Answer::Aliases(vec!["pod-17.example.com".into()], vec![]);
    dns.script(OWN_NAME, RecordType::A, [alias]);
    dns.publish("pod-17.example.com", "10.1.2.3");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn aliases_in_a_circle() {
    let circles: [&[&str]; 2] = [&[OWN_NAME], &["pod-17.example.com", OWN_NAME]];
    side_by_side(circles, |circle| {
        let names = circle.iter().copied().map(str::to_owned).collect();
        let looped = Answer::Aliases(names, vec![]);
        starts_after(&looped);
        last_words_after(looped);
    });
}

#[test]
fn a_circle_of_two_servers_answers() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(CLUSTER_DNS);
    for (from, to) in [(OWN_NAME, "b.example.com"), ("b.example.com", OWN_NAME)] {
        for kind in [RecordType::A, RecordType::AAAA] {
            let alias = Answer::Aliases(vec![to.into()], vec![]);
            dns.script(from, kind, [alias]);
        }
    }
    diagnosis(&pod);
    let asked = dns.asked().len();
    assert!(asked < 60, "round and round: {asked} questions in 1 s");
}
