//! Servers that don't tell a name from a type of it, or don't say for how long: they are asked plainly, as often as they
//! have something new to say.

use std::time::{Duration, Instant};

use super::{AT_ONCE, side_by_side, starts_within};
use crate::clusters::*;
use crate::harness::*;

const FOR_TWO_SECONDS: Answer = Answer::NxDomain { negative_ttl: 2 };

/// From publication to start: the negative TTL, if there is one, and a while.
const LIMIT: Duration = Duration::from_secs(6);

/// Servers that are of no use for an odd type.
fn useless_for_odd_types() -> Vec<Kind> {
    let missing = [Answer::NxDomainWithoutSoa, FOR_TWO_SECONDS];
    let sky = missing.clone().map(|missing| Kind::SkyDns { missing });
    let masq = missing.map(|missing| Kind::Dnsmasq { missing });
    [sky, masq].concat()
}

/// What Docker's server may pass on of an odd type: the outside can't be reached, won't, doesn't know, or knows only that
/// nothing of the kind is in the root zone, for a day.
fn outsides() -> Vec<Answer> {
    let a_day = 86_400;
    vec![
        Answer::servfail(),
        Answer::refused(),
        Answer::NxDomainWithoutSoa,
        Answer::NxDomain {
            negative_ttl: a_day,
        },
    ]
}

/// A container of compose, its name a network alias.
fn composed() -> Pod {
    Pod::new("app-0")
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "shop.example.")
        .program("erl", "prints-args")
}

const ALIAS: &str = "app-0.shop.example";

#[test]
fn a_record_that_is_there_is_found() {
    side_by_side(useless_for_odd_types(), |kind| {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS).like(kind);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let started = Instant::now();
        // One of the first rounds finds out that such a server is to be asked plainly.
        starts_within(Duration::from_secs(5), &pod.run("erl"), started);
    });
}

#[test]
fn a_record_that_comes_is_found() {
    side_by_side(useless_for_odd_types(), |kind| {
        let mut pod = stateful_pod();
        let dns = pod.nameserver(CLUSTER_DNS).like(kind.clone());
        let node = pod.run("erl");
        dns.is_asked_for_times(OWN_NAME, 1);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        println!("{kind:?}");
        starts_within(LIMIT, &node, Instant::now());
    });
}

#[test]
fn what_was_said_for_two_seconds_is_not_asked_again_before() {
    side_by_side(
        [
            Kind::SkyDns {
                missing: FOR_TWO_SECONDS,
            },
            Kind::Dnsmasq {
                missing: FOR_TWO_SECONDS,
            },
        ],
        |kind| {
            let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "9s");
            let dns = pod.nameserver(CLUSTER_DNS).like(kind.clone());
            pod.run("erl").ends_with(69);
            for name in [OWN_NAME, DASHED_NAME] {
                let mut asked = dns.asked_plainly(name);
                asked.retain(|question| question.kind == RecordType::A);
                assert!((2..=5).contains(&asked.len()), "{kind:?}: {asked:?}");
                for pair in asked.windows(2) {
                    let gap = pair[1].at - pair[0].at;
                    assert!(gap > Duration::from_millis(1900), "{kind:?}: after {gap:?}");
                }
            }
        },
    );
}

#[test]
fn what_was_said_for_no_time_is_not_asked_in_a_hurry() {
    let hasty = [
        Answer::NxDomain { negative_ttl: 0 },
        Answer::NoData { negative_ttl: 0 },
        Answer::NxDomainWithoutSoa,
        Answer::NoDataWithoutSoa,
        Answer::servfail(),
    ];
    side_by_side(hasty, |answer| {
        let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "2s");
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.answer_everything(answer.clone());
        pod.run("erl").ends_with(69);
        let asked = dns.asked().len();
        assert!((2..=6 * 3).contains(&asked), "{answer:?}: {asked} in 2 s");
    });
}

#[test]
fn a_composed_container_that_is_there_is_found_at_once() {
    side_by_side(outsides(), |outside| {
        let mut pod = composed();
        let dns = pod.nameserver("127.0.0.11").like(Kind::Docker { outside });
        dns.publish(ALIAS, "10.1.2.3");
        let started = Instant::now();
        starts_within(AT_ONCE, &pod.run("erl"), started);
    });
}

#[test]
fn a_composed_container_is_found_even_where_the_outside_is_silent() {
    let outside = Answer::Nothing;
    let mut pod = composed();
    let dns = pod.nameserver("127.0.0.11").like(Kind::Docker { outside });
    dns.publish(ALIAS, "10.1.2.3");
    let started = Instant::now();
    starts_within(Duration::from_secs(3), &pod.run("erl"), started);
}

#[test]
fn an_alias_that_comes_later_is_found() {
    side_by_side(outsides(), |outside| {
        let mut pod = composed();
        let dns = pod.nameserver("127.0.0.11").like(Kind::Docker { outside });
        let node = pod.run("erl");
        dns.is_asked_for_times(ALIAS, 2);
        dns.publish(ALIAS, "10.1.2.3");
        starts_within(LIMIT, &node, Instant::now());
    });
}

#[test]
fn a_server_that_begins_to_know_odd_types_is_believed_then() {
    // As when CoreDNS itself is just starting: SERVFAIL for everything, and then the truth.
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    dns.answer_everything(Answer::servfail());
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 2);
    dns.recover();
    let known = dns.asked_for(OWN_NAME).len();
    dns.is_asked_for_times(OWN_NAME, known + 3);
    let peer = dns.another_client();
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let delay = peer.waits_for(OWN_NAME);
    is_within(Duration::from_secs(1), delay, "until a peer sees it");
    starts_within(LIMIT, &node, Instant::now());
}
