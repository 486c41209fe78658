//! Who is asked, and for which name: the name servers themselves, for the name as it stands.

use std::time::{Duration, Instant};

use super::{AT_ONCE, SOON, side_by_side, starts_within};
use crate::clusters::*;
use crate::harness::*;

#[test]
fn the_name_is_asked_as_it_stands_without_the_search_list() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_DNS_TIMEOUT", "2s")
        .env("BEAMINIT_HOST", "pod");
    let dns = pod.nameserver(CLUSTER_DNS);
    pod.run("erl").ends_with(69);
    let searched = |name: &str| name.starts_with(&format!("{OWN_NAME}."));
    let short = |name: &str| !name.contains('.');
    let mut strange = dns.asked();
    strange.retain(|question| searched(&question.name) || short(&question.name));
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

/// A first name server that is of no use.
enum First {
    Dead,
    Answers(Answer),
}

/// A pod with such a first name server and a good second one.
fn behind_two(first: &First) -> (Pod, Dns, Option<Dns>) {
    let mut pod = stateful_pod();
    let first = match first {
        First::Dead => {
            pod.dead_nameserver("10.96.0.53");
            None
        }
        First::Answers(answer) => {
            let dns = pod.nameserver("10.96.0.53");
            dns.answer_everything(answer.clone());
            Some(dns)
        }
    };
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    (pod, dns, first)
}

const A_SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_first_nameserver_of_no_use_delays_a_record_that_is_there_by_a_second_at_most() {
    side_by_side([First::Dead, First::Answers(Answer::Nothing)], |first| {
        let (pod, dns, _first) = behind_two(&first);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let started = Instant::now();
        starts_within(AT_ONCE + A_SECOND, &pod.run("erl"), started);
    });
}

#[test]
fn a_first_nameserver_of_no_use_delays_a_record_that_comes_by_a_second_at_most() {
    side_by_side(
        [
            First::Dead,
            First::Answers(Answer::Nothing),
            First::Answers(Answer::servfail()),
            First::Answers(Answer::refused()),
            First::Answers(Answer::Garbage),
        ],
        |first| {
            let (pod, dns, _first) = behind_two(&first);
            let node = pod.run("erl");
            dns.is_asked_for_times(OWN_NAME, 3);
            dns.publish_pod(OWN_NAME, "10.1.2.3");
            starts_within(SOON + A_SECOND, &node, Instant::now());
        },
    );
}

#[test]
fn a_first_nameserver_that_dies_on_the_way_does_no_harm() {
    let mut pod = stateful_pod();
    let first = pod.nameserver("10.96.0.53");
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.run("erl");
    first.is_asked_for_times(OWN_NAME, 2);
    drop(first);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_within(SOON + 2 * A_SECOND, &node, Instant::now());
}

#[test]
fn what_one_nameserver_can_not_do_is_not_held_against_the_other() {
    // The first knows nothing of odd types and fails; the second must not be asked plainly for that.
    let mut pod = stateful_pod();
    let first = pod.nameserver("10.96.0.53").like(Kind::Docker {
        outside: Answer::refused(),
    });
    first.answer_unknown(Answer::servfail());
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 3);
    let poison = dns.asked_plainly(OWN_NAME);
    assert!(poison.is_empty(), "{poison:?}");
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_within(SOON + A_SECOND, &node, Instant::now());
}

#[test]
fn a_nameserver_on_the_link_is_asked_over_its_interface() {
    side_by_side(["", "options use-vc\n"], |options| {
        let pod = stateful_pod();
        let dns = Dns::serve_on_the_link(pod.network(), "fe80::1");
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let pod = pod.resolv_conf(&format!(
            "search prod.svc.cluster.local\nnameserver fe80::1%eth0\n{options}"
        ));
        assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
        assert!(!dns.asked().is_empty());
    });
}

#[test]
fn an_interface_may_be_given_by_its_number() {
    let pod = stateful_pod();
    let dns = Dns::serve_on_the_link(pod.network(), "fe80::1");
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let number = pod
        .network()
        .inside(|| nix::net::if_::if_nametoindex("eth0").unwrap());
    let pod = pod.resolv_conf(&format!(
        "search prod.svc.cluster.local\nnameserver fe80::1%{number}\n"
    ));
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn an_interface_that_is_not_there_is_no_reason_to_fail() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let pod = pod.resolv_conf(
        "search prod.svc.cluster.local\nnameserver fe80::1%eth7\nnameserver 10.96.0.10\n",
    );
    let started = Instant::now();
    starts_within(AT_ONCE + A_SECOND, &pod.run("erl"), started);
}

#[test]
fn a_second_nameserver_is_asked_where_the_first_can_not_say() {
    side_by_side(
        [Answer::servfail(), Answer::refused(), Answer::Garbage],
        |useless| {
            let mut pod = stateful_pod();
            let first = pod.nameserver("10.96.0.53");
            first.answer_everything(useless);
            let dns = pod.nameserver(CLUSTER_DNS);
            dns.publish_pod(OWN_NAME, "10.1.2.3");
            pod.run("erl").ends_with(0);
        },
    );
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
    let mut pod = pod.env("POD_NAMESPACE", "prod");
    for without in ["", "\n", "search prod.svc.cluster.local\n", "# nothing\n"] {
        pod = pod.resolv_conf(without);
        assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"), "{without:?}");
    }
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
    side_by_side(wild, |text| {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let ended = pod.resolv_conf(text).run("erl").ends();
        assert_eq!(ended.code, 0, "with {text:?}: {ended}");
        assert!(ended.stdout.contains(OWN_NAME), "with {text:?}: {ended}");
    });
}
