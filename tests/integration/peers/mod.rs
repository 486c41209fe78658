//! Who the cluster's other nodes are: `beaminit peers`, in a pod of its own.

mod churn;
mod nameservers;
mod never_met;
mod silence;

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::clusters::*;
use crate::harness::*;
use crate::probe::{greeting, serve};

/// Addresses that answer at once that nothing listens there.
const NEAR: [&str; 2] = ["10.96.7.1", "10.96.7.2"];

/// No node runs here.
pub const NOT_UP: &str = "beaminit: warning: no peer counts as joined: app@";

/// Pod `app-0`, whose peers are to be found in these places.
fn pod(peers: &str) -> (Pod, Dns) {
    let mut pod = stateful_pod().env("BEAMINIT_PEERS", peers);
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    dns.publish_pod(SIBLING, NEAR[0]);
    (pod, dns)
}

/// What `beaminit peers` lists: the nodes, each with the reason why it does not answer, for none of them is there.
#[track_caller]
fn lists(pod: &Pod, nodes: &[&str]) {
    let ended = pod.beaminit("peers -- erl").ends();
    let listed: Vec<&str> = ended
        .stdout
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(listed, nodes, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, i32::from(!nodes.is_empty()));
    assert!(ended.stderr.starts_with(NOT_UP), "{ended}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
}

#[test]
fn srv_of_the_service_names_pods() {
    let (pod, dns) = pod("dns");
    dns.script(
        SERVICE_NAME,
        RecordType::SRV,
        [Answer::services([OWN_NAME, SIBLING])],
    );
    lists(&pod, &[&format!("app@{SIBLING}")]);
}

#[test]
fn a_name_of_its_own_is_completed_and_may_have_a_port() {
    let (pod, dns) = pod("dns:_epmd._tcp.other.prod.svc.cluster.local dns:third");
    let host = |service: &str| format!("x-0.{service}.prod.svc.cluster.local");
    let (other, third) = (host("other"), host("third"));
    dns.publish(&other, NEAR[0]);
    dns.publish(&third, NEAR[1]);
    dns.script(
        "_epmd._tcp.other.prod.svc.cluster.local",
        RecordType::SRV,
        [Answer::services([other.as_str()])],
    );
    dns.script(
        "third.prod.svc.cluster.local",
        RecordType::SRV,
        [Answer::services([third.as_str()])],
    );
    lists(&pod, &[&format!("app@{other}"), &format!("app@{third}")]);
}

#[test]
fn without_srv_the_addresses_name_them() {
    let (pod, dns) = pod("dns");
    dns.script(
        SERVICE_NAME,
        RecordType::A,
        [Answer::addresses(["10.1.2.3", NEAR[0]])],
    );
    lists(&pod, &[&format!("app@{SIBLING}")]);
}

#[test]
fn a_service_that_is_not_headless_is_told_of() {
    let (pod, dns) = pod("dns");
    let told = format!("Service {SERVICE_NAME} is not headless, so DNS does not tell its pods");
    let (own, virtual_address) = (Answer::services([SERVICE_NAME]), "203.0.113.7");
    dns.script(SERVICE_NAME, RecordType::SRV, [own]);
    dns.publish(SERVICE_NAME, virtual_address);
    dns.point(virtual_address, SERVICE_NAME);
    let ended = pod.beaminit("peers -- erl").ends();
    assert!(ended.stderr.contains(&told), "{ended}");
    assert!(ended.stderr.contains("clusterIP: None"), "{ended}");
    // Another nameserver than CoreDNS has SRV of ports alone.
    dns.script(SERVICE_NAME, RecordType::SRV, [Answer::NoDataWithoutSoa]);
    let ended = pod.beaminit("peers -- erl").ends();
    assert!(ended.stderr.contains(&told), "{ended}");
    // Nodes that are named by address find one of themselves at the Service's.
    serve(&pod, "203.0.113.7:4369", |mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03app\0\0");
    });
    serve(&pod, "203.0.113.7:43691", |mut stream| {
        let _ = stream.write_all(&greeting("app@10.1.2.4"));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let told = "is not at 203.0.113.7: is that a Service which is not headless (clusterIP: None)?";
    let pod = pod.env("BEAMINIT_HOST", "ip");
    let ended = pod.beaminit("peers -- erl").ends();
    assert!(ended.stdout.contains(told), "{ended}");
    let pod = pod.env("BEAMINIT_HOST", "pod-ip");
    let ended = pod.beaminit("peers -- erl").ends();
    assert!(ended.stdout.contains(told), "{ended}");
    // A node that has its Service's name is a peer of those behind another one.
    let pod = pod.env("BEAMINIT_HOST", "pod");
    let pod = pod.env("BEAMINIT_PEERS", "dns:one");
    let one = "one.prod.svc.cluster.local";
    dns.script(one, RecordType::SRV, [Answer::services([one])]);
    dns.publish(one, NEAR[0]);
    lists(&pod, &[&format!("app@{one}")]);
}

#[test]
fn nodes_named_by_address_are_found_by_address() {
    for (form, peer) in [
        ("pod-ip", "10-96-7-1.app.prod.svc.cluster.local"),
        ("ip", NEAR[0]),
    ] {
        let (pod, dns) = pod("dns");
        dns.script(
            SERVICE_NAME,
            RecordType::A,
            [Answer::addresses(["10.1.2.3", NEAR[0]])],
        );
        lists(&pod.env("BEAMINIT_HOST", form), &[&format!("app@{peer}")]);
        assert!(
            dns.asked()
                .iter()
                .all(|question| question.kind != RecordType::SRV)
        );
    }
}

#[test]
fn containers_are_named_by_the_pointers_of_their_addresses() {
    let mut pod = Pod::new("f00")
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "reverse")
        .env("BEAMINIT_PEERS", "dns:worker")
        .program("erl", "prints-args");
    let dns = pod.nameserver("127.0.0.11").like(Kind::Docker {
        outside: Answer::servfail(),
    });
    dns.script(
        "worker",
        RecordType::A,
        [Answer::addresses(["10.1.2.3", NEAR[0], NEAR[1]])],
    );
    dns.point("10.1.2.3", "x_worker_1.x_net");
    dns.point(NEAR[0], "x_worker_2.x_net");
    dns.point(NEAR[1], "x_worker_3.x_net");
    lists(&pod, &["app@x_worker_2.x_net", "app@x_worker_3.x_net"]);
}

#[test]
fn containers_in_two_networks_meet_in_the_one_that_names_them() {
    for (form, peer) in [("reverse", "app@x_worker_2.back"), ("ip", "app@10.96.7.2")] {
        let mut pod = Pod::with_addresses("f00", &["10.1.2.3", "10.9.0.4"])
            .env("ERLANG_COOKIE", "chocolate")
            .env("SNAME", "app")
            .env("BEAMINIT_HOST", form)
            .env("BEAMINIT_INTERFACE", "10.9.0.0/16")
            .env("BEAMINIT_PEERS", "dns:worker")
            .program("erl", "prints-args");
        let dns = pod.nameserver("127.0.0.11").like(Kind::Docker {
            outside: Answer::servfail(),
        });
        for (name, own, near) in [
            ("worker", "10.1.2.3", NEAR[0]),
            ("worker.back", "10.9.0.4", NEAR[1]),
        ] {
            let addresses = Answer::addresses([own, near]);
            dns.script(name, RecordType::A, [addresses]);
        }
        dns.publish_pod("x_worker_1.back", "10.9.0.4");
        dns.point(NEAR[0], "x_worker_2.front");
        dns.point(NEAR[1], "x_worker_2.back");
        lists(&pod, &[peer]);
        // A Service of another network is found there.
        dns.withdraw("worker.back");
        let other = if form == "ip" {
            "app@10.96.7.1"
        } else {
            "app@x_worker_2.front"
        };
        lists(&pod, &[other]);
    }
}

#[test]
fn a_fixed_list_is_what_it_says() {
    let (pod, _dns) =
        pod("hosts:app-1.app.prod.svc.cluster.local,other@app-0.app.prod.svc.cluster.local");
    lists(
        &pod,
        &[&format!("app@{SIBLING}"), &format!("other@{OWN_NAME}")],
    );
}

#[test]
fn a_service_without_pods_has_no_peers() {
    let (pod, dns) = pod("dns:nobody.prod");
    lists(&pod, &[]);
    dns.answer_everything(Answer::servfail());
    let ended = pod.beaminit("peers -- erl").ends();
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    let expected = "beaminit: error: nobody.prod.svc.cluster.local: SERVFAIL from 10.96.0.10\n";
    assert!(ended.stderr.starts_with(expected), "{ended}");
}

#[test]
fn lists_them_as_json() {
    let (pod, _dns) = pod(&format!("hosts:{SIBLING}"));
    let ended = pod.beaminit("peers --json -- erl").ends();
    let line: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(line["node"], format!("app@{SIBLING}"));
    assert_eq!(
        (&line["address"], &line["answers"], &line["joined"]),
        (&NEAR[0].into(), &false.into(), &false.into())
    );
    assert!(line["reason"].as_str().unwrap().starts_with("has no epmd"));
    let ended = pod.beaminit("peers --yaml").ends();
    assert_eq!(ended.code, 64);
}

#[test]
fn lists_the_hosts_of_those_that_answer_for_net_adm() {
    let (pod, dns) = pod(&format!(
        "hosts:{SIBLING},there.example,other@there.example"
    ));
    dns.publish("there.example", "10.96.7.9");
    serve(&pod, "10.96.7.9:4369", |mut stream| {
        let mut question = [0; 64];
        let count = stream.read(&mut question).unwrap_or(0);
        let name = &question[3..count];
        let length = u8::try_from(name.len()).unwrap();
        let start = b"w\0\xaa\xabM\0\0\x06\0\x05\0";
        let _ = stream.write_all(&[start.as_slice(), &[length], name, b"\0\0"].concat());
    });
    serve(&pod, "10.96.7.9:43691", |mut stream| {
        let _ = stream.write_all(&greeting("app@there.example"));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let ended = pod.beaminit("peers --hosts -- erl").ends_with(0);
    assert_eq!(ended.stdout, "'there.example'.\n");
    let warned = format!("beaminit: warning: app@{SIBLING} has no epmd");
    assert!(ended.stderr.contains(&warned), "{ended}");
    // What could not be asked may have more of them.
    dns.script("dead.example", RecordType::SRV, [Answer::servfail()]);
    dns.script("dead.example", RecordType::A, [Answer::servfail()]);
    let pod = pod.env("BEAMINIT_PEERS", "dns:dead.example. hosts:there.example");
    let ended = pod.beaminit("peers --hosts -- erl").ends_with(1);
    assert_eq!(ended.stdout, "'there.example'.\n");
    let both = pod.beaminit("peers --hosts --json -- erl").ends_with(64);
    assert!(both.stderr.contains("give one of them"), "{both}");
    let place = pod.beaminit("peers dns:worker").ends_with(64);
    assert!(place.stderr.contains("set BEAMINIT_PEERS to it"), "{place}");
    let pod = pod.env("BEAMINIT_EPMD", "off");
    let ended = pod.beaminit("peers --hosts").ends_with(78);
    assert!(
        ended.stderr.contains("asks the epmd of each host"),
        "{ended}"
    );
}

#[test]
fn what_cannot_work_is_said_at_the_start() {
    for (variable, value, message) in [
        (
            "BEAMINIT_PEERS",
            "consul",
            "BEAMINIT_PEERS is \"consul\": \"consul\" is none of dns",
        ),
        (
            "BEAMINIT_PEERS",
            "hosts:short",
            "BEAMINIT_PEERS has hosts:short, and nodes with short and with long names never connect",
        ),
        (
            "BEAMINIT_PEERS_INTERVAL",
            "5",
            "BEAMINIT_PEERS_INTERVAL is \"5\": not a time",
        ),
        (
            "BEAMINIT_PEERS_BOOT",
            "on",
            "BEAMINIT_PEERS_BOOT is \"on\": not one of off, sync",
        ),
        (
            "CLUSTER_HOSTNAME",
            "",
            "BEAMINIT_PEERS has dns, which finds long names, and app@app-0 is short",
        ),
        (
            "BEAMINIT_HOST",
            "service",
            "BEAMINIT_PEERS has dns, and BEAMINIT_HOST is \"service\"",
        ),
        (
            "ERLANG_COOKIE",
            "",
            "BEAMINIT_PEERS is set, and no cookie is known",
        ),
    ] {
        let (pod, _dns) = pod("dns");
        let ended = pod.env(variable, value).run("erl").ends();
        assert_eq!(ended.code, 78, "{variable}={value}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(message),
            "{variable}={value}: {}",
            ended.stderr
        );
    }
    let ended = stateful_pod().beaminit("peers -- erl").ends();
    assert_eq!(ended.code, 78);
    assert!(
        ended.stderr.contains("BEAMINIT_PEERS is not set"),
        "{}",
        ended.stderr
    );
}
