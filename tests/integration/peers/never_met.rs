//! A node that is never met: asked ever less often, and told of.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn a_node_that_speaks_something_else_is_asked_ever_less_often_and_told_of() {
    let (pod, _dns) = pod(&format!("hosts:{SIBLING}"));
    let pod = pod
        .env("BEAMINIT_PEERS_INTERVAL", "2s")
        .env("BEAMINIT_EPMD", "off")
        .env("BEAMINIT_CHECK", "off")
        .file_with_mode("/srv/bin/erl", "#!/bin/sh\nexec sleep 600\n", 0o755);
    let node = pod.run("erl");
    node.says("exec");
    // As a node that speaks TLS refuses: an alert.
    let listener = pod.network().listen("127.0.0.1:43691");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            let _ = stream.write_all(b"\x15\x03\x01\0\x02\x02\x28");
        }
    });
    let began = Instant::now();
    let line = format!("app@{OWN_NAME} is not joined with its peers: it speaks TLS");
    let told = node.says(&line);
    // It was every quarter of a second.
    let asked = asked.load(Ordering::Relaxed);
    assert!((5..=30).contains(&asked), "{asked}");
    is_within(Duration::from_secs(20), told.at - began, node.transcript());
    assert_eq!(node.transcript().to_string().matches(&line).count(), 1);
}
