//! Which name a node gets, from which surroundings.

use crate::clusters::*;
use crate::harness::*;
use crate::started::Started;

/// A pod that needs no record, to see nothing but the name.
fn unhurried(pod: Pod) -> Pod {
    pod.env("BEAMINIT_DNS", "off")
}

// The three formulas of systems that pass their names in by hand, and the address.

#[test]
fn everything_reachable_is_sname_at_hostname() {
    let mut pod = Pod::new("app.example.com")
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .program("erl", "prints-args");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish("app.example.com", "10.1.2.3");
    assert_eq!(name_in(&pod), "app@app.example.com");
    assert_eq!(
        name_in(&pod.env("BEAMINIT_HOST", "hostname")),
        "app@app.example.com"
    );
}

#[test]
fn an_exclusive_service_is_sname_at_cluster_hostname() {
    let mut pod = stateful_pod()
        .env("CLUSTER_HOSTNAME", "app.prod.svc.cluster.local")
        .env("BEAMINIT_HOST", "service");
    let dns = pod.nameserver(CLUSTER_DNS);
    // A Service's name answers its virtual address, never the pod's.
    dns.publish("app.prod.svc.cluster.local", "10.96.77.5");
    assert_eq!(name_in(&pod), "app@app.prod.svc.cluster.local");
}

#[test]
fn a_scaled_service_is_sname_at_hostname_in_cluster_hostname() {
    let mut pod = stateful_pod().env("CLUSTER_HOSTNAME", "app.prod.svc.cluster.local");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
    assert_eq!(
        name_in(&pod.env("BEAMINIT_HOST", "pod")),
        format!("app@{OWN_NAME}")
    );
}

#[test]
fn a_deployments_pod_is_named_by_its_dashed_address() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    assert_eq!(name_in(&pod), format!("app@{DASHED_NAME}"));
    assert_eq!(
        name_in(&pod.env("BEAMINIT_HOST", "pod-ip")),
        format!("app@{DASHED_NAME}")
    );
}

#[test]
fn a_pods_address_may_be_its_host() {
    let pod = stateful_pod().env("BEAMINIT_HOST", "ip");
    assert_eq!(name_in(&pod), "app@10.1.2.3");
    assert_eq!(name_in(&pod.env("POD_IP", "10.1.2.77")), "app@10.1.2.77");
}

#[test]
fn a_composed_services_container_is_named_by_its_pointer() {
    let mut pod = Pod::new("4f1c2a9b7d3e")
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "reverse")
        .program("erl", "prints-args");
    let dns = pod.nameserver("127.0.0.11");
    dns.answer_unknown(Answer::NxDomainWithoutSoa);
    dns.publish_pod("shop-app-1.shop-net", "10.1.2.3");
    assert_eq!(name_in(&pod), "app@shop-app-1.shop-net");
}

#[test]
fn the_whole_name_may_be_given() {
    let mut pod = stateful_pod().env("BEAMINIT_NODE", "other@node.example.com");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish("node.example.com", "10.1.2.3");
    assert_eq!(name_in(&pod), "other@node.example.com");
    let pod = laptop()
        .env("BEAMINIT_NODE", "other@10.1.2.3")
        .env("ERLANG_COOKIE", "chocolate");
    assert_eq!(name_in(&pod), "other@10.1.2.3");
}

// The part before the @.

#[test]
fn sname_is_else_the_releases_name_else_the_programs() {
    let pod = laptop().env("ERL_PORT", "5555");
    assert_eq!(erl_in(&pod).node().unwrap().split('@').next(), Some("erl"));
    let pod = pod.env("RELEASE_NAME", "shop");
    assert_eq!(erl_in(&pod).node().unwrap().split('@').next(), Some("shop"));
    let pod = pod.env("SNAME", "app");
    assert_eq!(erl_in(&pod).node().unwrap().split('@').next(), Some("app"));
}

#[test]
fn a_release_is_named_after_its_script() {
    let pod = unhurried(stateful_pod())
        .without("SNAME")
        .release("mix-release", "/srv/app1");
    let started = Started::from(&pod.run("/srv/app1/bin/app1 start").ends_with(0));
    assert_eq!(started.env["RELEASE_NODE"], format!("app1@{OWN_NAME}"));
}

// Where the domain's missing parts come from.

#[test]
fn a_services_name_is_completed() {
    for written in [
        "app",
        "app.prod",
        "app.prod.svc",
        "app.prod.svc.cluster.local",
    ] {
        let pod = unhurried(stateful_pod()).env("CLUSTER_HOSTNAME", written);
        assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"), "from {written}");
    }
}

#[test]
fn the_namespace_is_the_variables_else_the_accounts_else_the_search_lists() {
    let host = |pod: &Pod| name_in(pod).split_once('@').unwrap().1.to_owned();
    let pod = unhurried(stateful_pod()).in_namespace("searched");
    assert_eq!(host(&pod), "app-0.app.searched.svc.cluster.local");
    let pod = pod.service_account("mounted");
    assert_eq!(host(&pod), "app-0.app.mounted.svc.cluster.local");
    let pod = pod.env("POD_NAMESPACE", "named");
    assert_eq!(host(&pod), "app-0.app.named.svc.cluster.local");
}

#[test]
fn the_zone_is_the_search_lists_else_cluster_local() {
    let pod = unhurried(stateful_pod())
        .search("prod.svc.k8s.example.org svc.k8s.example.org k8s.example.org");
    assert_eq!(name_in(&pod), "app@app-0.app.prod.svc.k8s.example.org");
    let pod = pod.search("example.org").env("POD_NAMESPACE", "prod");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn trailing_dots_are_stripped() {
    let pod = unhurried(stateful_pod()).env("CLUSTER_HOSTNAME", "app.prod.svc.cluster.local.");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
    let pod = unhurried(
        Pod::new("app.example.com")
            .env("ERLANG_COOKIE", "chocolate")
            .program("erl", "prints-args"),
    );
    assert_eq!(
        name_in(&pod.env("HOSTNAME", "app.example.com.").env("SNAME", "app")),
        "app@app.example.com"
    );
}

#[test]
fn a_hostname_that_has_the_domain_is_not_extended_twice() {
    for written in ["app", "app.prod.svc.cluster.local"] {
        let pod = unhurried(stateful_pod())
            .env("CLUSTER_HOSTNAME", written)
            .env("HOSTNAME", OWN_NAME);
        assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"), "in {written}");
    }
}

#[test]
fn a_name_that_only_ends_alike_is_extended() {
    let pod = unhurried(stateful_pod())
        .env("CLUSTER_HOSTNAME", "b.example.com")
        .env("HOSTNAME", "ab");
    assert_eq!(name_in(&pod), "app@ab.b.example.com");
}

#[test]
fn without_the_variable_the_kernels_host_name_counts() {
    let pod = unhurried(stateful_pod()).without("HOSTNAME");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn an_empty_variable_is_none() {
    let pod = unhurried(stateful_pod())
        .env("HOSTNAME", "")
        .env("BEAMINIT_HOST", "")
        .env("POD_NAMESPACE", "");
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn an_ipv6_address_is_dashed_as_kubernetes_does() {
    for (address, dashed) in [("fd00:10::3", "fd00-10--3"), ("fd00:10::", "fd00-10--0")] {
        let pod = unhurried(stateful_pod())
            .env("BEAMINIT_HOST", "pod-ip")
            .env("POD_IP", address);
        assert_eq!(
            name_in(&pod),
            format!("app@{dashed}.app.prod.svc.cluster.local")
        );
    }
}

// Where there is nothing better.

#[test]
fn on_a_laptop_the_name_is_short_and_nothing_is_asked() {
    let mut pod = asking_laptop();
    let dns = pod.nameserver(CLUSTER_DNS);
    let started = erl_in(&pod);
    assert_eq!(started.values("-sname").len(), 1, "{:?}", started.flags());
    assert_eq!(started.values("-name"), [""; 0]);
    assert_eq!(dns.asked().len(), 0);
}

#[test]
fn where_nothing_asks_for_a_node_there_is_none() {
    let pod = laptop().without("ERLANG_COOKIE");
    let started = erl_in(&pod);
    assert_eq!(started.node(), None, "{:?}", started.flags());
    assert!(!started.env.contains_key("ERL_AFLAGS"), "{:?}", started.env);
}

#[test]
fn without_dns_the_first_candidate_is_it() {
    let pod = unhurried(stateful_pod());
    assert_eq!(name_in(&pod), format!("app@{OWN_NAME}"));
}

#[test]
fn an_upper_case_name_is_warned_of() {
    let pod = unhurried(stateful_pod()).env("BEAMINIT_NODE", "app@Node.Example.com");
    let ended = pod.run("erl").ends_with(0);
    let warned =
        |line: &str| line.starts_with("beaminit: warning: ") && line.contains("Node.Example");
    assert!(ended.stderr.lines().any(warned), "{ended}");
}
