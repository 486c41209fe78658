//! Pods with IPv6 addresses, alone or beside IPv4.

use super::{side_by_side, tells};
use crate::clusters::*;
use crate::harness::*;

const V6_DNS: &str = "fd00:96::10";

/// The name that CoreDNS gives fd00:10::3: its colons dashed.
const V6_DASHED: &str = "fd00-10--3.app.prod.svc.cluster.local";

fn pod_with(addresses: &[&str]) -> Pod {
    Pod::with_addresses("app-0", addresses)
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "prints-args")
}

/// The protocols of the distribution that `erl` is told to use.
fn protocols(pod: &Pod) -> Vec<String> {
    erl_in(pod).values("-proto_dist")
}

#[test]
fn where_there_is_only_ipv6_the_distribution_uses_it() {
    side_by_side([OWN_NAME, V6_DASHED], |name| {
        let mut pod = pod_with(&["fd00:10::3"]);
        let dns = pod.nameserver(V6_DNS);
        dns.publish_pod(name, "fd00:10::3");
        let started = erl_in(&pod);
        assert_eq!(started.node(), Some(format!("app@{name}")));
        assert_eq!(started.values("-proto_dist"), ["inet6_tcp"]);
    });
}

#[test]
fn where_there_is_only_ipv4_it_does_not() {
    let mut pod = pod_with(&["10.1.2.3"]);
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    assert!(protocols(&pod).is_empty());
}

#[test]
fn with_both_it_follows_the_record() {
    side_by_side(
        [
            (&["10.1.2.3"][..], &[][..]),
            (&["fd00:10::3"], &["inet6_tcp"]),
            (&["10.1.2.3", "fd00:10::3"], &[]),
        ],
        |(published, expected)| {
            let mut pod = pod_with(&["10.1.2.3", "fd00:10::3"]);
            let dns = pod.nameserver(CLUSTER_DNS);
            for address in published {
                dns.publish_pod(OWN_NAME, address);
            }
            assert_eq!(protocols(&pod), expected, "with {published:?}");
        },
    );
}

#[test]
fn a_pods_ipv6_address_may_be_its_host() {
    let pod = pod_with(&["fd00:10::3"]).env("BEAMINIT_HOST", "ip");
    let started = erl_in(&pod);
    assert_eq!(started.node().as_deref(), Some("app@fd00:10::3"));
    assert_eq!(started.values("-proto_dist"), ["inet6_tcp"]);
}

#[test]
fn a_protocol_of_the_users_own_is_left_alone() {
    let mut pod = pod_with(&["fd00:10::3"]);
    let dns = pod.nameserver(V6_DNS);
    dns.publish_pod(OWN_NAME, "fd00:10::3");
    let ended = pod.run("erl -proto_dist inet6_tls").ends_with(0);
    assert!(ended.stdout.contains("inet6_tls"), "{ended}");
    assert!(!ended.stdout.contains("inet6_tcp"), "{ended}");
}

#[test]
fn dashes_are_made_as_coredns_makes_them() {
    side_by_side(
        [
            ("fd00:10::3", "fd00-10--3"),
            ("fd00:10::", "fd00-10--0"),
            ("FD00:0010:0:0::0003", "fd00-10--3"),
            ("fd00:10:0:5:1:2:3:4", "fd00-10-0-5-1-2-3-4"),
        ],
        |(address, dashed)| {
            let mut pod = pod_with(&["fd00:10::3"]).env("POD_IP", address);
            let dns = pod.nameserver(V6_DNS);
            let name = format!("{dashed}.app.prod.svc.cluster.local");
            dns.publish_pod(&name, address);
            assert_eq!(name_in(&pod), format!("app@{name}"), "of {address}");
        },
    );
}

#[test]
fn a_dual_stack_deployments_pod_goes_by_either_address() {
    for (name, address) in [(DASHED_NAME, "10.1.2.3"), (V6_DASHED, "fd00:10::3")] {
        let mut pod = pod_with(&["10.1.2.3", "fd00:10::3"]).env("POD_IP", address);
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(name, address);
        assert_eq!(name_in(&pod), format!("app@{name}"));
    }
}

#[test]
fn another_ipv6_address_is_said_and_waited_out() {
    let mut pod = pod_with(&["fd00:10::3"]);
    let dns = pod.nameserver(V6_DNS).like(Kind::CoreDns { ttl: 2 });
    dns.publish_pod(OWN_NAME, "fd00:10::9");
    let node = pod.run("erl");
    let line = node.says("fd00:10::9").text;
    tells(&line, [OWN_NAME, "fd00:10::3"]);
    dns.publish_pod(OWN_NAME, "fd00:10::3");
    node.ends_with(0);
}

#[test]
fn the_loopback_address_is_nobodys_own() {
    let mut pod = pod_with(&["fd00:10::3"]).env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(V6_DNS);
    dns.publish(OWN_NAME, "::1");
    pod.run("erl").ends_with(69);
}
