//! At a terminal, as with `docker run -it`: its keys are the command's, and work as they would without beaminit.

use std::ffi::OsString;

use nix::libc;

use super::fakes;
use crate::harness::*;

/// Fields of /proc/PID/stat.
const GROUP: usize = 5;
const FOREGROUND_GROUP: usize = 8;

/// Says back what it reads, so that an answer is not an echo.
const ANSWERS: [&str; 3] = ["sed", "-u", "s/^/answer: /"];

fn at_a_terminal() -> Pod {
    fakes::pod().input(Input::Terminal)
}

#[test]
fn the_commands_group_is_the_foreground_group() {
    let command = at_a_terminal().run("takes-signals fake");
    command.says("fake is ready");
    let fake = command.inmate("takes-signals").expect("the command").pid;
    assert_ne!(command.stat(fake, GROUP), command.stat(1, GROUP));
    assert_eq!(command.stat(1, FOREGROUND_GROUP), command.stat(fake, GROUP));
}

#[test]
fn ctrl_c_is_the_commands_alone() {
    let mut command = at_a_terminal().run("takes-signals fake");
    command.says("fake is ready");
    command.types("\x03");
    // From the kernel, and not a second time from beaminit.
    command.says("fake takes 2 from 0, 1 in all");
    command.says("fake hears nothing");
    command.signal_number(libc::SIGTERM);
    command.says("fake takes 15 from 1, 2 in all");
    command.ends_with(0);
}

#[test]
fn ctrl_c_ends_a_command_that_does_not_care() {
    let mut command = at_a_terminal().run(ANSWERS);
    command.types("there\n");
    command.says("answer: there");
    command.types("\x03");
    command.ends_with(130);
}

#[test]
fn ctrl_backslash_is_the_commands_alone_too() {
    let mut command = at_a_terminal().run("takes-signals fake");
    command.says("fake is ready");
    command.types("\x1c");
    command.says("fake takes 3 from 0, 1 in all");
    command.signal_number(libc::SIGTERM);
    command.says("fake takes 15 from 1, 2 in all");
}

#[test]
fn ctrl_z_does_not_stop_a_container() {
    let mut command = at_a_terminal().run(ANSWERS);
    command.types("before\n");
    command.says("answer: before");
    for again in 0..3 {
        command.types("\x1a");
        command.types(&format!("after {again}\n"));
        command.says(&format!("answer: after {again}"));
    }
    command.types("\x04");
    command.ends_with(0);
}

#[test]
fn a_command_that_was_stopped_on_purpose_stays_so_until_it_is_continued() {
    let mut command = at_a_terminal().run(ANSWERS);
    command.types("before\n");
    command.says("answer: before");
    let sed = || command.inmate("sed").expect("the command");
    command
        .enter(["kill", "-STOP", &sed().pid.to_string()])
        .ends_with(0);
    eventually("the command is stopped", || sed().state == 'T');
    command.signal_number(libc::SIGCONT);
    eventually("the command is continued", || sed().state != 'T');
    command.types("after\n");
    command.says("answer: after");
}

#[test]
fn the_terminal_tells_the_commands_group_of_its_size() {
    let command = at_a_terminal().run("takes-signals fake");
    command.says("fake is ready");
    command.enter("stty -F /proc/1/fd/0 cols 77").ends_with(0);
    command.says("fake takes 28 from 0, 1 in all");
}

#[test]
fn writing_and_reading_stop_nobody() {
    // A terminal that stops whoever writes to it from the background.
    let script = "stty tostop; echo written; read -r line; echo \"answer: $line\"";
    let mut command = at_a_terminal().run(["sh", "-c", script]);
    command.says("written");
    for stop in [libc::SIGTTIN, libc::SIGTTOU] {
        command.signal_number(stop);
    }
    command.types("there\n");
    command.says("answer: there");
    command.ends_with(0);
}

#[test]
fn a_failed_start_writes_to_a_terminal_that_stops_the_background() {
    let script = "stty tostop; \"$0\" -- nonesuch; echo \"status $?\"";
    let command = at_a_terminal().first(["sh", "-c", script, BEAMINIT]);
    command.says("nonesuch");
    command.says("status 127");
    command.ends_with(0);
}

#[test]
fn the_terminal_is_given_back() {
    // This shell controls no jobs: whoever has the terminal after the command, it is not the shell that takes it back.
    let script = "\"$0\" -- sh -c \"$1\"; echo \"status $?\"; read -r line; echo \"answer: $line\"";
    for (end, status) in [("exit 3", 3), ("kill -KILL $$", 137)] {
        let mut pod = at_a_terminal().first(["sh", "-c", script, BEAMINIT, end]);
        pod.says(&format!("status {status}"));
        pod.types("there\n");
        pod.says("answer: there");
        pod.ends_with(0);
    }
}

#[test]
fn a_terminal_that_hangs_up_tells_the_command() {
    // The kernel tells the session's leader alone.
    let command = at_a_terminal().run("takes-signals fake 1 7");
    command.says("fake is ready");
    let hang_up = "open(F, '+<', '/proc/1/fd/0') && ioctl(F, 0x5437, 0) or die $!";
    // Its own status says nothing: the end of the pod may be its end.
    command.enter(["perl", "-e", hang_up]).ends();
    command.ends_with(7);
}

/// For perl: a child takes the terminal for a group of its own and does this; then the command reads.
fn reads_after(child: &str, parent: &str) -> Vec<OsString> {
    let script = format!(
        "$| = 1; $SIG{{TTOU}} = 'IGNORE'; pipe R, W; my $child = fork; \
         if (!$child) {{ setpgrp; POSIX::tcsetpgrp(0, $$) or die $!; close W; {child}; exit }} \
         close W; <R>; $SIG{{TTOU}} = 'DEFAULT'; {parent}; print qq(taken by $child\\n); \
         $_ = <STDIN>; print qq(answer: $_)"
    );
    ["perl", "-MPOSIX", "-e", &script]
        .map(OsString::from)
        .to_vec()
}

#[test]
fn a_terminal_that_was_taken_by_who_has_ended_is_the_commands_again() {
    for reaps in ["waitpid $child, 0", ""] {
        let mut command = at_a_terminal().run(reads_after("", reaps));
        command.says("taken by");
        command.types("there\n");
        command.says("answer: there");
        command.ends_with(0);
    }
}

/// A command that is stopped because its child has the terminal.
fn waits_for_its_child() -> (Running, String) {
    let command = at_a_terminal().run(reads_after("close R; sleep 1000", ""));
    let taken = command.says("taken by ").text;
    let child = taken.rsplit(' ').next().unwrap().trim_end().to_owned();
    let is_stopped = || {
        command
            .inmates()
            .iter()
            .any(|one| one.name == "perl" && one.state == 'T')
    };
    eventually("the command is stopped", is_stopped);
    (command, child)
}

#[test]
fn a_terminal_that_another_has_is_waited_for_in_peace() {
    let (mut command, child) = waits_for_its_child();
    let wakes = || super::observed::status(command.pid(), "voluntary_ctxt_switches:");
    let before: u64 = wakes().parse().unwrap();
    let now = std::time::Instant::now();
    eventually("a second has passed", || now.elapsed().as_secs() >= 1);
    let woken = wakes().parse::<u64>().unwrap() - before;
    assert!(woken < 100, "it woke {woken} times");
    command.enter(["kill", "-KILL", &child]).ends_with(0);
    command.types("there\n");
    command.says("answer: there");
    command.ends_with(0);
}

#[test]
fn a_command_that_waits_for_the_terminal_hears_a_term() {
    let (command, _) = waits_for_its_child();
    command.signal_number(libc::SIGTERM);
    command.ends_with(143);
}
