//! A BEAM drops a TERM that comes before its kernel application runs: it gets it again. Nobody else does.

use std::time::Duration;

use nix::libc;

use super::fakes::{self, taken};
use crate::harness::*;

/// Deaf to TERM for the first second, as a VM on a busy machine.
const BOOTS: &str = "exec perl -e '$| = 1; $SIG{TERM} = q(IGNORE); print qq(boots\\n); \
                     select(undef, undef, undef, 1); $SIG{TERM} = sub { print qq(TERM\\n); exit 0 }; \
                     print qq(up\\n); sleep 1 while 1'";

#[test]
fn a_term_while_it_boots_is_repeated_until_it_hears() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let node = fakes::pod_with_node(BOOTS).run("erl -noinput");
        node.says("boots");
        node.signal_number(signal);
        let up = node.says("up").at;
        let ended = node.ends_with(0);
        assert!(ended.stdout.ends_with("TERM\n"), "{ended}");
        is_within(Duration::from_secs(3), ended.at - up, &ended);
    }
}

#[test]
fn only_term_is_repeated() {
    let node = fakes::pod_with_node("exec takes-signals node 64").run("erl -noinput");
    node.says("node is ready");
    node.signal_number(libc::SIGUSR1);
    node.says("node takes 10 from 1, 1 in all");
    node.says("node hears nothing");
    node.signal_number(64);
    node.says("node takes 64 from 1, 2 in all");
    node.ends_with(0);
}

#[track_caller]
fn takes_each_term_once(running: &Running) {
    running.says("fake is ready");
    for count in [1, 2] {
        running.signal_number(libc::SIGTERM);
        // For longer than it takes until a node is told again.
        running.says(&format!("fake hears nothing after {count}"));
    }
    running.signal_number(64);
    let ended = running.ends_with(0);
    assert_eq!(taken(&ended, "fake"), [15, 15, 64], "{ended}");
}

#[test]
fn an_ordinary_program_takes_each_term_once() {
    takes_each_term_once(&fakes::pod().run("takes-signals fake 64"));
}

#[test]
fn a_client_of_a_node_takes_each_term_once() {
    let pod = fakes::pod_with_node("exec takes-signals fake 64");
    takes_each_term_once(&pod.run("erl -remsh app@elsewhere"));
}
