//! The moments in which other inits lose a signal, drawn out: strace holds one process up in one system call, and the
//! signals are sent while it is there.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::Signal;

use super::fakes::{self, taken};
use super::observed::{children, is_beaminit, is_held_in, status};
use crate::harness::*;

/// Waits to be told, blocks the signals of its first argument, then becomes the rest of them. Its own setpgid is there
/// to be the first one of this process, so that what is injected `when=1` hits only beaminit's child after that.
const GATE: &str = "$| = 1; print qq(gate\\n); <STDIN>; setpgrp; \
                    sigprocmask(SIG_BLOCK, POSIX::SigSet->new(split(/,/, shift))); exec @ARGV or die";

/// How a C library may fork: musl has fork(2) where there is one.
#[cfg(target_arch = "x86_64")]
const FORKS: [i64; 3] = [libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork];
#[cfg(not(target_arch = "x86_64"))]
const FORKS: [i64; 2] = [libc::SYS_clone, libc::SYS_clone3];

/// A moment of a start.
struct Window {
    name: &'static str,
    /// What strace is told; the time is to follow.
    held_up: &'static [&'static str],
    /// Whether first process and child stand where they should, once the first is beaminit.
    is_open: fn(first: i32, child: Option<i32>) -> bool,
}

const WINDOWS: [Window; 5] = [
    Window {
        name: "before main",
        held_up: &["-e", "inject=set_tid_address:delay_enter="],
        is_open: |first, child| child.is_none() && is_held_in(first, &[libc::SYS_set_tid_address]),
    },
    Window {
        name: "between block and fork",
        held_up: &["-e", "inject=pipe2:delay_enter="],
        is_open: |first, child| child.is_none() && is_held_in(first, &[libc::SYS_pipe2]),
    },
    Window {
        name: "between fork and setpgid, in the parent",
        held_up: &["-e", "inject=clone,clone3,?fork:delay_exit="],
        is_open: |first, child| child.is_some() && is_held_in(first, &FORKS),
    },
    Window {
        name: "between fork and setpgid, in the child",
        held_up: &["-f", "-e", "inject=setpgid:when=1:delay_enter="],
        is_open: |_, child| child.is_some_and(|child| is_held_in(child, &[libc::SYS_setpgid])),
    },
    Window {
        name: "in the child before exec",
        held_up: &["-f", "-e", "inject=execve:delay_enter="],
        is_open: |_, child| child.is_some_and(|child| is_held_in(child, &[libc::SYS_execve])),
    },
];

/// Without init, as PID 1: the last moment but the exec itself, with which the handlers go.
const ALONE: Window = Window {
    name: "in beaminit exec, before the exec",
    held_up: &["-e", "inject=write:delay_enter="],
    is_open: |first, _| {
        let caught = u64::from_str_radix(&status(first, "SigCgt:"), 16).unwrap_or(0);
        let term = 1 << (libc::SIGTERM - 1);
        caught & term != 0 && is_held_in(first, &[libc::SYS_write])
    },
};

/// A process of the command's leaves its group.
const LEAVES: Window = Window {
    name: "before setsid, in a child of the command",
    held_up: &["-f", "-e", "inject=setsid:delay_enter="],
    is_open: |_, command| {
        let leaver = command.and_then(|command| children(command).first().copied());
        leaver.is_some_and(|leaver| is_held_in(leaver, &[libc::SYS_setsid]))
    },
};

/// A pod in such a moment, and the strace that holds it there; the pod goes first.
struct HeldUp {
    running: Running,
    _strace: Strace,
}

struct Strace(Child);

impl Drop for Strace {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Window {
    /// Starts a command line under a parent that blocks these signals, and acts while the window is open: again, with
    /// more time, if it closed meanwhile.
    #[track_caller]
    fn meanwhile(
        &self,
        pod: &Pod,
        blocked: &str,
        command: &[&str],
        act: impl Fn(&Running),
    ) -> HeldUp {
        for tenths in [3, 10, 40, 160, 640] {
            let held = self.reach(pod, blocked, command, Duration::from_millis(100 * tenths));
            if self.is_open_for(&held.running) {
                act(&held.running);
                if self.is_open_for(&held.running) {
                    return held;
                }
            }
        }
        panic!("{}: could not be held open", self.name)
    }

    /// Sends signals meanwhile.
    #[track_caller]
    fn send(&self, pod: &Pod, blocked: &str, command: &[&str], signals: &[i32]) -> HeldUp {
        self.meanwhile(pod, blocked, command, |running| {
            for signal in signals {
                running.signal_number(*signal);
            }
        })
    }

    fn reach(&self, pod: &Pod, blocked: &str, command: &[&str], time: Duration) -> HeldUp {
        let gate = ["perl", "-MPOSIX", "-e", GATE, blocked];
        let mut running = pod.first([&gate, command].concat().as_slice());
        running.says("gate");
        let (inject, options) = self.held_up.split_last().expect("something to hold up");
        let strace = Command::new("strace")
            .args(options)
            .arg(format!("{inject}{}", time.as_micros()))
            .args(["-o", "/dev/null", "-p", &running.pid().to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let strace = Strace(strace.expect("strace starts"));
        let traced = || status(running.pid(), "TracerPid:") == strace.0.id().to_string();
        eventually("strace is attached", traced);
        running.types("go\n");
        // Whoever looks away may miss it.
        let deadline = Instant::now() + 10 * time;
        while !running.is_over() && !self.is_open_for(&running) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        HeldUp {
            running,
            _strace: strace,
        }
    }

    fn is_open_for(&self, running: &Running) -> bool {
        let first = running.pid();
        is_beaminit(first) && (self.is_open)(first, children(first).first().copied())
    }
}

fn pod() -> Pod {
    fakes::pod().input(Input::Open)
}

#[test]
fn in_each_of_them_a_signal_ends_the_launch_as_it_would_end_the_command() {
    for window in &WINDOWS {
        for signal in [Signal::SIGTERM, Signal::SIGUSR1] {
            let signal = signal as i32;
            let command = [BEAMINIT, "--", "sleep", "1000"];
            let ended = window.send(&pod(), "", &command, &[signal]).running.ends();
            assert_eq!(ended.code, 128 + signal, "{}: {ended}", window.name);
        }
    }
}

#[test]
fn in_each_of_them_every_signal_is_kept_for_a_command_that_takes_it() {
    let (term, usr1, real_time) = (libc::SIGTERM, libc::SIGUSR1, libc::SIGRTMIN() + 2);
    let blocked = format!("{term},{usr1},{real_time}");
    for window in &WINDOWS {
        let command = [BEAMINIT, "--", "takes-signals", "command", "64"];
        let sent = [term, real_time, real_time, usr1, real_time];
        let held = window.send(&pod(), &blocked, &command, &sent);
        held.running.says("5 in all");
        held.running.signal_number(64);
        let ended = held.running.ends_with(0);
        let all = [usr1, term, real_time, real_time, real_time, 64];
        assert_eq!(taken(&ended, "command"), all, "{}: {ended}", window.name);
    }
}

#[test]
fn a_command_that_ends_before_init_waits_for_it_is_seen() {
    let has_ended = |running: &Running| {
        let Some(&child) = children(running.pid()).first() else {
            return;
        };
        let state = || status(child, "State:");
        eventually("the command has ended", || {
            state().is_empty() || state().starts_with('Z')
        });
    };
    let command = [BEAMINIT, "--", "exits", "3"];
    let held = WINDOWS[1].meanwhile(&pod(), "", &command, has_ended);
    held.running.ends_with(3);
}

#[test]
fn without_init_term_ends_the_launch() {
    let command = [BEAMINIT, "exec", "--", "sleep", "1000"];
    let [before_main, ..] = &WINDOWS;
    for window in [before_main, &ALONE] {
        let held = window.send(&pod(), "", &command, &[libc::SIGTERM]);
        held.running.ends_with(143);
    }
}

#[test]
fn who_leaves_the_group_while_it_is_stopped_is_continued_with_it() {
    let pod = pod().env("BEAMINIT_SIGNALS", "USR1=STOP");
    let script = "if (fork) { wait } else { setsid; exec qw(echo it has left) }";
    let command = [BEAMINIT, "--", "perl", "-MPOSIX", "-e", script];
    let held = LEAVES.send(&pod, "", &command, &[libc::SIGUSR1]);
    eventually("it is stopped in a group of its own", || {
        let mut inmates = held.running.inmates().into_iter();
        inmates.any(|one| one.parent > 1 && one.group == one.pid && "tT".contains(one.state))
    });
    held.running.signal_number(libc::SIGCONT);
    held.running.says("it has left");
    held.running.ends_with(0);
}
