//! With `auto` the records decide which name is this pod's.

use crate::clusters::*;
use crate::harness::*;

#[test]
fn the_pods_name_comes_before_its_address() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn whichever_record_comes_is_taken() {
    for name in [OWN_NAME, DASHED_NAME] {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS);
        let node = pod.run("erl");
        dns.is_asked_for(OWN_NAME);
        dns.is_asked_for(DASHED_NAME);
        dns.publish_pod(name, "10.1.2.3");
        let ended = node.ends_with(0);
        assert!(ended.stdout.contains(&format!("app@{name}")), "{ended}");
    }
}

#[test]
fn a_name_that_answers_somebody_else_is_passed_over() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish(OWN_NAME, "10.1.2.9");
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    assert_eq!(name_in(&pod), format!("app@{DASHED_NAME}"));
}

#[test]
fn both_are_named_where_neither_comes() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    let _dns = pod.nameserver(CLUSTER_DNS);
    let ended = pod.run("erl").ends_with(69);
    let error = ended.stderr.lines().last().unwrap();
    assert!(
        error.contains(OWN_NAME) && error.contains(DASHED_NAME),
        "{ended}"
    );
}

#[test]
fn a_pointer_that_comes_later_is_waited_for() {
    let mut pod = Pod::new("4f1c2a9b7d3e")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "reverse")
        .program("erl", "prints-args");
    let dns = pod.nameserver("127.0.0.11");
    dns.answer_unknown(Answer::NxDomainWithoutSoa);
    let node = pod.run("erl");
    dns.is_asked_for("3.2.1.10.in-addr.arpa");
    dns.publish_pod("shop-app-1.shop-net", "10.1.2.3");
    let ended = node.ends_with(0);
    assert!(ended.stdout.contains("app@shop-app-1.shop-net"), "{ended}");
}

#[test]
fn without_a_pointer_it_gives_up_with_69() {
    let mut pod = Pod::new("4f1c2a9b7d3e")
        .env("BEAMINIT_HOST", "reverse")
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .program("erl", "marks");
    let dns = pod.nameserver("127.0.0.11");
    dns.answer_unknown(Answer::NxDomainWithoutSoa);
    let ended = pod.run("erl").ends_with(69);
    let error = ended.stderr.lines().last().unwrap();
    assert!(
        error.contains("10.1.2.3") || error.contains("3.2.1.10.in-addr.arpa"),
        "{ended}"
    );
    assert!(error.contains("127.0.0.11"), "{ended}");
    assert!(!pod.place("/srv/started").exists());
}
