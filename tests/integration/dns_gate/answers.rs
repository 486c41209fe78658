//! Whatever a name server may answer: it is survived, and what it was is said.

use std::time::Duration;

use super::{diagnosis, side_by_side};
use crate::clusters::*;
use crate::harness::*;

/// What the pod says when this is all that it is ever told.
pub fn last_words_after(answer: Answer) -> String {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.answer_everything(answer);
    let error = diagnosis(&pod);
    assert!(error.contains(OWN_NAME), "{error}");
    error
}

/// Starts a pod with a few such answers about the addresses first and the true one then; and one with such answers about
/// everything, until the server recovers.
pub fn starts_after(answer: &Answer) {
    side_by_side([starts_after_some, starts_after_nothing_else], |starts| {
        starts(answer);
    });
}

fn starts_after_some(answer: &Answer) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    for (kind, truth) in [
        (RecordType::A, Answer::address("10.1.2.3")),
        (RecordType::AAAA, Answer::NoData { negative_ttl: 5 }),
    ] {
        dns.script(OWN_NAME, kind, [answer.clone(), answer.clone(), truth]);
    }
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"), "after {answer:?}");
}

fn starts_after_nothing_else(answer: &Answer) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    dns.answer_everything(answer.clone());
    let node = pod.run("erl");
    dns.is_asked_for(OWN_NAME);
    dns.recover();
    let ended = node.ends();
    assert_eq!(ended.code, 0, "after {answer:?} about all: {ended}");
}

#[test]
fn nxdomain() {
    starts_after(&Answer::NxDomain { negative_ttl: 1 });
    starts_after(&Answer::NxDomain { negative_ttl: 0 });
}

#[test]
fn nxdomain_without_soa() {
    starts_after(&Answer::NxDomainWithoutSoa);
    assert!(last_words_after(Answer::NxDomainWithoutSoa).contains("NXDOMAIN"));
}

#[test]
fn nodata() {
    starts_after(&Answer::NoData { negative_ttl: 1 });
    starts_after(&Answer::NoDataWithoutSoa);
    let words = last_words_after(Answer::NoData { negative_ttl: 30 });
    assert!(
        !words.contains("NXDOMAIN"),
        "NODATA is no NXDOMAIN: {words}"
    );
}

#[test]
fn servfail() {
    starts_after(&Answer::servfail());
    assert!(last_words_after(Answer::servfail()).contains("SERVFAIL"));
}

#[test]
fn refused() {
    starts_after(&Answer::refused());
    assert!(last_words_after(Answer::refused()).contains("REFUSED"));
}

#[test]
fn silence() {
    starts_after(&Answer::Nothing);
    let words = last_words_after(Answer::Nothing);
    assert!(words.contains("no answer"), "{words}");
}

#[test]
fn garbage() {
    starts_after(&Answer::Garbage);
    last_words_after(Answer::Garbage);
}

#[test]
fn the_answer_to_another_question() {
    starts_after(&Answer::WrongId(Box::new(Answer::address("10.1.2.9"))));
    last_words_after(Answer::WrongId(Box::new(Answer::address("10.1.2.3"))));
}

#[test]
fn an_answer_about_another_name() {
    starts_after(&Answer::AboutAnother(
        "evil.example.com".into(),
        vec!["10.1.2.3".parse().unwrap()],
    ));
    last_words_after(Answer::AboutAnother(
        "evil.example.com".into(),
        vec!["10.1.2.3".parse().unwrap()],
    ));
}

#[test]
fn truncated_then_whole_over_tcp() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let whole = Answer::address("10.1.2.3");
    dns.script(
        OWN_NAME,
        RecordType::A,
        [Answer::Truncated(Box::new(whole))],
    );
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
    assert!(dns.asked().iter().any(|question| question.over_tcp));
}

#[test]
fn truncated_and_no_tcp() {
    starts_after(&Answer::TruncatedOnly);
    last_words_after(Answer::TruncatedOnly);
}

#[test]
fn many_addresses() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    // More than a datagram holds.
    let many = (1..=250).map(|n| [10, 1, 2, n].into()).collect();
    dns.script(OWN_NAME, RecordType::A, [Answer::Addresses(many)]);
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn records_that_may_not_be_kept() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let fleeting = Answer::For(0, Box::new(Answer::address("10.1.2.3")));
    dns.script(OWN_NAME, RecordType::A, [fleeting]);
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn a_foreign_record_that_may_not_be_kept() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "2s");
    let dns = pod.nameserver(CLUSTER_DNS);
    let fleeting = Answer::For(0, Box::new(Answer::address("10.1.2.9")));
    dns.script(OWN_NAME, RecordType::A, [fleeting]);
    diagnosis(&pod);
    let asked = dns.asked().len();
    assert!(asked <= 6 * 3, "{asked} questions in 2 s");
}

#[test]
fn an_answer_that_takes_its_time() {
    let late = Duration::from_millis(1200);
    let truth = Answer::address("10.1.2.3");
    starts_after(&Answer::Late(late, Box::new(truth.clone())));
    starts_after(&Answer::Late(late, Box::new(Answer::servfail())));
    // Long after anybody waits for it: nothing but silence.
    let words = last_words_after(Answer::Late(Duration::from_secs(4), Box::new(truth)));
    assert!(words.contains("no answer"), "{words}");
}

#[test]
fn only_an_ipv6_address() {
    let mut pod = Pod::with_addresses("app-0", &["fd00:10::3"])
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "prints-args");
    let dns = pod.nameserver("fd00:96::10");
    dns.publish_pod(OWN_NAME, "fd00:10::3");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn either_family_of_a_dual_stack_pod() {
    let mut pod = Pod::with_addresses("app-0", &["10.1.2.3", "fd00:10::3"])
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "prints-args");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "fd00:10::3");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}
