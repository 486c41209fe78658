//! A node that is never met: asked ever less often, and told of.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A listener at the port of the container's own node, which says this to each that connects; and how often it was asked.
fn in_its_place(says: &'static [u8]) -> (Running, Dns, Arc<AtomicUsize>) {
    let (pod, dns) = pod(&format!("hosts:{SIBLING}"));
    let pod = pod
        .env("BEAMINIT_PEERS_INTERVAL", "2s")
        .env("BEAMINIT_EPMD", "off")
        .env("BEAMINIT_CHECK", "off")
        .file_with_mode("/srv/bin/erl", "#!/bin/sh\nexec sleep 600\n", 0o755);
    let node = pod.run("erl");
    node.says("exec");
    let listener = pod.network().listen("127.0.0.1:43691");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(says);
        }
    });
    (node, dns, asked)
}

#[test]
fn a_node_that_speaks_something_else_is_asked_ever_less_often_and_told_of() {
    let began = Instant::now();
    let (node, _dns, asked) = in_its_place(b"SSH-2.0-OpenSSH_9.2\r\n");
    let line = format!("app@{OWN_NAME} is not joined with its peers: it does not speak");
    let told = node.says(&line);
    // It was every quarter of a second.
    let asked = asked.load(Ordering::Relaxed);
    assert!((5..=30).contains(&asked), "{asked}");
    is_within(Duration::from_secs(20), told.at - began, node.transcript());
    assert_eq!(node.transcript().to_string().matches(&line).count(), 1);
}

/// Each attempt leaves a line in its log.
#[test]
fn a_node_that_speaks_tls_is_told_of_and_then_asked_once_a_minute() {
    let (node, _dns, asked) = in_its_place(b"\x15\x03\x01\0\x02\x02\x28");
    node.says("cannot look after BEAMINIT_PEERS now, and tries it again: the node speaks TLS");
    // Five intervals.
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(asked.load(Ordering::Relaxed), 1, "{}", node.transcript());
}
