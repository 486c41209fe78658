//! Which signal arrives as what, and where.

use nix::sys::signal::Signal;

use crate::harness::*;

/// What anybody may send, but for KILL and STOP, which can't be caught, CHLD, which every reaped child sends, TERM, which
/// ends the fake, and those that a process raises by its own mistakes.
const FORWARDED: [(i32, &str); 20] = [
    (10, "USR1"),
    (12, "USR2"),
    (13, "PIPE"),
    (14, "ALRM"),
    (16, "STKFLT"),
    (18, "CONT"),
    (20, "TSTP"),
    (21, "TTIN"),
    (22, "TTOU"),
    (23, "URG"),
    (24, "XCPU"),
    (25, "XFSZ"),
    (26, "VTALRM"),
    (27, "PROF"),
    (28, "WINCH"),
    (29, "IO"),
    (30, "PWR"),
    (34, "RTMIN"),
    (37, "RTMIN+3"),
    (64, "RTMAX"),
];

/// A node under a short name, which waits for nothing, and that says what signals it gets.
fn node() -> Pod {
    Pod::new("laptop").program("erl", "prints-signals")
}

fn is_line(running: &Running, name: &str) {
    running.writes(&format!("the line {name}"), |line| line.text == name);
}

#[test]
fn int_quit_and_hup_become_term_for_a_node() {
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
        let node = node().run("erl -noinput");
        node.says("ready");
        node.signal(signal);
        let ended = node.ends_with(0);
        assert_eq!(ended.stdout, "ready\nTERM\n", "after {signal}: {ended}");
    }
}

#[test]
fn a_node_with_an_open_stdin_is_still_without_a_terminal() {
    let node = node().input(Input::Open).run("erl -noinput");
    node.says("ready");
    node.signal(Signal::SIGINT);
    assert_eq!(node.ends_with(0).stdout, "ready\nTERM\n");
}

#[test]
fn a_node_at_a_terminal_gets_int_and_quit_as_they_are() {
    let node = node().input(Input::Terminal).run("erl");
    node.says("ready");
    node.signal(Signal::SIGINT);
    is_line(&node, "INT");
    node.signal(Signal::SIGQUIT);
    is_line(&node, "QUIT");
    node.signal(Signal::SIGTERM);
    node.ends_with(0);
}

#[test]
fn a_key_pressed_at_the_terminal_interrupts_the_command_once() {
    let mut node = node().input(Input::Terminal).run("erl");
    node.says("ready");
    node.types("\x03");
    is_line(&node, "^CINT");
    node.signal(Signal::SIGTERM);
    let ended = node.ends_with(0);
    assert_eq!(ended.stdout.matches("INT").count(), 1, "{ended}");
}

#[test]
fn what_is_no_node_gets_int_quit_and_hup_as_they_are() {
    let command = Pod::new("laptop").run("prints-signals");
    command.says("ready");
    for (signal, name) in [
        (Signal::SIGINT, "INT"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGHUP, "HUP"),
    ] {
        command.signal(signal);
        is_line(&command, name);
    }
    command.signal(Signal::SIGTERM);
    command.ends_with(0);
}

#[test]
fn every_other_signal_reaches_a_node_as_it_is() {
    let node = node().run("erl -noinput");
    node.says("ready");
    for (number, name) in FORWARDED {
        node.signal_number(number);
        is_line(&node, name);
    }
    node.signal(Signal::SIGTERM);
    let ended = node.ends_with(0);
    // None was sent twice either.
    assert_eq!(ended.stdout.lines().count(), FORWARDED.len() + 2, "{ended}");
}

#[test]
fn every_signal_reaches_what_is_no_node() {
    let command = Pod::new("laptop").run("prints-signals");
    command.says("ready");
    for (number, name) in FORWARDED {
        command.signal_number(number);
        is_line(&command, name);
    }
    command.signal(Signal::SIGTERM);
    command.ends_with(0);
}

#[test]
fn signals_reach_the_whole_process_group() {
    let script = "trap 'echo parent' USR1; prints-signals & while :; do wait; done";
    let command = Pod::new("laptop").run(["sh", "-c", script]);
    command.says("ready");
    command.signal(Signal::SIGUSR1);
    is_line(&command, "USR1");
    is_line(&command, "parent");
    command.signal(Signal::SIGTERM);
    command.ends_with(143);
}

#[test]
fn the_rewrites_can_be_chosen() {
    let pod = Pod::new("laptop").env("BEAMINIT_SIGNALS", "USR2=INT,ALRM=TERM");
    let command = pod.run("prints-signals");
    command.says("ready");
    command.signal(Signal::SIGUSR2);
    is_line(&command, "INT");
    command.signal(Signal::SIGALRM);
    command.ends_with(0);
}

#[test]
fn chosen_rewrites_replace_those_of_a_node() {
    let node = node()
        .env("BEAMINIT_SIGNALS", "QUIT=TERM")
        .run("erl -noinput");
    node.says("ready");
    node.signal(Signal::SIGINT);
    is_line(&node, "INT");
    node.signal(Signal::SIGQUIT);
    node.ends_with(0);
}

#[test]
fn a_client_of_a_node_is_interrupted_as_it_is() {
    let client = node().run("erl -remsh app@elsewhere");
    client.says("ready");
    client.signal(Signal::SIGINT);
    is_line(&client, "INT");
    client.signal(Signal::SIGTERM);
    client.ends_with(0);
}
