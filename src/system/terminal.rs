//! The controlling terminal: the child's group takes our place in the foreground, Ctrl-C and Ctrl-Z work as without us.
//! tcsetpgrp(3), credentials(7).
//!
//! Every call may fail (no terminal, ENOTTY, ENXIO, EPERM, a closed descriptor), and then there is nothing to do. All signals
//! are blocked, so that SIGTTOU stops no process.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgrp, getpid, getsid, isatty, tcgetpgrp, tcsetpgrp};

use crate::system::processes;

/// How often a command that is stopped because it waits for the terminal is checked.
pub const INTERVAL: Duration = Duration::from_millis(200);

/// Standard input, without the buffer of Rust's own.
fn stdin() -> BorrowedFd<'static> {
    // SAFETY: 0 is always open (`descriptors::fill_gaps`), and nothing closes it.
    unsafe { BorrowedFd::borrow_raw(0) }
}

/// Is standard input a terminal?
pub fn is_ours() -> bool {
    isatty(stdin()).unwrap_or(false)
}

pub fn is_in_foreground() -> bool {
    is_ours() && tcgetpgrp(stdin()) == Ok(getpgrp())
}

pub fn is_group_in_foreground(group: Pid) -> bool {
    tcgetpgrp(stdin()) == Ok(group)
}

pub fn put_in_foreground(group: Pid) {
    let _ = tcsetpgrp(stdin(), group);
}

/// Takes the terminal back from the child's group for the shell above, unless that shell or a job of the child's own has it.
pub fn take_back(child: Pid) {
    if !is_ours() {
        return;
    }
    // Group 1 is an init's, and kill(2) cannot check it: -1 means every process.
    let has_ended = |group: Pid| group.as_raw() > 1 && killpg(group, None) == Err(Errno::ESRCH);
    let is_takeable = |group: Pid| group == child || has_ended(group);
    if tcgetpgrp(stdin()).is_ok_and(is_takeable) {
        put_in_foreground(getpgrp());
    }
}

/// The child was stopped from the terminal (Ctrl-Z). A shell's job stops as a whole until the shell continues it. Where no
/// shell could, the kernel would have ignored the key without us: so the child continues at once, unless it waits for the
/// terminal of another group. Then this returns true, and is to be called again.
pub fn child_stopped(child: Pid, by: i32) -> bool {
    if !is_ours() || by == libc::SIGSTOP {
        return false;
    }
    let leads_session = getsid(None).is_ok_and(|session| session == getpid());
    if !leads_session {
        stop_as_well(child);
        return false;
    }
    if let Some(group) = tcgetpgrp(stdin()).ok().filter(|group| *group != child) {
        // kill(2) finds the group of a process that has ended and is not reaped.
        let lives = processes::descendants().map_or_else(
            || killpg(group, None).is_ok(),
            |all| all.iter().any(|process| process.group == group.as_raw()),
        );
        if lives && by != libc::SIGTSTP {
            return true;
        }
        if !lives {
            put_in_foreground(child);
        }
    }
    let _ = killpg(child, Signal::SIGCONT);
    false
}

/// Stops this process too, as part of the job.
pub fn stop_as_well(child: Pid) {
    take_back(child);
    let _ = kill(getpid(), Signal::SIGSTOP);
    // Continued by `fg`, which gave us the terminal, or by `bg`, which did not. The CONT is forwarded like any signal, after a
    // TERM that came with it: the child must get that first, and not lose its terminal before.
    if is_in_foreground() {
        put_in_foreground(child);
    }
}
