//! A BEAM drops a TERM that comes before its kernel application runs: it alone gets it again.

use std::time::{Duration, Instant};

use nix::libc;

use super::fakes::{self, taken};
use crate::harness::*;

/// Deaf to TERM for this many seconds, in which it computes, as a VM on a busy machine.
fn boots(seconds: u8) -> String {
    format!(
        "perl -e '$| = 1; $0 = q(beam.smp); $SIG{{TERM}} = q(IGNORE); print qq(boots\\n); \
         my $end = time + {seconds}; 1 while time < $end; \
         $SIG{{TERM}} = sub {{ print qq(TERM\\n); exit 0 }}; print qq(up\\n); sleep 1 while 1'"
    )
}

#[test]
fn a_term_while_it_boots_is_repeated_until_it_hears() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let boots = format!("exec {}", boots(2));
        let node = fakes::pod_with_node(&boots).run("erl -noinput");
        node.says("boots");
        node.signal_number(signal);
        let up = node.says("up").at;
        let ended = node.ends_with(0);
        assert!(ended.stdout.ends_with("TERM\n"), "{ended}");
        is_within(Duration::from_secs(3), ended.at - up, &ended);
    }
}

#[test]
fn it_is_repeated_however_long_that_takes() {
    let node = fakes::pod_with_node(&format!("exec {}", boots(12))).run("erl -noinput");
    node.says("boots");
    node.signal_number(libc::SIGTERM);
    node.says("up");
    let ended = node.ends_with(0);
    assert!(ended.stdout.ends_with("TERM\n"), "{ended}");
}

#[test]
fn it_is_repeated_to_the_vm_alone() {
    // As `su`, which kills what it started on a second TERM.
    let script = format!(
        "takes-signals beside 64 & {} & exec takes-signals launcher 64",
        boots(2)
    );
    let node = fakes::pod_with_node(&script).run("erl -noinput");
    for line in ["beside is ready", "boots", "launcher is ready"] {
        node.says(line);
    }
    node.signal_number(libc::SIGTERM);
    node.writes("the line TERM", |line| line.text == "TERM");
    node.says("launcher hears nothing after 1");
    node.says("beside hears nothing after 1");
    node.signal_number(64);
    let ended = node.ends_with(0);
    for name in ["launcher", "beside"] {
        assert_eq!(taken(&ended, name), [15, 64], "{ended}");
    }
}

#[test]
fn it_is_not_repeated_to_one_that_is_at_rest() {
    let rests = "exec perl -e '$| = 1; $0 = q(beam.smp); $SIG{TERM} = sub { print qq(TERM\\n) }; \
                 $SIG{USR1} = sub { exit 0 }; print qq(up\\n); sleep 1 while 1'";
    let node = fakes::pod_with_node(rests).run("erl -noinput");
    node.says("up");
    let state = || node.inmate("beam.smp").map(|vm| vm.state);
    eventually("the VM sleeps", || state() == Some('S'));
    let asked = Instant::now();
    node.signal_number(libc::SIGTERM);
    node.writes("the line TERM", |line| line.text == "TERM");
    // A second TERM would come 0.4 s after the first, a third 0.8 s later.
    eventually("two seconds have passed", || {
        asked.elapsed() > Duration::from_secs(2)
    });
    node.signal_number(libc::SIGUSR1);
    let ended = node.ends_with(0);
    assert_eq!(ended.stdout.matches("TERM").count(), 1, "{ended}");
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
