//! Containers with several interfaces, in the order in which a container engine may make them.

use crate::clusters::*;
use crate::harness::*;

/// An interface with an address.
fn interface(name: &str, address: &str) -> String {
    format!(
        "link add {name} type veth peer name {name}-end\nlink set {name}-end up\nlink set {name} up\naddr add {address} dev {name}\n"
    )
}

/// One that says of itself what a dummy interface does, of which not every kernel has the type.
fn dummy(name: &str, address: &str) -> String {
    interface(name, address) + &format!("link set {name} arp off\n")
}

#[test]
fn a_restart_does_not_rename_a_node_in_two_networks() {
    let networks = [
        interface("eth0", "10.1.2.3/24"),
        interface("eth1", "10.9.0.4/16"),
    ];
    for order in [[0, 1], [1, 0]] {
        for default in ["10.1.2.1", "10.9.0.1"] {
            let pod = asking_laptop()
                .env("BEAMINIT_HOST", "ip")
                .env("ERLANG_COOKIE", "c");
            let interfaces = order.map(|at| networks[at].clone()).concat();
            let change = format!("link del eth0\n{interfaces}route add default via {default}\n");
            pod.network().change(&change);
            let ended = pod.run("erl").ends_with(0);
            assert!(ended.stdout.contains("erl@10.1.2.3"), "{ended}");
            let warning = "beaminit: warning: this container has several addresses: the node's name is made from 10.1.2.3 (eth0), and not from 10.9.0.4 (eth1); set BEAMINIT_INTERFACE";
            assert!(ended.stderr.contains(warning), "{ended}");
            let said = pod.env("BEAMINIT_INTERFACE", "10.9.0.0/16");
            let ended = said.run("erl").ends_with(0);
            assert!(ended.stdout.contains("erl@10.9.0.4"), "{ended}");
            assert!(!ended.stderr.contains("warning"), "{ended}");
        }
    }
}

#[test]
fn a_services_address_is_not_this_pods() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "1s");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish(OWN_NAME, "10.96.77.5");
    let services = dummy("kube-ipvs0", "10.96.77.5/32");
    pod.network().change(&services);
    let ended = pod.run("erl").ends_with(69);
    let says = "is 10.96.77.5 after 1s (answered by 10.96.0.10), and this pod is 10.1.2.3";
    assert!(ended.stderr.contains(says), "{ended}");
    // Unless that is what the user says.
    for (variable, value) in [
        ("POD_IP", "10.96.77.5"),
        ("BEAMINIT_INTERFACE", "kube-ipvs0"),
    ] {
        let pod = stateful_pod()
            .env(variable, value)
            .env("BEAMINIT_HOST", "ip");
        pod.network().change(&services);
        let ended = pod.run("erl").ends_with(0);
        assert!(ended.stdout.contains("app@10.96.77.5"), "{ended}");
        assert!(!ended.stderr.contains("warning"), "{ended}");
    }
}

#[test]
fn the_family_that_the_user_says_is_asked_for_and_spoken() {
    for (variable, value) in [("POD_IP", "ipv6"), ("BEAMINIT_INTERFACE", "fdaa::/16")] {
        let mut pod = Pod::with_addresses("app-0", &["172.19.0.2", "fdaa:0:1::3"])
            .env("ERLANG_COOKIE", "chocolate")
            .env("BEAMINIT_NODE", "app@app.internal")
            .env(variable, value)
            .program("erl", "prints-args");
        let dns = pod.nameserver("fd00:96::10");
        dns.publish("app.internal", "172.19.0.2");
        dns.publish("app.internal", "fdaa:0:1::3");
        assert_eq!(erl_in(&pod).values("-proto_dist"), ["inet6_tcp"]);
    }
}
