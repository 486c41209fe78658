//! The pinned port must be free, and whoever has it is named.

use std::io::Read;
use std::net::TcpStream;

use crate::clusters::*;
use crate::harness::*;
use crate::started::Started;

/// A node that waits for its record while another process of the pod takes an address and port; then the record comes.
fn beside_a_holder(mut pod: Pod, address: &str, port: &str) -> (Ended, i32) {
    beside(&mut pod, &["takes-port", address, port], "takes-port")
}

/// The same with the command that takes it, and the name of its process.
fn beside(pod: &mut Pod, command: &[&str], name: &str) -> (Ended, i32) {
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.run("erl");
    dns.is_asked_for(OWN_NAME);
    let holder = node.enter(command);
    holder.says("ready");
    let pid = node.inmate(name).expect("the holder").pid;
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    (node.ends(), pid)
}

#[test]
fn a_taken_port_is_69_and_names_the_holder() {
    for address in ["0.0.0.0", "::", "10.1.2.3", "127.0.0.1"] {
        let (ended, pid) = beside_a_holder(stateful_pod(), address, "43691");
        assert_eq!(ended.code, 69, "{address}: {ended}");
        let error = ended.stderr.lines().last().unwrap();
        for part in ["43691", "takes-port", &pid.to_string(), "ERL_PORT"] {
            assert!(error.contains(part), "no {part} in: {error}");
        }
    }
}

#[test]
fn the_place_that_says_the_port_is_named() {
    let pin = "-kernel inet_dist_listen_min 9101";
    for (variable, value, place) in [
        ("ERL_FLAGS", pin, "ERL_FLAGS"),
        ("ERL_FLAGS", "-args_file /srv/own.args", "/srv/own.args:2"),
        ("ERL_PORT", "9101", "ERL_PORT"),
    ] {
        let pod = stateful_pod().env(variable, value);
        let pod = pod.file("/srv/own.args", format!("+K true\n{pin}\n"));
        let (ended, _) = beside_a_holder(pod, "0.0.0.0", "9101");
        assert_eq!(ended.code, 69, "{ended}");
        let error = ended.stderr.trim_end();
        let is_named = error.ends_with(&format!("? change {place}"))
            || error.ends_with(&format!("? change it in {place}"));
        assert!(is_named, "{place}: {ended}");
    }
}

#[test]
fn a_holder_whose_name_is_for_a_terminal_is_one_line() {
    let name = "\u{1b}[2J\nerror";
    let says = "$0 = \"\\e[2J\\nerror\"; do '/srv/releases/takes-port'; die $@";
    let shown = "taken by \\u001b[2J\\nerror (pid ";
    for format in ["text", "json"] {
        let mut pod = stateful_pod()
            .termination_log()
            .env("BEAMINIT_LOG_FORMAT", format);
        let log = pod.place("/dev/termination-log");
        let command = ["perl", "-e", says, "10.1.2.3", "43691"];
        let (ended, _) = beside(&mut pod, &command, name);
        let reason = std::fs::read_to_string(log).unwrap();
        let line = ended.stderr.lines().last().unwrap();
        for text in [&reason, line] {
            assert!(!text.contains(char::is_control), "{format}: {text:?}");
        }
        assert!(reason.contains(shown), "{reason}");
        assert!(line.contains(shown), "{format}: {line}");
    }
}

#[test]
fn the_address_that_the_vm_binds_is_the_one_that_counts() {
    let flag = ("ERL_FLAGS", "-kernel inet_dist_use_interface {127,0,0,1}");
    let file = ("ERL_FLAGS", "-config /srv/own");
    let six = ("ERL_FLAGS", "-proto_dist inet6_tcp");
    let bind = ("BEAMINIT_BIND", "pod");
    for ((name, value), holder, code) in [
        (flag, "10.1.2.3", 0),
        (flag, "127.0.0.1", 69),
        (flag, "0.0.0.0", 69),
        (file, "10.1.2.3", 0),
        (file, "127.0.0.1", 69),
        (bind, "127.0.0.1", 0),
        (bind, "10.1.2.3", 69),
        (six, "::1", 69),
    ] {
        let pod = stateful_pod().env(name, value).file(
            "/srv/own.config",
            "[{kernel, [{inet_dist_use_interface, {127,0,0,1}}]}].",
        );
        let (ended, _) = beside_a_holder(pod, holder, "43691");
        assert_eq!(ended.code, code, "{value}, {holder}: {ended}");
    }
    // Where nothing is asked for, a warning says so.
    for (holder, warns) in [("10.1.2.3", false), ("127.0.0.1", true)] {
        let node = laptop().first(["sh", "-c", "echo ready; exec sleep 1000"]);
        node.says("ready");
        let process = node.enter(["takes-port", holder, "5555"]);
        process.says("ready");
        let pinned = "-kernel inet_dist_use_interface {127,0,0,1} inet_dist_listen_min 5555";
        let flags = format!("ERL_FLAGS=-sname own {pinned}");
        let ended = node.enter(["env", &flags, BEAMINIT, "--", "erl"]).ends();
        assert_eq!(
            ended.stderr.contains("port 5555 is taken"),
            warns,
            "{ended}"
        );
    }
}

#[test]
fn an_address_that_is_not_the_containers_cannot_be_bound() {
    let pod = asking_laptop().env("BEAMINIT_BIND", "pod");
    let ended = pod.env("POD_IP", "10.9.9.9").run("erl").ends_with(69);
    let part = "10.9.9.9, at which the node is to listen (BEAMINIT_BIND";
    assert!(ended.stderr.contains(part), "{ended}");
}

#[test]
fn the_pinned_port_is_the_one_that_counts() {
    let (ended, _) = beside_a_holder(stateful_pod().env("ERL_PORT", "5555"), "0.0.0.0", "5555");
    assert_eq!(ended.code, 69, "{ended}");
    let (ended, _) = beside_a_holder(stateful_pod().env("ERL_PORT", "5555"), "0.0.0.0", "43691");
    assert_eq!(ended.code, 0, "{ended}");
    assert!(Started::from(&ended).is_pinned_to("5555"), "{ended}");
}

#[test]
fn the_default_is_pinned() {
    assert!(erl_in(&asking_laptop()).is_pinned_to("43691"));
}

#[test]
fn a_holder_that_can_not_be_seen_is_none_the_less_there() {
    let pod = asking_laptop();
    // A process of another PID namespace in the same network, as with hostNetwork.
    let _held = pod.network().listen("0.0.0.0:43691");
    let ended = pod.run("erl").ends_with(69);
    assert!(ended.stderr.contains("43691"), "{ended}");
}

#[test]
fn dockers_dns_server_is_told_by_its_address() {
    let pod = asking_laptop();
    let _held = pod.network().listen("127.0.0.11:43691");
    let ended = pod.run("erl").ends_with(69);
    let line = "beaminit: error: port 43691 is taken at 127.0.0.11, where Docker's DNS server listens at a port that it gets by chance; start the container again, as a restart policy does\n";
    assert!(ended.stderr.ends_with(line), "{ended}");
    // A process that can be seen is none of Docker's.
    let (ended, _) = beside_a_holder(stateful_pod(), "127.0.0.11", "43691");
    assert!(ended.stderr.contains("taken by takes-port"), "{ended}");
}

#[test]
fn connections_in_time_wait_do_not_matter() {
    let pod = asking_laptop();
    pod.network().inside(|| {
        let listener = std::net::TcpListener::bind("0.0.0.0:43691").unwrap();
        let mut client = TcpStream::connect("127.0.0.1:43691").unwrap();
        let (served, _) = listener.accept().unwrap();
        // Who closes first keeps the port in TIME_WAIT: the listening side, as a restarted node did.
        drop(served);
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    });
    let waiting = pod.first("cat /proc/net/tcp").ends_with(0);
    let (port, time_wait) = (":AAAB", " 06 ");
    assert!(
        waiting
            .stdout
            .lines()
            .any(|l| l.contains(port) && l.contains(time_wait)),
        "{waiting}"
    );
    pod.run("erl").ends_with(0);
}

#[test]
fn neither_a_client_nor_another_command_needs_the_port() {
    let pod = asking_laptop();
    let _held = pod.network().listen("0.0.0.0:43691");
    let client = Started::from(&pod.run("erl -remsh app@elsewhere").ends_with(0));
    assert_eq!(client.values("inet_dist_listen_min"), [""; 0]);
    pod.run("prints-args").ends_with(0);
}

#[test]
fn a_port_of_the_other_family_is_no_obstacle() {
    for (node, code) in [("app@10.1.2.3", 0), ("app@fd00::3", 69)] {
        let pod = asking_laptop()
            .env("BEAMINIT_NODE", node)
            .env("ERLANG_COOKIE", "chocolate");
        let script = format!(
            "mkfifo /srv/said; takes-port :: 43691 alone >/srv/said & \
                              read ready </srv/said; exec {BEAMINIT} -- erl"
        );
        let ended = pod.first(["sh", "-c", &script]).ends();
        assert_eq!(ended.code, code, "{node}: {ended}");
    }
}

#[test]
fn a_machine_without_ipv6_is_no_failure() {
    let pod = asking_laptop();
    pod.network().inside(|| {
        for which in ["all", "lo", "eth0"] {
            std::fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1").unwrap();
        }
    });
    pod.run("erl").ends_with(0);
}
