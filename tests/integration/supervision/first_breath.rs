//! How a command finds itself started: nothing of beaminit's own may show.

use std::os::unix::ffi::OsStringExt;

use nix::sys::signal::Signal;

use crate::harness::*;
use crate::started::Started;

/// Signals that glibc keeps for itself: nobody can give them back their default.
const GLIBC: u64 = 1 << 31 | 1 << 32;

/// A parent that blocks and ignores signals, for whatever reason of its own.
const PECULIAR: &str = "env --block-signal=TERM,USR1,RTMIN --ignore-signal=PIPE,HUP,USR2";

/// The signals that a program finds blocked and those that it finds ignored.
fn blocked_and_ignored(ended: &Ended) -> [u64; 2] {
    let started = Started::from(ended);
    let mask = |name| u64::from_str_radix(started.fact(name), 16).unwrap() & !GLIBC;
    [mask("SigBlk:"), mask("SigIgn:")]
}

#[test]
fn a_command_starts_with_an_empty_mask_and_default_dispositions() {
    let pod = Pod::new("laptop").program("erl", "prints-args");
    for command in ["prints-args", "erl"] {
        for running in [pod.run(command), pod.exec(command)] {
            let ended = running.ends_with(0);
            assert_eq!(blocked_and_ignored(&ended), [0, 0], "{ended}");
        }
    }
}

#[test]
fn what_beaminits_parent_chose_to_block_and_ignore_stays_so() {
    let pod = Pod::new("laptop").program("erl", "prints-args");
    let direct = pod
        .first(format!("{PECULIAR} prints-args").as_str())
        .ends_with(0);
    let chosen = blocked_and_ignored(&direct);
    assert_ne!(chosen, [0, 0]);
    for way in ["", "exec"] {
        for command in ["prints-args", "erl"] {
            let command = format!("{PECULIAR} {BEAMINIT} {way} -- {command}");
            let ended = pod.first(command.as_str()).ends_with(0);
            assert_eq!(blocked_and_ignored(&ended), chosen, "{command}: {ended}");
        }
    }
}

#[test]
fn a_parent_that_ignores_its_children_costs_no_exit_status() {
    let pod = Pod::new("laptop");
    let command = format!("env --ignore-signal=CHLD {BEAMINIT} -- exits 7");
    pod.first(command.as_str()).ends_with(7);
}

#[test]
fn a_command_leads_a_process_group_of_its_own() {
    let started = Started::from(&Pod::new("laptop").run("prints-args").ends_with(0));
    assert_eq!(started.fact("pgid"), started.fact("pid"));
    assert_eq!(started.fact("ppid"), "1");
}

#[test]
fn without_init_the_command_takes_beaminits_place() {
    let started = Started::from(&Pod::new("laptop").exec("prints-args").ends_with(0));
    assert_eq!(started.fact("pid"), "1");
}

#[test]
fn arguments_arrive_as_they_are() {
    let odd = ["prints-args", "", "a b", "-x", "--", "$HOME", "*", "exec"];
    for started in [Pod::new("laptop").run(odd), Pod::new("laptop").exec(odd)] {
        assert_eq!(Started::from(&started.ends_with(0)).arguments, odd[1..]);
    }
}

#[test]
fn the_two_dashes_are_optional_before_a_command() {
    let started = Started::from(
        &Pod::new("laptop")
            .beaminit("prints-args --help")
            .ends_with(0),
    );
    assert_eq!(started.arguments, ["--help"]);
}

#[test]
fn behind_two_dashes_a_subcommands_name_is_a_program() {
    for name in ["plan", "exec"] {
        let pod = Pod::new("laptop").program(name, "prints-args");
        let started = Started::from(&pod.run([name, "a"]).ends_with(0));
        assert_eq!(started.fact("program"), format!("/srv/bin/{name}"));
    }
}

#[test]
fn bytes_that_are_no_text_pass_through() {
    let pod = Pod::new("laptop").env("ODD", std::ffi::OsString::from_vec(b"\xff\xfe".to_vec()));
    let command = pod.run([
        b"sh".as_slice(),
        b"-c",
        b"printf %s \"$ODD$1\" | od -An -tx1",
        b"sh",
        b"\xfd",
    ]);
    assert_eq!(command.ends_with(0).stdout.trim(), "ff fe fd");
}

#[test]
fn an_unknown_command_keeps_its_environment() {
    let pod = Pod::new("laptop")
        .env("ERL_AFLAGS", "-sname mine")
        .env("CLUSTER_HOSTNAME", "app.prod");
    let started = Started::from(&pod.run("prints-args").ends_with(0));
    assert_eq!(started.env["ERL_AFLAGS"], "-sname mine");
    assert_eq!(started.env["CLUSTER_HOSTNAME"], "app.prod");
}

#[test]
fn standard_input_is_the_commands() {
    let mut command = Pod::new("laptop").input(Input::Open).run("cat");
    command.types("hello\n");
    command.says("hello");
    command.signal(Signal::SIGTERM);
    command.ends_with(143);
}

#[test]
fn the_command_has_the_terminal() {
    let script = "test -t 0 && test -t 1 && test -t 2 && read -r line && echo \"read $line\"";
    let mut command = Pod::new("laptop")
        .input(Input::Terminal)
        .run(["bash", "-c", script]);
    command.types("hello\n");
    command.says("read hello");
    command.ends_with(0);
}

#[test]
fn no_descriptor_of_beaminits_stays_open() {
    for running in [
        Pod::new("laptop").run("ls /proc/self/fd"),
        Pod::new("laptop").exec("ls /proc/self/fd"),
    ] {
        // The fourth is the directory that ls reads.
        assert_eq!(running.ends_with(0).stdout, "0\n1\n2\n3\n");
    }
    let node = Pod::new("laptop")
        .program("erl", "counts-descriptors")
        .run("erl");
    assert_eq!(node.ends_with(0).stdout, "0\n1\n2\n3\n");
}
