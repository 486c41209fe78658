//! The nameservers change, or somebody answers in their place.

use std::net::UdpSocket;

use super::*;

const OTHER_DNS: &str = "10.96.0.11";

fn conf(nameserver: &str) -> String {
    format!("search prod.svc.cluster.local svc.cluster.local\nnameserver {nameserver}\n")
}

#[test]
fn a_start_that_waits_asks_the_nameserver_that_resolv_conf_has_now() {
    let pod = stateful_pod().resolv_conf(&conf(CLUSTER_DNS));
    let other = Dns::serve(pod.network(), OTHER_DNS);
    other.publish_pod(OWN_NAME, "10.1.2.3");
    let node = pod.run("erl -noinput");
    node.says("waiting");
    assert!(other.asked().is_empty());
    pod.rewrite_resolv_conf(&conf(OTHER_DNS));
    node.says("/etc/resolv.conf has changed: the nameserver is 10.96.0.11 now");
    node.ends_with(0);
}

#[test]
fn a_joiner_asks_the_nameserver_that_resolv_conf_has_now() {
    let mut pod = stateful_pod()
        .env("BEAMINIT_PEERS", "dns")
        .env("BEAMINIT_PEERS_INTERVAL", "500ms");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let erl = ["/usr/bin/erl", "-noinput", "-eval", crate::real::SPEAK];
    let node = pod.run(erl);
    node.says("node=");
    dns.is_asked_for_times(SERVICE_NAME, 2);
    drop(dns);
    let other = Dns::serve(pod.network(), OTHER_DNS);
    pod.rewrite_resolv_conf(&conf(OTHER_DNS));
    other.is_asked_for_times(SERVICE_NAME, 2);
    node.says("/etc/resolv.conf has changed");
    // Written again with the same nameserver: nobody is told.
    pod.rewrite_resolv_conf(&(conf(OTHER_DNS) + "options ndots:5\n"));
    let asked = other.asked_for(SERVICE_NAME).len();
    other.is_asked_for_times(SERVICE_NAME, asked + 3);
    let log = node.transcript().to_string();
    assert_eq!(
        log.matches("/etc/resolv.conf has changed").count(),
        1,
        "{log}"
    );
}

#[test]
fn a_flood_of_forged_answers_is_one_line() {
    let mut pod = stateful_pod().env("BEAMINIT_DNS_TIMEOUT", "20s");
    pod.dead_nameserver(CLUSTER_DNS);
    let socket = pod.network().inside(|| UdpSocket::bind((CLUSTER_DNS, 53)));
    let socket = socket.expect("port 53");
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            question[0] ^= 0x55;
            for _ in 0..100 {
                let _ = socket.send_to(&question[..length], from);
            }
        }
    });
    let ended = pod.run("erl").ends_with(69);
    let line = "beaminit: warning: ignored ";
    let told: Vec<&str> = ended
        .stderr
        .lines()
        .filter_map(|one| one.strip_prefix(line))
        .collect();
    let [told] = told.as_slice() else {
        panic!("not one line: {ended}")
    };
    let count: u32 = told.split(' ').next().unwrap().parse().unwrap();
    assert!(count >= 50, "{told}");
    assert!(!ended.stderr.contains("message id"), "{ended}");
    let of_beaminit = ended
        .stderr
        .lines()
        .all(|line| line.starts_with("beaminit: "));
    assert!(of_beaminit && ended.stderr.lines().count() < 20, "{ended}");
}
