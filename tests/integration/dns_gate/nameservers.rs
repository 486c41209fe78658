//! Who is asked, and for which name: the name servers themselves, for the name as it stands.

use std::time::{Duration, Instant};

use crate::clusters::*;
use crate::harness::*;

#[test]
fn the_name_is_asked_as_it_stands_without_the_search_list() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_DNS_TIMEOUT", "2s")
        .env("BEAMINIT_HOST", "pod");
    let dns = pod.nameserver(CLUSTER_DNS);
    pod.run("erl").ends_with(69);
    let reverse = "3.2.1.10.in-addr.arpa";
    let strange: Vec<_> = dns
        .asked()
        .into_iter()
        .filter(|q| ![OWN_NAME, reverse].contains(&q.name.as_str()))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn etc_hosts_is_not_believed() {
    let mut pod = stateful_pod()
        .hosts(&format!("10.1.2.3\t{OWN_NAME} {DASHED_NAME}\n"))
        .env("BEAMINIT_DNS_TIMEOUT", "1s");
    let _dns = pod.nameserver(CLUSTER_DNS);
    pod.run("erl").ends_with(69);
}

#[test]
fn a_second_nameserver_is_asked_where_the_first_is_dead() {
    let mut pod = stateful_pod();
    pod.dead_nameserver("10.96.0.53");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    pod.run("erl").ends_with(0);
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_second_nameserver_is_asked_where_the_first_is_silent() {
    let mut pod = stateful_pod();
    let silent = pod.nameserver("10.96.0.53");
    silent.answer_everything(Answer::Nothing);
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    pod.run("erl").ends_with(0);
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_second_nameserver_is_asked_where_the_first_can_not_say() {
    for useless in [Answer::servfail(), Answer::refused(), Answer::Garbage] {
        let mut pod = stateful_pod();
        let first = pod.nameserver("10.96.0.53");
        first.answer_everything(useless);
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        pod.run("erl").ends_with(0);
    }
}

#[test]
fn even_a_short_wait_leaves_the_second_nameserver_its_turn() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "5s");
    let silent = pod.nameserver("10.96.0.53");
    silent.answer_everything(Answer::Nothing);
    let dns = pod.nameserver(CLUSTER_DNS);
    let ended = pod.run("erl").ends_with(69);
    assert!(!dns.asked().is_empty());
    assert!(ended.stderr.contains("NXDOMAIN"), "{ended}");
}

#[test]
fn without_a_nameserver_the_machines_own_is_asked() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver("127.0.0.1");
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let pod = pod.resolv_conf("").env("POD_NAMESPACE", "prod");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn a_dead_nameserver_is_named() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    pod.dead_nameserver("10.96.0.53");
    let ended = pod.run("erl").ends_with(69);
    assert!(
        ended.stderr.lines().last().unwrap().contains("10.96.0.53"),
        "{ended}"
    );
}

#[test]
fn resolv_conf_is_read_as_it_is_found_in_the_wild() {
    let wild = [
        "search prod.svc.cluster.local svc.cluster.local cluster.local\r\nnameserver 10.96.0.10\r\noptions ndots:5\r\n",
        "; a comment\n# another\nnameserver 10.96.0.10 # the cluster's\nsearch prod.svc.cluster.local svc.cluster.local\n",
        "nameserver fe80::1%eth0\nnameserver 10.96.0.10\nsearch prod.svc.cluster.local svc.cluster.local\n",
        "options use-vc edns0 trust-ad single-request no-such-option:7\nnameserver\t10.96.0.10\nsearch prod.svc.cluster.local\n",
        "domain cluster.local\nsearch prod.svc.cluster.local\nnameserver 10.96.0.10\nsortlist 10.0.0.0/8\nnonsense\n",
        "search prod.svc.cluster.local exa..mple\nnameserver 10.96.0.10\n",
        "nameserver 10.96.0.53\nnameserver not-an-address\nnameserver 10.96.0.10\nsearch prod.svc.cluster.local",
        "nameserver 10.96.0.53\nnameserver 10.96.0.54\nnameserver 10.96.0.10\nnameserver 10.96.0.56\nsearch prod.svc.cluster.local\n",
    ];
    for text in wild {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let ended = pod.resolv_conf(text).run("erl").ends();
        assert_eq!(ended.code, 0, "with {text:?}: {ended}");
        assert!(ended.stdout.contains(OWN_NAME), "with {text:?}: {ended}");
    }
}
