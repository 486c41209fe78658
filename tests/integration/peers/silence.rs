//! What is slow, missing or too much: it costs its time, and nobody else's.

use super::*;

#[test]
fn a_name_that_dns_is_silent_about_holds_up_no_other() {
    let silent = ["a.slow.example", "b.slow.example"];
    let (pod, dns) = pod(&format!(
        "hosts:{},{SIBLING},in-hosts.example",
        silent.join(",")
    ));
    for name in silent {
        dns.script(name, RecordType::A, [Answer::Nothing]);
    }
    let pod = pod.hosts(&format!("{} in-hosts.example\n", NEAR[1]));
    let began = Instant::now();
    let ended = pod.beaminit("peers -- erl").ends();
    is_within(Duration::from_secs(8), ended.at - began, &ended);
    assert_eq!(ended.code, 1);
    for (name, reason) in [
        (silent[0], "has no address: no answer from the nameserver"),
        (silent[1], "has no address: no answer from the nameserver"),
        (SIBLING, "has no epmd"),
        ("in-hosts.example", "has no epmd"),
    ] {
        let line = format!("app@{name} {reason}");
        assert!(ended.stdout.contains(&line), "no {line}: {ended}");
    }
}

#[test]
fn an_address_without_a_name_holds_up_no_other_and_is_told() {
    let nameless = ["10.96.7.7", "10.96.7.8", "10.96.7.9"];
    let mut pod = Pod::new("f00")
        .env("ERLANG_COOKIE", "chocolate")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "reverse")
        .env("BEAMINIT_PEERS", "dns:silent dns:worker")
        .program("erl", "prints-args");
    let dns = pod.nameserver(CLUSTER_DNS);
    for kind in [RecordType::SRV, RecordType::A] {
        dns.script("silent", kind, [Answer::Nothing]);
    }
    let all = [nameless[0], nameless[1], nameless[2], NEAR[0], "10.1.2.3"];
    dns.script("worker", RecordType::A, [Answer::addresses(all)]);
    dns.point("10.1.2.3", "x_worker_1.x_net");
    dns.point(NEAR[0], "x_worker_2.x_net");
    let pointer = |address: &str, answer| {
        dns.script(&reverse(address), RecordType::PTR, [answer]);
    };
    pointer(nameless[0], Answer::Nothing);
    pointer(nameless[1], Answer::servfail());
    let ended = pod.beaminit("peers -- erl").ends();
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.starts_with("app@x_worker_2.x_net "), "{ended}");
    for (address, reason) in [
        (nameless[0], "no answer from the nameserver"),
        (nameless[1], "SERVFAIL from 10.96.0.10"),
        (nameless[2], "NXDOMAIN from 10.96.0.10"),
    ] {
        let line = format!("beaminit: error: {address} has no name: {reason}; nodes");
        assert!(ended.stderr.contains(&line), "no {line}: {ended}");
    }
}

#[test]
fn a_start_waits_for_silent_places_no_longer_than_a_few_seconds() {
    let (pod, dns) = pod("dns:one dns:two dns:three");
    for name in ["one", "two", "three"] {
        for kind in [RecordType::SRV, RecordType::A] {
            let name = format!("{name}.prod.svc.cluster.local");
            dns.script(&name, kind, [Answer::Nothing]);
        }
    }
    let pod = pod.env("BEAMINIT_PEERS_BOOT", "sync");
    let began = Instant::now();
    let node = pod.run("erl -noinput");
    for name in ["one", "two", "three"] {
        node.says(&format!(
            "BEAMINIT_PEERS: {name}.prod.svc.cluster.local: no answer"
        ));
    }
    let exec = node.says("exec");
    is_within(Duration::from_secs(8), exec.at - began, node.transcript());
}

#[test]
fn more_peers_than_descriptors_are_asked() {
    let hosts: Vec<String> = (1..=40).map(|last| format!("10.96.7.{last}")).collect();
    let pod = stateful_pod()
        .env("BEAMINIT_HOST", "ip")
        .env("POD_IP", "10.1.2.3")
        .env("BEAMINIT_PEERS", format!("hosts:{}", hosts.join(",")));
    serve(&pod, "0.0.0.0:4369", |mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03app\0\0");
    });
    serve(&pod, "0.0.0.0:43691", |mut stream| {
        let name = format!("app@{}", stream.local_addr().unwrap().ip());
        let _ = stream.write_all(&greeting(&name));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let few = format!("ulimit -n 30; exec {BEAMINIT} peers -- erl");
    let ended = pod.first(["sh", "-c", &few]).ends();
    assert_eq!(ended.code, 1, "{ended}");
    assert_eq!(ended.stdout.matches(" answers\n").count(), 40, "{ended}");
}

#[test]
fn without_room_for_a_process_that_joins_there_is_no_start() {
    let (pod, _dns) = pod(&format!("hosts:{SIBLING}"));
    // The kernel counts the processes of a user: this one has no others.
    let pod = pod.env("BEAMINIT_DNS", "off").user(47_113);
    let few = ["prlimit", "--nproc=2", BEAMINIT, "exec", "--", "erl"];
    let ended = pod.first(few).ends();
    assert_eq!(ended.code, 71, "{ended}");
    let line = "cannot start the process that joins BEAMINIT_PEERS: EAGAIN";
    assert!(ended.stderr.contains(line), "{ended}");
}
