//! Which name is this pod's: with `auto` the records decide; otherwise the form that was asked for.

use std::time::{Duration, Instant};

use super::{AT_ONCE, side_by_side, starts_soon_after, starts_within, tells};
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
    side_by_side([OWN_NAME, DASHED_NAME], |name| {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS);
        let node = pod.run("erl");
        dns.is_asked_for(OWN_NAME);
        dns.is_asked_for(DASHED_NAME);
        dns.publish_pod(name, "10.1.2.3");
        let ended = node.ends_with(0);
        assert!(ended.stdout.contains(&format!("app@{name}")), "{ended}");
    });
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
        .env("ERLANG_COOKIE", "chocolate")
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
        .env("ERLANG_COOKIE", "chocolate")
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

#[test]
fn the_candidates_are_asked_side_by_side() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(CLUSTER_DNS);
    pod.run("erl").ends_with(69);
    let first = |name| dns.asked_for(name)[0].at;
    let (pods, dashed) = (first(OWN_NAME), first(DASHED_NAME));
    let apart = dashed.max(pods) - dashed.min(pods);
    is_within(Duration::from_millis(300), apart, "the two first questions");
}

#[test]
fn the_second_candidate_is_found_as_soon_as_the_first() {
    side_by_side([OWN_NAME, DASHED_NAME], |name| {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(name, "10.1.2.3");
        let started = Instant::now();
        starts_within(AT_ONCE, &pod.run("erl"), started);
    });
}

#[test]
fn the_log_says_which_and_why() {
    side_by_side([OWN_NAME, DASHED_NAME], |name| {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(name, "10.1.2.3");
        let node = pod.run("erl");
        let why = node.writes("why it is that name", |line| {
            line.text.contains(name) && line.text.contains(CLUSTER_DNS)
        });
        tells(&why.text, ["10.1.2.3", "this pod"]);
    });
}

#[test]
fn the_plan_shows_the_candidates() {
    let pod = stateful_pod();
    let plan = pod.plan("erl").ends_with(0).stdout;
    tells(&plan, [OWN_NAME, DASHED_NAME]);
}

/// A container with a long, unreadable name, which is known by the pointer of its address.
fn composed() -> (Pod, Dns) {
    let mut pod = Pod::new("4f1c2a9b7d3e")
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "reverse")
        .program("erl", "prints-args");
    let dns = pod.nameserver("127.0.0.11").like(Kind::Docker {
        outside: Answer::servfail(),
    });
    (pod, dns)
}

#[test]
fn a_pointer_is_checked_forward() {
    let (pod, dns) = composed();
    dns.point("10.1.2.3", "shop-app-1.shop-net");
    let (wrong, right) = (Answer::address("10.1.2.9"), Answer::address("10.1.2.3"));
    let for_a_second = Answer::For(1, Box::new(wrong));
    dns.script("shop-app-1.shop-net", RecordType::A, [for_a_second]);
    let node = pod.run("erl");
    node.says("10.1.2.9");
    assert!(!node.is_over(), "{}", node.transcript());
    dns.script("shop-app-1.shop-net", RecordType::A, [right]);
    let ended = node.ends_with(0);
    assert!(ended.stdout.contains("app@shop-app-1.shop-net"), "{ended}");
}

#[test]
fn of_several_pointers_the_one_that_leads_back_counts() {
    let (pod, dns) = composed();
    dns.point_to_each(
        "10.1.2.3",
        ["gone.shop-net", "other.shop-net", "shop-app-1.shop-net"],
    );
    dns.publish("other.shop-net", "10.1.2.9");
    dns.publish("shop-app-1.shop-net", "10.1.2.3");
    assert_eq!(name_in(&pod), "app@shop-app-1.shop-net");
}

#[test]
fn a_pointer_in_upper_case_is_kept_and_warned_of() {
    let (pod, dns) = composed();
    dns.publish_pod("Shop-App-1.shop-net", "10.1.2.3");
    let ended = pod.run("erl").ends_with(0);
    assert!(ended.stdout.contains("app@Shop-App-1.shop-net"), "{ended}");
    let warning = "beaminit: warning: app@Shop-App-1.shop-net has upper case in its host: to the VM that is another name than in lower case";
    let warnings = ended.stderr.lines().filter(|line| *line == warning);
    assert_eq!(warnings.count(), 1, "{ended}");
}

#[test]
fn a_pointer_of_an_ipv6_address_will_do() {
    let mut pod = Pod::with_addresses("4f1c2a9b7d3e", &["fd00:10::3"])
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "reverse")
        .program("erl", "prints-args");
    let dns = pod.nameserver("fd00:96::10");
    dns.publish_pod("shop-app-1.shop-net", "fd00:10::3");
    assert_eq!(name_in(&pod), "app@shop-app-1.shop-net");
}

#[test]
fn a_service_need_only_resolve() {
    let mut pod = stateful_pod().env("BEAMINIT_HOST", "service");
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    let node = pod.run("erl");
    dns.is_asked_for_times(SERVICE_NAME, 3);
    assert!(!node.is_over(), "{}", node.transcript());
    dns.publish(SERVICE_NAME, "10.96.77.5");
    let ended = starts_soon_after(&node, Instant::now());
    assert!(
        ended.stdout.contains(&format!("app@{SERVICE_NAME}")),
        "{ended}"
    );
}

#[test]
fn any_address_of_the_interfaces_is_this_pods() {
    let mut pod = Pod::with_addresses("app-0", &["10.1.2.3", "192.168.7.7"])
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "prints-args");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "192.168.7.7");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn link_local_addresses_are_nobodys_own() {
    side_by_side(["169.254.7.7", "fe80::7"], |link_local| {
        let mut pod = Pod::with_addresses("app-0", &["10.1.2.3", link_local])
            .env("ERLANG_COOKIE", "chocolate")
            .in_namespace("prod")
            .env("SNAME", "app")
            .env("CLUSTER_HOSTNAME", "app")
            .env("BEAMINIT_DNS_TIMEOUT", "1s")
            .program("erl", "prints-args");
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(OWN_NAME, link_local);
        pod.run("erl").ends_with(69);
    });
}
