//! How long it waits, for what, and what it says meanwhile.

use std::time::{Duration, Instant};

use super::{AT_ONCE, starts_within};
use crate::clusters::*;
use crate::harness::*;

#[test]
fn a_record_of_this_pod_lets_it_start_at_once() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let started = Instant::now();
    starts_within(AT_ONCE, &pod.run("erl"), started);
}

#[test]
fn a_record_that_comes_later_is_waited_for() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 2);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    starts_within(Duration::from_secs(4), &node, Instant::now());
}

#[test]
fn without_a_record_it_gives_up_with_69_and_one_line() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .program("erl", "marks");
    let _dns = pod.nameserver(CLUSTER_DNS);
    let started = Instant::now();
    let ended = pod.run("erl").ends_with(69);
    let took = ended.at - started;
    assert!(took >= Duration::from_secs(1), "{took:?}");
    is_within(Duration::from_secs(4), took, &ended);
    let errors: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("beaminit: error: "))
        .collect();
    let [error] = errors.as_slice() else {
        panic!("not one line:\n{ended}")
    };
    // What was asked, for how long, who answered what last, and the usual cause.
    for part in [
        OWN_NAME,
        "1s",
        "NXDOMAIN",
        CLUSTER_DNS,
        "publishNotReadyAddresses",
    ] {
        assert!(error.contains(part), "no {part} in: {error}");
    }
    assert_eq!(ended.stderr.lines().last(), Some(*error));
    assert!(!pod.place("/srv/started").exists());
}

#[test]
fn zero_means_for_ever() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "0");
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 3);
    assert!(!node.is_over(), "{}", node.transcript());
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    node.ends_with(0);
}

#[test]
fn a_record_of_somebody_else_is_said_and_waited_out() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish(OWN_NAME, "10.1.2.9");
    let node = pod.run("erl");
    let line = node.says("10.1.2.9");
    assert!(
        line.text.contains("10.1.2.3"),
        "both addresses stand in: {}",
        line.text
    );
    dns.is_asked_for_times(OWN_NAME, 2);
    assert!(!node.is_over());
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    node.ends_with(0);
}

#[test]
fn a_record_of_somebody_else_that_stays_ends_in_69() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .program("erl", "marks");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish(OWN_NAME, "10.1.2.9");
    let ended = pod.run("erl").ends_with(69);
    let error = ended.stderr.lines().last().unwrap();
    assert!(
        error.contains("10.1.2.9") && error.contains(OWN_NAME),
        "{ended}"
    );
    assert!(!pod.place("/srv/started").exists());
}

#[test]
fn one_of_many_addresses_is_enough() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let addresses = (1..40)
        .map(|n| format!("10.1.2.{n}").parse().unwrap())
        .collect();
    dns.script(OWN_NAME, RecordType::A, [Answer::Addresses(addresses)]);
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn pod_ip_is_this_pods_address_where_it_is_set() {
    // As with a network whose pods are known elsewhere by other addresses than they see.
    let mut pod = stateful_pod().env("POD_IP", "192.0.2.7");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "192.0.2.7");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn the_loopback_address_is_nobodys_own() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish(OWN_NAME, "127.0.0.1");
    pod.run("erl").ends_with(69);
}

#[test]
fn with_any_a_record_of_somebody_else_will_do() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_DNS", "any")
        .env("BEAMINIT_HOST", "pod");
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 2);
    dns.publish(OWN_NAME, "10.1.2.9");
    node.ends_with(0);
}

#[test]
fn with_off_nobody_is_asked() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS", "off");
    let dns = pod.nameserver(CLUSTER_DNS);
    pod.run("erl").ends_with(0);
    assert_eq!(dns.asked().len(), 0);
}

#[test]
fn own_can_be_demanded_of_a_service_too() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_HOST", "service")
        .env("BEAMINIT_DNS", "own")
        .env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish("app.prod.svc.cluster.local", "10.96.77.5");
    pod.run("erl").ends_with(69);
}

#[test]
fn it_is_silent_for_seconds_and_then_says_the_last_answer_and_the_time_left() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "8s");
    let dns = pod.nameserver(CLUSTER_DNS);
    let ended = pod.run("erl").ends_with(69);
    let progress: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.contains(" left"))
        .collect();
    assert!(
        (1..=4).contains(&progress.len()),
        "{} lines in 8 s: {ended}",
        progress.len()
    );
    assert!(progress[0].contains("NXDOMAIN"), "{}", progress[0]);
    assert!(progress[0].starts_with("beaminit: "), "{}", progress[0]);
    // Nor does it hurry the server: a restless loop would ask hundreds of times.
    let asked = dns.asked().len();
    assert!((4..=160).contains(&asked), "{asked} questions in 8 s");
}

#[test]
fn a_client_does_not_wait() {
    let mut pod = stateful_pod();
    let _dns = pod.nameserver(CLUSTER_DNS);
    let started = Instant::now();
    let client = pod.run("erl -remsh app@elsewhere.example.com");
    starts_within(Duration::from_secs(3), &client, started);
}

#[test]
fn what_is_no_node_asks_nobody() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    pod.run("prints-args").ends_with(0);
    assert_eq!(dns.asked().len(), 0);
}
