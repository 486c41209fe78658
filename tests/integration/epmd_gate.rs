//! The part of the name before the `@` must be free at the epmd of the node's own network, where there is one.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::clusters::*;
use crate::harness::*;

/// What real nodes say when they are up.
const SPEAK: &str = "io:format(\"node=~ts~n\", [node()]).";

/// A real VM of this name, outside of beaminit's care, in a pod whose `erl` is still the machine's.
fn beside_a_node(pod: &Pod, flags: &[&str]) -> (Running, Process) {
    let node = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    // Its mounts are there.
    node.says("ready");
    let mut command = vec!["erl", "-noinput", "-eval", SPEAK];
    command.extend(flags);
    let other = node.enter(command.as_slice());
    other.says("node=");
    (node, other)
}

fn erl_beside(node: &Running, extra: &[&str]) -> Ended {
    let mut command = vec!["env", "SNAME=app"];
    command.extend(extra);
    command.extend([BEAMINIT, "--", "prints-args"]);
    let at = command.len() - 1;
    command[at] = "/srv/fake/erl";
    node.enter(command.as_slice()).ends()
}

/// A pod with the machine's own erl in PATH, and a fake one beside.
fn with_both() -> Pod {
    let fake = std::fs::read(tests().join("releases/prints-args")).unwrap();
    Pod::new("laptop").file_with_mode("/srv/fake/erl", fake, 0o755)
}

#[test]
fn a_taken_name_is_69_and_names_who_has_it() {
    let (pod, _other) = beside_a_node(&with_both(), &["-sname", "app"]);
    let vm = pod.inmate("beam.smp").expect("the VM").pid;
    let port = pod.listening().into_iter().next().expect("its port");
    let started = Instant::now();
    let ended = erl_beside(&pod, &[]);
    assert_eq!(ended.code, 69, "{ended}");
    let error = ended.stderr.lines().last().unwrap();
    for part in [
        "the node name app is taken",
        "port 4369",
        &format!("port {port}"),
        &format!("beam.smp (pid {vm})"),
        "SNAME",
    ] {
        assert!(error.contains(part), "no {part} in: {error}");
    }
    is_within(Duration::from_secs(3), started.elapsed(), &ended);
    // Another name is free.
    let ended = erl_beside(&pod, &["SNAME=other"]);
    assert_eq!(ended.code, 0, "{ended}");
}

#[test]
fn epmd_is_asked_where_the_vm_registers() {
    let elsewhere = with_both().env("ERL_EPMD_PORT", "5369");
    let (pod, _other) = beside_a_node(&elsewhere, &["-sname", "app"]);
    assert!(pod.listening().contains(&5369));
    let ended = erl_beside(&pod, &[]);
    assert_eq!(ended.code, 69, "{ended}");
    assert!(ended.stderr.contains("port 5369"), "{ended}");
    let ended = erl_beside(&pod, &["ERL_EPMD_PORT=4369"]);
    assert_eq!(ended.code, 0, "{ended}");

    // At whatever addresses epmd listens besides, a VM registers at the loopback one.
    let restricted = with_both().env("ERL_EPMD_ADDRESS", "10.1.2.3");
    let (pod, _other) = beside_a_node(&restricted, &["-sname", "app"]);
    let ended = erl_beside(&pod, &[]);
    assert_eq!(ended.code, 69, "{ended}");
}

#[test]
fn epmd_is_asked_over_ipv6_where_the_vm_speaks_it() {
    let (pod, _other) = beside_a_node(
        &with_both(),
        &["-name", "app@::1", "-proto_dist", "inet6_tcp"],
    );
    let ended = erl_beside(&pod, &["BEAMINIT_NODE=app@fd00::3"]);
    assert_eq!(ended.code, 69, "{ended}");
}

#[test]
fn a_node_that_has_just_been_killed_is_no_obstacle() {
    for _ in 0..5 {
        let (pod, _other) = beside_a_node(&with_both(), &["-sname", "app"]);
        let vm = pod.inmate("beam.smp").expect("the VM").pid;
        // In one go: the VM is killed in the moment in which its successor starts.
        let both = format!("kill -KILL {vm}; exec {BEAMINIT} -- /srv/fake/erl");
        let ended = pod.enter(["env", "SNAME=app", "sh", "-c", &both]).ends();
        assert_eq!(ended.code, 0, "{ended}");
    }
}

#[test]
fn a_client_needs_no_name_at_epmd() {
    let (pod, _other) = beside_a_node(&with_both(), &["-sname", "app"]);
    let command = [
        "env",
        "SNAME=app",
        BEAMINIT,
        "--",
        "/srv/fake/erl",
        "-remsh",
        "app@laptop",
    ];
    let ended = pod.enter(command).ends();
    assert_eq!(ended.code, 0, "{ended}");
}

#[test]
fn no_epmd_is_nothing_to_speak_of() {
    let ended = asking_laptop().run("erl").ends_with(0);
    assert!(!ended.stderr.contains("epmd"), "{ended}");
}

/// What somebody does with a connection.
type Does = fn(std::net::TcpStream);

/// Starts a node beside somebody at epmd's port who takes connections and does this with them.
fn beside_a_stranger(does: Does) -> (Ended, Duration) {
    let pod = asking_laptop();
    let listener: TcpListener = pod.network().listen("0.0.0.0:4369");
    std::thread::spawn(move || listener.incoming().flatten().for_each(does));
    let started = Instant::now();
    (pod.run("erl").ends_with(0), started.elapsed())
}

#[test]
fn something_else_at_its_port_is_a_warning() {
    let strangers: [(&str, Does); 6] = [
        ("another protocol", |mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }),
        ("a door that closes", drop),
        ("silence", |mut stream| {
            let _ = stream.read_to_end(&mut Vec::new());
        }),
        ("a name of 65535 bytes", |mut stream| {
            let _ = stream.write_all(b"w\0\x11\x11M\0\0\x06\0\x05\xff\xff");
            let _ = std::io::copy(&mut std::io::repeat(b'a').take(1 << 20), &mut stream);
        }),
        ("a byte now and then", |mut stream| {
            for byte in b"w\0\x11\x11M\0\0\x06\0\x05\0\x06laptop\0\0" {
                let _ = stream.write_all(&[*byte]);
                std::thread::sleep(Duration::from_millis(200));
            }
        }),
        ("another name", |mut stream| {
            let _ = stream.write_all(b"w\0\x11\x11M\0\0\x06\0\x05\0\x03foo\0\0");
        }),
    ];
    for (what, does) in strangers {
        let (ended, took) = beside_a_stranger(does);
        let warned = |line: &str| line.contains("warning") && line.contains("ERL_EPMD_PORT");
        assert!(ended.stderr.lines().any(warned), "{what}: {ended}");
        is_within(Duration::from_secs(5), took, what);
    }
}

#[test]
fn who_has_answered_as_epmd_is_believed_though_a_second_answer_does_not_come() {
    let pod = asking_laptop();
    let listener: TcpListener = pod.network().listen("0.0.0.0:4369");
    std::thread::spawn(move || {
        let mut streams = listener.incoming().flatten();
        if let Some(mut first) = streams.next() {
            // Closed with something unread, the connection would take the answer with it.
            let _ = first.read(&mut [0; 64]);
            let _ = first.write_all(b"w\0\x22\x22M\0\0\x06\0\x05\0\x03erl\0\0");
        }
        streams.for_each(drop);
    });
    let ended = pod.run("erl").ends_with(69);
    assert!(ended.stderr.contains("node at port 8738"), "{ended}");
}

#[test]
fn a_node_without_epmd_asks_none() {
    let (pod, _other) = beside_a_node(&with_both(), &["-sname", "app"]);
    for flags in [
        "-start_epmd false -erl_epmd_port 7777",
        "-epmd_module my_epmd",
    ] {
        let ended = erl_beside(&pod, &[&format!("ERL_FLAGS={flags}")]);
        assert_eq!(ended.code, 0, "{flags}: {ended}");
    }
}

#[test]
fn a_port_that_is_none_is_78() {
    for port in ["epmd", "0", "65536"] {
        let ended = asking_laptop()
            .env("ERL_EPMD_PORT", port)
            .run("erl")
            .ends_with(78);
        assert!(
            ended.stderr.contains(&format!("ERL_EPMD_PORT is {port:?}")),
            "{ended}"
        );
    }
}
