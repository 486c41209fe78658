//! Where the VM and its epmd listen: at one address, where BEAMINIT_BIND or the user's own flags say so.

use std::sync::atomic::Ordering;

use super::*;
use crate::probe::impostor;

/// The addresses at which a port of the pod is listened at, as the kernel writes them.
fn addresses_of(node: &Running, port: u16) -> BTreeSet<String> {
    let tables = ["tcp", "tcp6"].map(|table| {
        std::fs::read_to_string(format!("/proc/{}/net/{table}", node.pid())).unwrap_or_default()
    });
    let rows = tables.iter().flat_map(|table| table.lines());
    let local = rows.filter_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let listens = columns.get(3) == Some(&"0A");
        columns.get(1)?.split_once(':').filter(|_| listens)
    });
    let port = format!("{port:04X}");
    let found = local.filter(|(_, one)| *one == port);
    found.map(|(address, _)| address.to_owned()).collect()
}

const POD: &str = "0302010A";
const LOOPBACKS: [&str; 2] = ["0100007F", "00000000000000000000000001000000"];

/// It listens at the pod's address, its epmd at loopback too, and it is found there.
#[track_caller]
fn is_bound(node: &Running) {
    is_as_planned(node);
    let report = super::watch::reported(node);
    assert!(report.ends_with("port 5555, cookie accepted"), "{report}");
    assert_eq!(addresses_of(node, 5555), BTreeSet::from([POD.to_owned()]));
    let mut epmd = addresses_of(node, 4369);
    assert!(epmd.remove(POD), "{epmd:?}");
    epmd.retain(|address| !LOOPBACKS.contains(&address.as_str()));
    assert!(epmd.is_empty(), "{epmd:?}");
    eventually("the probe finds it ready", || {
        node.enter([BEAMINIT, "probe", "--ready"]).ends().code == 0
    });
}

#[test]
fn every_way_to_start_a_node_binds_the_pods_address() {
    let bound = || {
        let (pod, dns) = clustered();
        (pod.env("BEAMINIT_BIND", "pod"), dns)
    };
    let (pod, _dns) = bound();
    is_bound(&pod.run(["erl", "-noinput", "-eval", SPEAK]));
    let (pod, _dns) = bound();
    let pod = pod.copy(&fixtures::mix_release(), "/srv/mixapp");
    is_bound(&pod.run(["/srv/mixapp/bin/mixapp", "start"]));
    let (pod, _dns) = bound();
    let pod = pod.copy(&fixtures::relx_release(), "/srv/relxapp");
    is_bound(&pod.run(["/srv/relxapp/bin/relxapp", "foreground"]));
}

#[test]
fn an_ipv6_address_is_bound() {
    let pod = Pod::with_addresses("app-0", &["fd00::3"])
        .env("BEAMINIT_NODE", "app@fd00::3")
        .env("BEAMINIT_BIND", "pod")
        .env("ERLANG_COOKIE", "chocolate");
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    node.says("node=app@fd00::3");
    let report = super::watch::reported(&node);
    assert!(report.ends_with("port 43691, cookie accepted"), "{report}");
    let pod = "000000FD000000000000000003000000".to_owned();
    assert_eq!(addresses_of(&node, 43691), BTreeSet::from([pod]));
    eventually("the probe finds it ready", || {
        node.enter([BEAMINIT, "probe", "--ready"]).ends().code == 0
    });
}

#[test]
fn nobody_at_the_nodes_port_of_another_address_gets_a_proof() {
    let flag = "-kernel inet_dist_use_interface {10,1,2,3}";
    let config = "[{kernel, [{inet_dist_use_interface, {10,1,2,3}}]}].\n";
    // Nobody but the VM finds this file: where it listens is not known before.
    let script =
        format!("#!/bin/sh\ncd /srv/deep\nexec erl -noinput -config own -eval '{SPEAK}'\n");
    let erl = ["erl", "-noinput", "-eval", SPEAK];
    let v4_and_v6 = &["127.0.0.1:5555", "[::1]:5555"][..];
    for (name, value, command, strangers) in [
        ("ERL_FLAGS", flag, &erl[..], v4_and_v6),
        ("ERL_FLAGS", "-config /srv/deep/own", &erl, v4_and_v6),
        ("BEAMINIT_BIND", "pod", &erl, v4_and_v6),
        (
            "BEAMINIT_LAUNCHER",
            "erl",
            &["/srv/run.sh"],
            &["[::1]:5555"],
        ),
    ] {
        let (pod, dns) = clustered();
        dns.script(
            SERVICE_NAME,
            RecordType::SRV,
            [Answer::services([OWN_NAME, SIBLING])],
        );
        dns.script(SIBLING, RecordType::A, [Answer::addresses(["10.1.2.3"])]);
        let pod = pod
            .env(name, value)
            .file("/srv/deep/own.config", config)
            .file_with_mode("/srv/run.sh", &script, 0o755)
            .env("BEAMINIT_PEERS", "dns")
            .env("BEAMINIT_PEERS_INTERVAL", "1s");
        let strangers = strangers.iter();
        let proved: Vec<_> = strangers.map(|at| impostor(&pod, at, NODE)).collect();
        let node = pod.run(command);
        let report = super::watch::reported(&node);
        assert!(report.ends_with("port 5555, cookie accepted"), "{report}");
        eventually("the probe finds it ready", || {
            node.enter([BEAMINIT, "probe", "--ready"]).ends().code == 0
        });
        // The peer that is this very node under another name: by then the joiner has spoken to the node.
        node.says(&format!(
            "app@{SIBLING} is not joined: it is not at 10.1.2.3"
        ));
        for proved in proved {
            assert_eq!(proved.load(Ordering::SeqCst), 0, "{value}");
        }
    }
}
