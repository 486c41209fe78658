//! BEAMINIT_STOP_DELAY and BEAMINIT_STOP_TIMEOUT: what holds, from when the time runs, and whom the end of it reaches.

use std::time::{Duration, Instant};

use nix::libc;

use super::fakes;
use super::left_behind::as_a_subreaper;
use super::observed::status;
use crate::harness::*;

const SECOND: Duration = Duration::from_secs(1);

/// When the command says this, seen from a moment before.
#[track_caller]
fn after(running: &Running, since: Instant, line: &str) -> Duration {
    running.says(line).at - since
}

/// A second TERM beside one that is still pending is one TERM, for the kernel.
fn has_taken_all(running: &Running) {
    eventually("beaminit has taken what was sent", || {
        status(running.pid(), "ShdPnd:") == "0000000000000000"
    });
}

#[test]
fn terms_within_a_second_are_one() {
    let pod = fakes::pod().env("BEAMINIT_STOP_DELAY", "10m");
    let command = pod.run("takes-signals command 64");
    command.says("command is ready");
    for _ in 0..5 {
        command.signal_number(libc::SIGTERM);
        has_taken_all(&command);
    }
    command.signal_number(libc::SIGUSR1);
    command.says("command takes 10 from 1, 1 in all");
    // A second later.
    command.says("command hears nothing after 1");
    command.signal_number(libc::SIGTERM);
    command.says("command takes 15 from 1, 2 in all");
}

#[test]
fn the_delay_forwards_one_term_for_the_two_that_came() {
    let pod = fakes::pod().env("BEAMINIT_STOP_DELAY", "10m");
    let command = pod.run("takes-signals command 64");
    command.says("command is ready");
    command.signal_number(libc::SIGTERM);
    // The kernel gives the lower number first, and the second below is to begin after the TERM.
    has_taken_all(&command);
    command.signal_number(libc::SIGUSR1);
    command.says("command takes 10 from 1, 1 in all");
    // For a second: the next is another.
    command.says("command hears nothing after 1");
    has_taken_all(&command);
    command.signal_number(libc::SIGTERM);
    command.says("command takes 15 from 1, 2 in all");
    // From then on there is no delay.
    command.signal_number(libc::SIGTERM);
    command.says("command takes 15 from 1, 3 in all");
}

#[test]
fn the_delay_holds_what_means_term_too() {
    let pod = fakes::pod_with_node("exec takes-signals node");
    let node = pod.env("BEAMINIT_STOP_DELAY", "600ms").run("erl");
    node.says("node is ready");
    let asked = Instant::now();
    node.signal_number(libc::SIGINT);
    assert!(after(&node, asked, "node takes 15") >= Duration::from_millis(600));
    node.ends_with(0);
}

#[test]
fn the_timeout_runs_from_the_term_that_is_forwarded() {
    let pod = fakes::pod().env("BEAMINIT_STOP_DELAY", "700ms");
    let command = pod
        .env("BEAMINIT_STOP_TIMEOUT", "700ms")
        .run("takes-signals command 64");
    command.says("command is ready");
    let asked = Instant::now();
    command.signal_number(libc::SIGTERM);
    let told = after(&command, asked, "command takes 15");
    let ended = command.ends_with(137);
    let killed = ended.at - asked;
    assert!(told >= Duration::from_millis(700), "{told:?}");
    assert!(killed >= Duration::from_millis(1400), "{killed:?}");
    is_within(5 * SECOND, killed, &ended);
    assert!(
        !ended.stdout.contains("takes 10"),
        "a dump of what is no node: {ended}"
    );
}

#[test]
fn a_node_has_seconds_for_its_crash_dump() {
    let pod = fakes::pod_with_node("exec takes-signals node 64");
    let node = pod.env("BEAMINIT_STOP_TIMEOUT", "700ms").run("erl");
    node.says("node is ready");
    let asked = Instant::now();
    node.signal_number(libc::SIGTERM);
    let dumps = after(&node, asked, "node takes 10");
    let ended = node.ends_with(137);
    let killed = ended.at - asked;
    assert!(dumps >= Duration::from_millis(700), "{dumps:?}");
    assert!(killed > 3 * SECOND, "{killed:?}");
    is_within(4 * SECOND, dumps, &ended);
    is_within(16 * SECOND, killed, &ended);
}

#[test]
fn who_is_left_behind_is_killed_in_the_end() {
    // Long enough for it to say what it takes.
    let timeout = format!("{}ms", stretched(SECOND).as_millis());
    let pod = fakes::pod().env("BEAMINIT_STOP_TIMEOUT", &timeout);
    let launcher = "setsid takes-signals vm 0 & wait";
    let running = pod.run(["sh", "-c", launcher]);
    running.says("vm is ready");
    running.signal_number(libc::SIGTERM);
    running.says("vm takes 15");
    // The launcher's own.
    running.ends_with(143);
}

#[test]
fn as_a_subreaper_it_kills_those_outside_the_group_too() {
    for (launcher, status) in [
        ("setsid takes-signals vm 0 & wait", 143),
        (
            "setsid takes-signals vm 0 & exec takes-signals launcher 0",
            137,
        ),
    ] {
        let pod = fakes::pod().env("BEAMINIT_STOP_TIMEOUT", "500ms");
        let running = as_a_subreaper(&pod, launcher);
        running.says("vm is ready");
        if status == 137 {
            running.says("launcher is ready");
        }
        running.signal_number(libc::SIGTERM);
        let ended = running.ends_with(status);
        assert!(!ended.stdout.contains("left: takes-signals"), "{ended}");
    }
}
