//! How much a waiting pod asks of the server: a rate is what is measured here, and so these tests take their time.
//!
//! By hand, with a table of figures:
//! `cargo test --release --test integration dns_gate::gentleness -- --ignored --nocapture --test-threads 1`

use std::time::{Duration, Instant};

use super::crowd::{Crowd, figure};
use super::side_by_side;
use crate::clusters::*;
use crate::harness::*;

const A_SECOND: Duration = Duration::from_secs(1);

/// The most questions that came within any second.
fn busiest_second(asked: &[Question]) -> usize {
    let mut first = 0;
    let within = asked.iter().enumerate().map(|(last, question)| {
        while question.at - asked[first].at >= A_SECOND {
            first += 1;
        }
        last - first + 1
    });
    within.max().unwrap_or(0)
}

/// The questions between two moments, in seconds after the first question.
fn between(asked: &[Question], from: u64, to: u64) -> Vec<Question> {
    let seconds = |question: &Question| (question.at - asked[0].at).as_secs();
    let mut some = asked.to_vec();
    some.retain(|question| (from..to).contains(&seconds(question)));
    some
}

/// Lets a pod wait for its record, which never comes; and what was asked, which must be as gentle as promised.
fn watched_for(time: &str) -> (Dns, Vec<Question>) {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", time);
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    let node = pod.run("erl");
    let ended = node.ends_within(Duration::from_secs(125));
    assert_eq!(ended.code, 69, "{ended}");
    let asked = dns.asked();
    let busiest = busiest_second(&between(&asked, 0, 10));
    figure("one pod, first 10 s: busiest second, questions", busiest);
    assert!(busiest <= 6, "{busiest} questions within a second");
    figure("one pod, cache entries", dns.cached());
    assert!(dns.cached() <= 200, "{} entries", dns.cached());
    (dns, asked)
}

#[test]
fn of_one_pod_in_fifteen_seconds() {
    let (_dns, asked) = watched_for("15s");
    assert!(asked.len() > 10, "it does ask: {}", asked.len());
    assert!(asked.len() <= 6 * 15, "{} questions in 15 s", asked.len());
    // Jittered: no two pauses between rounds are alike.
    let gaps = asked.windows(2).map(|pair| pair[1].at - pair[0].at);
    let mut pauses: Vec<u128> = gaps.map(|gap| gap.as_millis()).collect();
    pauses.retain(|pause| *pause > 40);
    let rounds = pauses.len();
    pauses.sort_unstable();
    pauses.dedup();
    assert!(pauses.len() * 2 > rounds, "{rounds} pauses: {pauses:?}");
}

#[test]
fn of_one_pod_whose_server_knows_no_odd_types() {
    side_by_side(
        [
            Answer::NxDomainWithoutSoa,
            Answer::NxDomain { negative_ttl: 1 },
        ],
        |missing| {
            let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "4s");
            let dns = pod.nameserver(CLUSTER_DNS).like(Kind::SkyDns { missing });
            pod.run("erl").ends_with(69);
            let busiest = busiest_second(&dns.asked());
            assert!(busiest <= 6, "{busiest} questions within a second");
        },
    );
}

#[test]
fn of_one_pod_that_waits_for_another_address() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "4s");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.9");
    pod.run("erl").ends_with(69);
    let busiest = busiest_second(&dns.asked());
    assert!(busiest <= 6, "{busiest} questions within a second");
}

#[test]
#[ignore = "takes two minutes"]
fn of_one_pod_in_two_minutes() {
    // No pod of these tests lives for longer.
    let (_dns, asked) = watched_for("115s");
    let minute = between(&asked, 0, 60).len();
    figure("one pod, first minute: questions", minute);
    assert!(minute <= 180, "{minute} questions in the first minute");
    let later = between(&asked, 60, 115).len();
    figure("one pod, 60 s to 115 s: questions", later);
    assert!(later <= 55, "{later} questions from 60 s to 115 s");
}

#[test]
#[ignore = "starts 1,000 processes and takes more than a minute"]
fn of_a_thousand_pods() {
    let crowd = Crowd::waits(1000);
    figure(
        "1,000 pods, all asking after",
        format!("{:.1?}", crowd.since.elapsed()),
    );
    let peer = crowd.dns.another_client();
    let mut slowest = Duration::ZERO;
    while crowd.since.elapsed() < Duration::from_secs(70) {
        let asks = Instant::now();
        assert_eq!(peer.asks(API).len(), 1, "the server is overwhelmed");
        slowest = slowest.max(asks.elapsed());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(crowd.waiting(), 1000, "all still wait");
    let asked = crowd.dns.asked();
    let busiest = busiest_second(&asked);
    let entries = crowd.dns.cached() / crowd.size;
    figure("1,000 pods, busiest second, questions", busiest);
    figure(
        "1,000 pods, first minute, questions per pod",
        between(&asked, 0, 60).len() / 1000,
    );
    figure("1,000 pods, cache entries per pod", entries);
    figure("1,000 pods, memory per pod, kB", crowd.memory() / 1000);
    figure(
        "1,000 pods, another client's slowest two questions",
        format!("{slowest:.1?}"),
    );
    assert!(busiest < 4000, "{busiest} questions within a second");
    assert!(entries <= 200, "{entries} entries per pod");
}
