//! Orphans find a parent, and nobody stays a zombie.

use nix::sys::signal::Signal;

use super::fakes;
use crate::harness::*;

fn no_zombie_remains(pod: &Running) {
    for orphan in 1..=5 {
        pod.says(&format!("orphan {orphan} is done"));
    }
    eventually("no zombie is left", || pod.zombies().is_empty());
}

/// The orphan that stays may not have become tail yet when it is looked for, nor lost its parent.
fn is_adopted_by(pod: &Running, parent: i32) {
    let adopted = || pod.inmate("tail").is_some_and(|tail| tail.parent == parent);
    eventually("the orphan that stays is adopted", adopted);
}

#[test]
fn pid_1_reaps_the_orphans_of_its_command() {
    let command = Pod::new("laptop").run("leaves-orphans");
    command.says("ready");
    is_adopted_by(&command, 1);
    no_zombie_remains(&command);
    command.signal(Signal::SIGTERM);
    command.ends_with(7);
}

#[test]
fn where_it_is_not_pid_1_it_adopts_them_all_the_same() {
    let script = format!("{}; exit $status", fakes::HANDS_TERM_ON);
    let command = ["sh", "-c", &script, "sh", BEAMINIT, "--", "leaves-orphans"];
    let pod = Pod::new("laptop").first(command);
    pod.says("ready");
    let beaminit = pod.inmate("beaminit").expect("beaminit");
    assert_ne!(beaminit.pid, 1);
    is_adopted_by(&pod, beaminit.pid);
    no_zombie_remains(&pod);
    pod.signal(Signal::SIGTERM);
    pod.ends_with(7);
}

#[test]
fn many_that_end_at_once_are_all_reaped() {
    let script = "for n in $(seq 60); do (sleep 0.3 &); done; echo ready; exec sleep 1000";
    let command = Pod::new("laptop").run(["sh", "-c", script]);
    command.says("ready");
    let sleeping = || {
        command
            .inmates()
            .iter()
            .filter(|inmate| inmate.parent == 1)
            .count()
    };
    // The command itself has init for its parent too.
    eventually("all have ended and are reaped", || sleeping() == 1);
    assert_eq!(command.zombies(), []);
}

#[test]
fn the_end_of_an_orphan_is_not_the_end() {
    let command = Pod::new("laptop").run(["sh", "-c", "(exit 3 &); read -r line; exit 4"]);
    // Standard input is at its end: what counts is the command's own status.
    command.ends_with(4);
}

#[test]
fn the_end_of_the_command_is_the_end_whatever_is_left() {
    let command = Pod::new("laptop").run(["sh", "-c", "(sleep 1000 &); exit 6"]);
    command.ends_with(6);
}

#[test]
fn the_command_is_the_only_child_at_first() {
    let command = Pod::new("laptop").run("prints-signals");
    command.says("ready");
    let inmates = command.inmates();
    assert_eq!(
        inmates.len(),
        2,
        "init and the command that launch became: {inmates:?}"
    );
    assert_eq!(inmates[1].name, "prints-signals");
}
