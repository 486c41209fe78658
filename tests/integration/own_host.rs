//! The VM looks its own host name up at boot; where that will take long, it is said.

use std::time::{Duration, Instant};

use crate::harness::*;

const NAMESERVER: &str = "10.96.0.10";

/// A pod whose /etc/hosts does not have its name, without DNS for the node itself.
fn unlisted() -> Pod {
    Pod::new("app-0")
        .without_hosts()
        .env("ERLANG_COOKIE", "secret")
        .env("BEAMINIT_HOST", "ip")
        .env("SNAME", "app")
        .program("erl", "prints-args")
}

fn is_warned(ended: &Ended) -> bool {
    let warning =
        |line: &str| line.starts_with("beaminit: warning: the VM looks its own host name app-0 up");
    ended.stderr.lines().any(warning)
}

/// A nameserver that takes packets and drops them; it lives as long as the socket.
fn dropping(pod: &mut Pod) -> std::net::UdpSocket {
    pod.dead_nameserver(NAMESERVER);
    let bind = || std::net::UdpSocket::bind((NAMESERVER, 53)).unwrap();
    pod.network().inside(bind)
}

#[test]
fn a_nameserver_that_drops_packets_is_a_warning() {
    let mut pod = unlisted();
    let _dropped = dropping(&mut pod);
    let started = Instant::now();
    let ended = pod.run("erl").ends_with(0);
    is_within(Duration::from_secs(3), ended.at - started, &ended);
    assert!(is_warned(&ended), "{ended}");
    for part in [NAMESERVER, "10.1.2.3 app-0", "/etc/hosts", "8s"] {
        assert!(ended.stderr.contains(part), "no {part} in: {ended}");
    }
}

#[test]
fn a_host_name_in_etc_hosts_is_not_asked_for() {
    let mut pod = unlisted().hosts("10.1.2.3 app-0\n");
    let dropped = dropping(&mut pod);
    let ended = pod.run("erl").ends_with(0);
    assert!(!is_warned(&ended), "{ended}");
    dropped.set_nonblocking(true).unwrap();
    assert!(dropped.recv(&mut [0; 512]).is_err(), "it was asked");
}

#[test]
fn nor_is_one_with_a_domain() {
    let mut pod = Pod::new("app-0.example.com")
        .without_hosts()
        .env("ERLANG_COOKIE", "secret")
        .env("BEAMINIT_HOST", "ip")
        .program("erl", "prints-args");
    let _dropped = dropping(&mut pod);
    let ended = pod.run("erl").ends_with(0);
    assert!(!ended.stderr.contains("warning: the VM"), "{ended}");
}

#[test]
fn a_nameserver_that_answers_is_none() {
    let mut pod = unlisted().in_namespace("prod");
    let _dns = pod.nameserver(NAMESERVER);
    let ended = pod.run("erl").ends_with(0);
    assert!(!is_warned(&ended), "{ended}");
}

#[test]
fn nor_is_a_port_that_is_closed() {
    let mut pod = unlisted();
    pod.dead_nameserver(NAMESERVER);
    let ended = pod.run("erl").ends_with(0);
    assert!(!is_warned(&ended), "{ended}");
}

#[test]
fn neither_a_client_nor_another_command_is_held_up() {
    let mut pod = unlisted();
    let _dropped = dropping(&mut pod);
    for command in ["erl -remsh app@10.1.2.4", "prints-args"] {
        let ended = pod.run(command).ends_with(0);
        assert!(!is_warned(&ended), "{ended}");
    }
}
