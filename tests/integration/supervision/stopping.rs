//! TERM at any moment, and the two settings that draw a stop out or cut it short.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::*;

const A_SECOND: Duration = Duration::from_secs(1);

/// A pod whose record never comes.
fn waiting_pod() -> (Pod, Dns) {
    let mut pod = Pod::new("app-0")
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "marks");
    let dns = pod.nameserver("10.96.0.10");
    (pod, dns)
}

#[test]
fn term_during_the_dns_wait_ends_it_within_a_second() {
    let (pod, dns) = waiting_pod();
    let node = pod.run("erl");
    dns.is_asked_for_times("app-0.app.prod.svc.cluster.local", 2);
    node.signal(Signal::SIGTERM);
    let ended = node.ends_within(A_SECOND);
    assert_eq!(ended.code, 143, "{ended}");
    assert!(!pod.place("/srv/started").exists());
}

#[test]
fn term_during_a_wait_for_a_silent_nameserver_ends_it_within_a_second() {
    let (pod, dns) = waiting_pod();
    dns.answer_everything(Answer::Nothing);
    let node = pod.run("erl");
    dns.is_asked_for("app-0.app.prod.svc.cluster.local");
    node.signal(Signal::SIGTERM);
    assert_eq!(node.ends_within(A_SECOND).code, 143);
}

#[test]
fn a_key_or_a_hangup_during_the_dns_wait_ends_it_too() {
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
        let (pod, dns) = waiting_pod();
        let node = pod.run("erl");
        dns.is_asked_for("app-0.app.prod.svc.cluster.local");
        node.signal(signal);
        // Rewritten, as for the node that it is going to be.
        assert_eq!(node.ends_within(A_SECOND).code, 143, "{signal}");
    }
}

#[test]
fn without_init_term_during_the_dns_wait_is_the_launchers_own_end() {
    // Not as PID 1, to which the kernel gives no signal that it doesn't catch.
    let (pod, dns) = waiting_pod();
    let node = pod.first([
        "sh",
        "-c",
        "beaminit=$0; \"$beaminit\" exec -- erl & wait $!; exit $?",
        BEAMINIT,
    ]);
    dns.is_asked_for("app-0.app.prod.svc.cluster.local");
    let launch = node.inmate("beaminit-dns").expect("the launcher");
    // The pod may be gone before kill has a status.
    node.enter(["kill", "-TERM", &launch.pid.to_string()])
        .ends();
    assert_eq!(node.ends_within(A_SECOND).code, 143);
}

#[test]
fn term_is_never_lost_from_the_moment_it_can_be_caught() {
    // From "the handler is there" through fork, the new process group and exec, in steps of a tenth of a millisecond.
    for step in 0..30 {
        let command = Pod::new("laptop").run("sleep 1000");
        term_once_caught(&command, Duration::from_micros(100) * step);
        let ended = command.ends();
        assert_eq!(ended.code, 143, "after {step} steps: {ended}");
    }
}

#[test]
fn term_is_never_lost_by_a_node_about_to_start() {
    for step in 0..20 {
        let node = Pod::new("laptop")
            .program("erl", "ignores-nothing")
            .run("erl");
        term_once_caught(&node, Duration::from_micros(250) * step);
        let ended = node.ends();
        assert_eq!(ended.code, 143, "after {step} steps: {ended}");
    }
}

/// Sends one TERM, this long after the pod's first process has become beaminit and cares for TERM.
fn term_once_caught(running: &Running, later: Duration) {
    let status = format!("/proc/{}/status", running.pid());
    let children = format!("/proc/{0}/task/{0}/children", running.pid());
    let mask = |status: &str, field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.map_or(0, |value| u64::from_str_radix(value.trim(), 16).unwrap())
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = fs::read_to_string(&status).expect("a status");
        let term = 1 << (Signal::SIGTERM as i32 - 1);
        let caught = (mask(&status, "SigCgt:") | mask(&status, "SigBlk:")) & term != 0;
        // A process that waits in sigwait shows an empty mask; but by then there is a child.
        let waits = !fs::read_to_string(&children)
            .expect("a list of children")
            .is_empty();
        let cares = caught || waits;
        if status.starts_with("Name:\tbeaminit") && cares {
            break;
        }
        assert!(Instant::now() < deadline, "TERM is never caught:\n{status}");
    }
    let then = Instant::now() + later;
    while Instant::now() < then {}
    running.signal(Signal::SIGTERM);
}

#[test]
fn a_command_that_ignores_term_stays_unless_told_otherwise() {
    let command = Pod::new("laptop").run("ignores-term");
    command.says("ready");
    command.signal(Signal::SIGTERM);
    command.signal(Signal::SIGUSR1);
    command.says("USR1");
    assert!(!command.is_over());
}

#[test]
fn after_the_stop_timeout_it_is_killed() {
    let pod = Pod::new("laptop").env("BEAMINIT_STOP_TIMEOUT", "300ms");
    let command = pod.run("ignores-term");
    command.says("ready");
    let asked = Instant::now();
    command.signal(Signal::SIGTERM);
    let ended = command.ends_with(137);
    let took = ended.at - asked;
    assert!(took >= Duration::from_millis(300), "{took:?}");
    is_within(3 * A_SECOND, took, &ended);
}

#[test]
fn the_stop_timeout_cuts_short_nothing_that_ends_in_time() {
    let pod = Pod::new("laptop").env("BEAMINIT_STOP_TIMEOUT", "10m");
    let command = pod.run("prints-signals");
    command.says("ready");
    command.signal(Signal::SIGTERM);
    command.ends_with(0);
}

#[test]
fn the_stop_delay_comes_before_term_is_forwarded() {
    let pod = Pod::new("laptop").env("BEAMINIT_STOP_DELAY", "700ms");
    let command = pod.run("prints-signals");
    command.says("ready");
    let asked = Instant::now();
    command.signal(Signal::SIGTERM);
    let told = command
        .writes("the line TERM", |line| line.text == "TERM")
        .at;
    assert!(
        told - asked >= Duration::from_millis(700),
        "{:?}",
        told - asked
    );
    command.ends_with(0);
}

#[test]
fn there_is_no_stop_delay_before_the_command_runs() {
    let (pod, dns) = waiting_pod();
    let node = pod.env("BEAMINIT_STOP_DELAY", "10m").run("erl");
    dns.is_asked_for("app-0.app.prod.svc.cluster.local");
    node.signal(Signal::SIGTERM);
    node.ends_with(143);
}

#[test]
fn a_node_is_asked_for_a_crash_dump_before_it_is_killed() {
    let pod = Pod::new("laptop").program("erl", "ignores-term");
    let node = pod.env("BEAMINIT_STOP_TIMEOUT", "300ms").run("erl");
    node.says("ready");
    node.signal(Signal::SIGTERM);
    node.says("USR1");
    // It may take some seconds over its dump.
    node.ends_with(137);
}

#[test]
fn a_vm_that_its_launcher_leaves_behind_is_told_and_waited_for() {
    // As `su` does: the shell dies of TERM, and what it started lives in a session of its own.
    let script = "setsid sh -c 'trap \"echo told; exit 9\" TERM; echo ready; while :; do sleep 0.1; done' & wait";
    let command = Pod::new("laptop").run(["sh", "-c", script]);
    command.says("ready");
    command.signal(Signal::SIGTERM);
    let ended = command.ends_with(143);
    assert!(ended.stdout.contains("told"), "{ended}");
}

#[test]
fn other_signals_pass_during_the_stop_delay() {
    let pod = Pod::new("laptop").env("BEAMINIT_STOP_DELAY", "10m");
    let command = pod.run("prints-signals");
    command.says("ready");
    command.signal(Signal::SIGTERM);
    command.signal(Signal::SIGUSR1);
    command.says("USR1");
}

#[test]
fn a_command_that_ends_during_the_stop_delay_is_not_waited_for() {
    let pod = Pod::new("laptop").env("BEAMINIT_STOP_DELAY", "10m");
    let command = pod.run([
        "bash",
        "-c",
        "trap 'exit 5' USR1; echo ready; while :; do sleep 0.1; done",
    ]);
    command.says("ready");
    command.signal(Signal::SIGTERM);
    command.signal(Signal::SIGUSR1);
    command.ends_with(5);
}
