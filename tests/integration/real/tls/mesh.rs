//! Nodes that BEAMINIT_PEERS joins over TLS.

use super::super::table::{self, Way};
use super::*;

const HOSTS: [&str; 3] = [OWN_NAME, SIBLING, "app-2.app.prod.svc.cluster.local"];
const ADDRESSES: [&str; 3] = ["10.1.2.3", "10.1.2.4", "10.1.2.5"];

/// The name of the node in one of the pods.
pub fn name(number: usize) -> String {
    format!("app@{}", HOSTS[number])
}

/// The first pods of the StatefulSet, which reach each other, and whose nodes look for each other every second.
pub fn pods<const COUNT: usize>() -> [(Pod, Dns); COUNT] {
    let pods = std::array::from_fn(|number| {
        let (pod, dns) = member(number.try_into().expect("a small number"));
        for (host, address) in HOSTS.into_iter().zip(ADDRESSES) {
            dns.publish_pod(host, address);
        }
        let all = std::array::from_fn::<_, COUNT, _>(|number| HOSTS[number]);
        let all = Answer::services(all);
        dns.script(SERVICE_NAME, RecordType::SRV, [all]);
        let pod = pod.env("ERL_FLAGS", PATIENT).env("BEAMINIT_PEERS", "dns");
        (pod.env("BEAMINIT_PEERS_INTERVAL", "1s"), dns)
    });
    let networks = pods.iter().map(|(pod, _): &(Pod, Dns)| pod.network());
    Network::wire_all(&networks.zip(ADDRESSES).collect::<Vec<_>>());
    pods
}

/// The same, each with a certificate for its host.
pub fn secured_pods<const COUNT: usize>(authority: &Authority) -> [(Pod, Dns); COUNT] {
    let mut hosts = HOSTS.into_iter();
    pods().map(|(pod, dns)| {
        let certificate = Certificate::of(&[hosts.next().expect("a host")]);
        let pod = authority.fill(pod, "/run/tls", &certificate);
        (pod.env("BEAMINIT_TLS", "/run/tls"), dns)
    })
}

/// Three of them; each has the two others, as its own log, `probe` and `beaminit peers` say.
fn meshes(way: &Way) {
    let pods = secured_pods::<3>(&Authority::new());
    let nodes = pods.map(|(pod, dns)| (way.start_under(&[BEAMINIT, "--"], pod), dns));
    for (own, (node, _)) in nodes.iter().enumerate() {
        let others = (0..3).filter(|other| *other != own).map(name);
        let others: Vec<String> = others.collect();
        for other in &others {
            node.says(&format!("joined {other}"));
        }
        let probe = [
            BEAMINIT,
            "probe",
            "--ready",
            "--peers",
            "2",
            "--timeout",
            "60s",
        ];
        let probed = node.enter(probe).ends_with(0);
        assert!(probed.stdout.contains("2 peers"), "{probed}");
        let listed = node.enter([BEAMINIT, "peers"]).ends_with(0);
        let expected = others.iter().map(|other| format!("{other} joined\n"));
        assert_eq!(listed.stdout, expected.collect::<String>(), "{listed}");
    }
}

#[test]
fn nodes_of_erl_mesh() {
    meshes(&table::erl());
}

#[test]
fn nodes_of_a_mix_release_mesh() {
    meshes(&table::mix_release());
}

#[test]
fn nodes_of_a_relx_release_mesh() {
    meshes(&table::relx_release());
}
