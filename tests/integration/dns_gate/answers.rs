//! Whatever a name server may answer: it is survived, and what it was is said.

use crate::clusters::*;
use crate::harness::*;

/// What the pod says when this is all that it is ever told.
fn last_words_after(answer: Answer) -> String {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.answer_everything(answer);
    let ended = pod.run("erl").ends_with(69);
    let errors: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.contains("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{ended}");
    assert!(errors[0].contains(OWN_NAME), "{ended}");
    errors[0].to_owned()
}

/// Starts the pod with a few such answers first and the true one then.
fn starts_after(answer: &Answer) {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let truth = Answer::address("10.1.2.3");
    let ours = [answer.clone(), answer.clone(), truth];
    dns.script(OWN_NAME, RecordType::A, ours);
    dns.script(
        OWN_NAME,
        RecordType::AAAA,
        [
            answer.clone(),
            answer.clone(),
            Answer::NoData { negative_ttl: 5 },
        ],
    );
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"), "after {answer:?}");
}

#[test]
fn nxdomain() {
    starts_after(&Answer::NxDomain { negative_ttl: 30 });
}

#[test]
fn nxdomain_without_soa() {
    starts_after(&Answer::NxDomainWithoutSoa);
    assert!(last_words_after(Answer::NxDomainWithoutSoa).contains("NXDOMAIN"));
}

#[test]
fn nodata() {
    starts_after(&Answer::NoData { negative_ttl: 30 });
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
fn an_alias() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    let alias = Answer::Alias(
        "pod-17.example.com".into(),
        vec!["10.1.2.3".parse().unwrap()],
    );
    dns.script(OWN_NAME, RecordType::A, [alias]);
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn an_alias_of_itself() {
    let looped = Answer::Alias(OWN_NAME.into(), vec![]);
    starts_after(&looped);
    last_words_after(looped);
}

#[test]
fn only_an_ipv6_address() {
    let mut pod = Pod::with_addresses("app-0", &["fd00:10::3"])
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
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "prints-args");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "fd00:10::3");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}
