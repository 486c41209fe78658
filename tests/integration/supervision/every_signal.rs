//! Each signal that can be forwarded, one by one: to the whole process group of the command, once, and to nobody else.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use nix::libc;

use super::fakes::{self, taken};
use crate::harness::*;

/// What can be sent and caught, TERM last, but for CHLD, which is init's own.
fn forwardable() -> impl Iterator<Item = i32> {
    let ours = [libc::SIGKILL, libc::SIGSTOP, libc::SIGCHLD];
    (1..=libc::SIGRTMAX())
        .filter(move |number| !ours.contains(number) && *number != libc::SIGTERM)
        .chain([libc::SIGTERM])
}

#[test]
fn each_reaches_the_commands_whole_group_once_and_nobody_else() {
    let script = "takes-signals member & setsid takes-signals stranger & \
                  exec takes-signals leader 15 5 300";
    let command = fakes::pod().run(["sh", "-c", script]);
    for name in ["leader", "member", "stranger"] {
        command.says(&format!("{name} is ready"));
    }
    // Somebody else's word for it changes nothing.
    command.signal_number(libc::SIGCHLD);
    for number in forwardable() {
        command.signal_number(number);
        command.says(&format!("member takes {number} from 1,"));
        command.says(&format!("leader takes {number} from 1,"));
    }
    let ended = command.ends_with(5);
    let all: Vec<i32> = forwardable().collect();
    assert_eq!(taken(&ended, "leader"), all, "{ended}");
    assert_eq!(taken(&ended, "member"), all, "{ended}");
    // Left behind after a TERM, it was told to end.
    assert_eq!(taken(&ended, "stranger"), [libc::SIGTERM], "{ended}");
}

#[test]
fn a_node_gets_each_of_them_too_but_for_those_that_mean_term() {
    let node = fakes::pod_with_node("exec takes-signals node 64").run("erl -noinput");
    node.says("node is ready");
    let same: Vec<i32> = forwardable()
        .filter(|number| {
            ![libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM].contains(number)
        })
        .collect();
    for number in &same {
        node.signal_number(*number);
        node.says(&format!("node takes {number} from 1,"));
    }
    let ended = node.ends_with(0);
    assert_eq!(taken(&ended, "node"), same, "{ended}");
}

#[test]
fn a_fault_of_beaminits_own_is_its_end() {
    let command = fakes::pod().run("takes-signals command");
    command.says("command is ready");
    let pid = command.pid();
    let waits = || wait_returns_to(pid).is_some();
    eventually("beaminit waits for a signal", waits);
    let memory = OpenOptions::new()
        .write(true)
        .open(format!("/proc/{pid}/mem"));
    // No instruction, on x86-64 and on aarch64.
    let (fault, place) = ([0x0f, 0x0b, 0, 0], wait_returns_to(pid).expect("a place"));
    let written = memory.and_then(|memory| memory.write_all_at(&fault, place));
    written.expect("its memory can be written");
    command.signal_number(libc::SIGUSR1);
    let ended = command.ends_with(128 + libc::SIGILL);
    assert!(!ended.stdout.contains("takes"), "{ended}");
}

/// Where a process that waits for a signal goes on when one has come: `NUMBER ARGUMENTS STACK PLACE`, proc(5).
fn wait_returns_to(pid: i32) -> Option<u64> {
    let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
    let place = call.trim().rsplit_once(" 0x")?.1;
    let number = call.split(' ').next()?.parse();
    (number == Ok(libc::SYS_rt_sigtimedwait)).then(|| u64::from_str_radix(place, 16).ok())?
}
