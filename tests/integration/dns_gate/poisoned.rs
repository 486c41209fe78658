//! Somebody else asked for the name too early, and the server's cache says what was before: NXDOMAIN although the record is
//! there, or the address of the pod's previous life.

use std::time::{Duration, Instant};

use super::{AT_ONCE, side_by_side, starts_soon_after, starts_within};
use crate::clusters::*;
use crate::harness::*;

/// A pod whose server has been asked for this name before it existed, `ago` seconds ago, and keeps that for 30 s.
fn poisoned(name: &str, ago: u64) -> (Pod, Dns) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    assert!(dns.another_client().asks(name).is_empty());
    dns.grow_older(ago);
    (pod, dns)
}

/// The warnings in a log that are about what a cache keeps of the pod's name.
fn warnings(ended: &Ended) -> Vec<&str> {
    let lines = ended.stderr.lines();
    lines
        .filter(|line| line.contains("warning: ") && line.contains(" keeps "))
        .collect()
}

/// Numbers of seconds in a line, written like `17s`, `17 s` or `17 seconds`.
fn seconds_in(line: &str) -> Vec<u64> {
    let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let number = |at: usize, word: &str| {
        let digits = word.trim_end_matches('s');
        let next = words.get(at + 1).copied().unwrap_or_default();
        let of_seconds = word.ends_with('s') || next == "s" || next.starts_with("second");
        digits.parse().ok().filter(|_| of_seconds)
    };
    let each = words.iter().enumerate();
    each.filter_map(|(at, word)| number(at, word)).collect()
}

#[test]
fn where_the_pointer_names_this_pod_it_starts_and_says_how_long_peers_may_not_find_it() {
    side_by_side([OWN_NAME, DASHED_NAME], |name| {
        let (pod, dns) = poisoned(name, 12);
        dns.publish_pod(name, "10.1.2.3");
        let started = Instant::now();
        let ended = starts_within(AT_ONCE, &pod.run("erl"), started);
        assert!(ended.stdout.contains(&format!("app@{name}")), "{ended}");
        let [warning] = warnings(&ended)[..] else {
            panic!("not one warning: {ended}")
        };
        assert!(warning.contains(name), "{warning}");
        let told = seconds_in(warning);
        assert!(
            told.iter().any(|seconds| (15..=19).contains(seconds)),
            "18 s are left: {warning}"
        );
    });
}

#[test]
fn somebody_who_never_stops_asking_does_not_keep_it_waiting() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    let peer = dns.another_client();
    assert!(peer.asks(OWN_NAME).is_empty());
    let node = pod.run("erl");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !node.is_over() {
                peer.asks(OWN_NAME);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        dns.is_asked_for_times(OWN_NAME, 3);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let ended = starts_soon_after(&node, Instant::now());
        assert_eq!(warnings(&ended).len(), 1, "{ended}");
    });
}

#[test]
fn without_a_pointer_it_waits_until_the_poison_is_gone() {
    let (pod, dns) = poisoned(OWN_NAME, 27);
    dns.publish(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    let ended = starts_within(Duration::from_secs(5), &pod.run("erl"), started);
    let waited = ended.at - started;
    assert!(waited > Duration::from_millis(1500), "{waited:?}: {ended}");
    let mut plain = dns.asked_plainly(OWN_NAME);
    plain.retain(|question| question.kind == RecordType::A);
    assert_eq!(plain.len(), 2, "before the poison is gone and after");
}

#[test]
fn where_the_pointer_names_another_pod_it_does_not_start() {
    let (pod, dns) = poisoned(OWN_NAME, 29);
    dns.publish(OWN_NAME, "10.1.2.3");
    dns.point("10.1.2.3", SIBLING);
    pod.env("BEAMINIT_DNS_TIMEOUT", "3s")
        .run("erl")
        .ends_with(69);
}

#[test]
fn what_only_the_other_family_lacks_is_no_poison() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    dns.another_client().asks_for(OWN_NAME, RecordType::AAAA);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    let ended = starts_within(AT_ONCE, &pod.run("erl"), started);
    assert!(warnings(&ended).is_empty(), "{ended}");
}

#[test]
fn a_services_poison_is_waited_out() {
    let (pod, dns) = poisoned(SERVICE_NAME, 28);
    dns.publish(SERVICE_NAME, "10.96.77.5");
    let pod = pod.env("BEAMINIT_HOST", "service");
    let started = Instant::now();
    starts_within(Duration::from_secs(4), &pod.run("erl"), started);
}

#[test]
fn a_server_behind_the_same_address_may_have_the_pointer_already() {
    // As with two CoreDNS behind one Service: the first to hear of the pod says that it exists, the other one is asked.
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let not_yet = || Answer::NxDomain { negative_ttl: 30 };
    dns.script(OWN_NAME, RecordType::A, [not_yet()]);
    let pointer = Answer::Pointers(vec![OWN_NAME.to_owned()]);
    dns.script(
        &reverse("10.1.2.3"),
        RecordType::PTR,
        [not_yet(), not_yet(), pointer],
    );
    let started = Instant::now();
    let ended = starts_within(Duration::from_secs(4), &pod.run("erl"), started);
    let warnings = warnings(&ended);
    assert!(
        warnings.len() == 1 && warnings[0].contains(OWN_NAME),
        "{ended}"
    );
}

/// A pod whose peers asked for it `ago` seconds ago, when its previous life was at 10.1.2.9.
fn remembered(ago: u64) -> (Pod, Dns) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
    dns.publish_pod(OWN_NAME, "10.1.2.9");
    assert_eq!(dns.another_client().asks(OWN_NAME).len(), 1);
    dns.grow_older(ago);
    (pod, dns)
}

/// It starts at once, and warns that peers are sent to 10.1.2.9 for so many seconds.
#[track_caller]
fn starts_beside_the_old_address(pod: &Pod, seconds: std::ops::RangeInclusive<u64>) {
    let started = Instant::now();
    let ended = starts_within(AT_ONCE, &pod.run("erl"), started);
    assert!(ended.stdout.contains(&format!("app@{OWN_NAME}")), "{ended}");
    let [warning] = warnings(&ended)[..] else {
        panic!("not one warning: {ended}")
    };
    let told = seconds_in(warning);
    assert!(
        warning.contains("10.1.2.9") && told.iter().any(|one| seconds.contains(one)),
        "{warning}"
    );
}

#[test]
fn where_the_pointer_names_this_pod_the_address_of_its_previous_life_does_not_keep_it_waiting() {
    let (pod, dns) = remembered(12);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_beside_the_old_address(&pod, 15..=18);
    assert!(dns.asked_plainly(OWN_NAME).len() <= 2);
}

#[test]
fn a_server_that_knows_no_unassigned_types_may_remember_the_previous_life_too() {
    let mut pod = stateful_pod();
    let missing = Answer::NxDomain { negative_ttl: 2 };
    let dns = pod.nameserver(CLUSTER_DNS).like(Kind::SkyDns { missing });
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let kept = Answer::For(21, Box::new(Answer::address("10.1.2.9")));
    dns.script(OWN_NAME, RecordType::A, [kept]);
    let started = Instant::now();
    let ended = starts_within(Duration::from_secs(6), &pod.run("erl"), started);
    let warnings = warnings(&ended);
    assert!(
        warnings.len() == 1 && seconds_in(warnings[0]).contains(&21),
        "{ended}"
    );
}

#[test]
fn of_two_servers_the_one_that_has_the_pointer_ends_the_wait_for_the_previous_lifes_end() {
    let (pod, dns) = remembered(0);
    let not_yet = || Answer::NxDomain { negative_ttl: 0 };
    let pointer = Answer::Pointers(vec![OWN_NAME.to_owned()]);
    dns.script(
        &reverse("10.1.2.3"),
        RecordType::PTR,
        [not_yet(), not_yet(), pointer],
    );
    dns.publish(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    let ended = starts_within(Duration::from_secs(10), &pod.run("erl"), started);
    assert_eq!(warnings(&ended).len(), 1, "{ended}");
}

#[test]
fn where_the_pointer_names_no_pod_the_address_of_the_previous_life_is_waited_out() {
    let (pod, dns) = remembered(27);
    dns.publish(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    let ended = starts_within(Duration::from_secs(6), &pod.run("erl"), started);
    assert!(warnings(&ended).is_empty(), "{ended}");
    let waited = ended.at - started;
    assert!(waited > Duration::from_millis(1500), "{waited:?}: {ended}");
}
