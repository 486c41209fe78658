//! Container engines' own networks, and a machine's: what is said of a name that DNS does not have.

use super::{diagnosis, tells};
use crate::clusters::*;
use crate::harness::*;

const DOCKER_DNS: &str = "127.0.0.11";
const PODMAN_DNS: &str = "10.96.0.1";

/// A container that gives up after a second.
fn container(addresses: &[&str]) -> Pod {
    Pod::with_addresses("4f1c2a9b7d3e", addresses)
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .program("erl", "prints-args")
}

fn in_docker(mut pod: Pod) -> (Pod, Dns) {
    let outside = Answer::servfail();
    let dns = pod.nameserver(DOCKER_DNS).like(Kind::Docker { outside });
    (pod, dns)
}

#[test]
fn docker_is_told_of_by_what_helps_there() {
    for (cluster, namespace, says) in [
        ("nope", "", "BEAMINIT_HOST=reverse"),
        ("blog", "", "BEAMINIT_HOST=reverse"),
        ("app.local", "", "BEAMINIT_HOST=reverse"),
        // Who speaks of a namespace has it completed.
        ("blog", "prod", "with a dot at its end, blog."),
    ] {
        let pod = container(&["10.1.2.3"]).env("CLUSTER_HOSTNAME", cluster);
        let (pod, dns) = in_docker(pod.env("POD_NAMESPACE", namespace));
        dns.publish_pod("shop-app-1.shop-net", "10.1.2.3");
        let line = diagnosis(&pod);
        tells(
            &line,
            ["DNS calls this container shop-app-1.shop-net", says],
        );
        for misleading in ["Service", "publishNotReadyAddresses"] {
            assert!(!line.contains(misleading), "{misleading} in: {line}");
        }
    }
}

#[test]
fn a_task_of_swarm_has_no_name_before_it_is_healthy() {
    let pod = container(&["10.1.2.3"]).env("CLUSTER_HOSTNAME", "tasks.shop.");
    let (pod, _dns) = in_docker(pod);
    let says = [
        "a Swarm task gets its names when its health check has passed",
        "BEAMINIT_HOST=ip",
    ];
    tells(&diagnosis(&pod), says);
}

#[test]
fn a_compose_networks_name_is_a_domain() {
    let (pod, dns) = in_docker(container(&["10.1.2.3"]).env("CLUSTER_HOSTNAME", "shop-net"));
    dns.publish("4f1c2a9b7d3e.shop-net", "10.1.2.3");
    assert_eq!(name_in(&pod), "app@4f1c2a9b7d3e.shop-net");
}

#[test]
fn podman_has_no_pointers_to_full_names() {
    for pointer in [
        Answer::PointerOfRoot("4f1c2a9b7d3e".into()),
        Answer::Pointers(vec!["4f1c2a9b7d3e".into(), "app-1".into()]),
    ] {
        for (variable, value, says) in [
            (
                "BEAMINIT_HOST",
                "reverse",
                "instead of BEAMINIT_HOST=reverse",
            ),
            (
                "CLUSTER_HOSTNAME",
                "nope",
                "its containers under dns.podman",
            ),
        ] {
            let mut pod = container(&["10.1.2.3"])
                .search("dns.podman")
                .env(variable, value);
            let dns = pod.nameserver(PODMAN_DNS);
            dns.script("3.2.1.10.in-addr.arpa", RecordType::PTR, [pointer.clone()]);
            let line = diagnosis(&pod);
            tells(&line, ["set CLUSTER_HOSTNAME=dns.podman", says]);
            if let (Answer::PointerOfRoot(_), "reverse") = (&pointer, value) {
                tells(&line, ["its PTR record is of the name \".\""]);
            }
        }
    }
    // Where it is set, it is not said again.
    let mut pod = container(&["10.1.2.3"]).search("dns.podman");
    let dns = pod.nameserver(PODMAN_DNS);
    let pod = pod.env("CLUSTER_HOSTNAME", "dns.podman");
    tells(&diagnosis(&pod), ["what its peers call it"]);
    dns.publish("4f1c2a9b7d3e.dns.podman", "10.1.2.3");
    assert_eq!(name_in(&pod), "app@4f1c2a9b7d3e.dns.podman");
}

#[test]
fn a_pointer_without_a_dot_is_shown() {
    let mut pod = container(&["10.1.2.3"]).env("BEAMINIT_HOST", "reverse");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.point("10.1.2.3", "app-1");
    tells(&diagnosis(&pod), ["app-1 is no full host name"]);
}

/// Networks by their names, the container's own first.
fn in_two_networks(cluster: &str) -> (Pod, Dns) {
    let pod = container(&["10.1.2.3"]).env("BEAMINIT_HOST", "reverse");
    let (pod, dns) = in_docker(pod.env("CLUSTER_HOSTNAME", cluster));
    pod.network().change("addr add 10.9.0.4/16 dev eth0\n");
    dns.publish_pod("shop-app-1.front", "10.1.2.3");
    dns.publish_pod("shop-app-1.back", "10.9.0.4");
    (pod, dns)
}

#[test]
fn the_pointer_in_the_network_that_the_user_names_comes_first() {
    for (cluster, name) in [("back", "back"), ("front", "front"), ("worker", "front")] {
        let (pod, _dns) = in_two_networks(cluster);
        assert_eq!(name_in(&pod), format!("app@shop-app-1.{name}"));
    }
    let (pod, _dns) = in_two_networks("back");
    let pod = pod.env("POD_IP", "10.1.2.3");
    assert_eq!(name_in(&pod), "app@shop-app-1.front");
}

#[test]
fn a_name_of_etc_hosts_is_told_of() {
    let pod = |name: &str| container(&["10.1.2.3"]).env("BEAMINIT_NODE", format!("app@{name}"));
    let (static_one, _dns) = in_docker(pod("one.example").hosts("10.1.2.3 one.example\n"));
    let says = "/etc/hosts has one.example (10.1.2.3): if its peers have that line too";
    tells(&diagnosis(&static_one), [says, "BEAMINIT_DNS=off"]);
    let ended = static_one
        .env("BEAMINIT_DNS", "off")
        .run("erl")
        .ends_with(0);
    assert!(ended.stdout.contains("app@one.example"), "{ended}");
    // Without any nameserver too.
    let unreachable = pod("one.example").hosts("10.1.2.3 one.example\n");
    tells(&diagnosis(&unreachable), [says]);
    // Every StatefulSet's pod has such a line, and its peers do not.
    let mut pod = stateful_pod()
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .hosts(&format!("10.1.2.3 {OWN_NAME} app-0\n"));
    let _dns = pod.nameserver(CLUSTER_DNS);
    let line = diagnosis(&pod);
    assert!(!line.contains("/etc/hosts"), "{line}");
}

#[test]
fn a_name_that_was_completed_may_be_whole() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .env("CLUSTER_HOSTNAME", "shop.internal");
    let _dns = pod.nameserver(CLUSTER_DNS);
    let dot = "if shop.internal is a whole name, write CLUSTER_HOSTNAME with a dot at its end, shop.internal.";
    tells(
        &diagnosis(&pod),
        ["app-0.shop.internal.svc.cluster.local", dot],
    );
}

/// A pod in its machine's network: the machine's host name and /etc/hosts.
fn on_the_machines_network(hosts: &str) -> (Pod, Dns) {
    let mut pod = Pod::new("worker-1")
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .env("BEAMINIT_DNS_TIMEOUT", "1s")
        .hosts_file(hosts)
        .program("erl", "prints-args");
    let dns = pod.nameserver(CLUSTER_DNS);
    (pod, dns)
}

#[test]
fn the_machines_host_name_is_told_of_at_once() {
    const KUBELETS: &str =
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n10.1.2.3 worker-1\n";
    let warning = "HOSTNAME is \"worker-1\", which seems to be the machine's name (hostNetwork)";
    for hosts in [KUBELETS, "127.0.0.1 localhost\n127.0.1.1 worker-1\n"] {
        let (pod, _dns) = on_the_machines_network(hosts);
        let pod = pod.env("BEAMINIT_DNS_TIMEOUT", "0");
        let waiting = pod.run("erl");
        let said = waiting.says(warning);
        assert!(
            said.text.contains("set HOSTNAME from metadata.name"),
            "{}",
            said.text
        );
        let pod = pod.env("BEAMINIT_DNS_TIMEOUT", "1s");
        tells(&diagnosis(&pod), [warning]);
    }
    // So are the machine's nameservers.
    let (pod, _dns) = on_the_machines_network(KUBELETS);
    let pod = pod
        .search("corp.example")
        .env("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    let line = diagnosis(&pod.env("POD_NAMESPACE", "prod").env("HOSTNAME", "app-0"));
    tells(
        &line,
        [
            "/etc/resolv.conf is the machine's",
            "set dnsPolicy: ClusterFirstWithHostNet",
        ],
    );
    // With the pod's name, as in any other pod, or where the address names it, there is nothing to say.
    let (pod, dns) = on_the_machines_network(KUBELETS);
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    let by_address = pod.run("erl").ends_with(0);
    let (pod, dns) = on_the_machines_network(KUBELETS);
    let pod = pod
        .env("HOSTNAME", "app-0")
        .env("BEAMINIT_DNS_TIMEOUT", "30s");
    let by_name = pod.run("erl");
    dns.is_asked_for_times(OWN_NAME, 2);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let (ordinary, _dns) = on_the_machines_network("127.0.0.1 localhost\n10.1.2.3 worker-1\n");
    for ended in [
        by_address,
        by_name.ends_with(0),
        ordinary.run("erl").ends_with(69),
    ] {
        assert!(!ended.stderr.contains("the machine's name"), "{ended}");
    }
}
