//! The controlling terminal: the child's group in the foreground where we were, Ctrl-C and Ctrl-Z as without us.
//! tcsetpgrp(3), credentials(7).
//!
//! Every call here may fail (no terminal, ENOTTY, ENXIO, EPERM, a closed descriptor), and then there is nothing to do.
//! All signals are blocked here, so that SIGTTOU stops nobody.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgrp, getpid, getsid, isatty, tcgetpgrp, tcsetpgrp};

use crate::system::processes;

/// How often a command that is stopped for want of the terminal is looked after.
pub const LOOK: Duration = Duration::from_millis(200);

/// Standard input, without the buffer that Rust's own has: the process that stays reads nothing from it.
fn stdin() -> BorrowedFd<'static> {
    // SAFETY: 0 is open from the first moments on (`descriptors::fill_gaps`), and nobody closes it.
    unsafe { BorrowedFd::borrow_raw(0) }
}

/// Does a person sit in front of the command?
pub fn is_ours() -> bool {
    isatty(stdin()).unwrap_or(false)
}

/// Is this process's group the one that a person types to?
pub fn is_in_foreground() -> bool {
    is_ours() && tcgetpgrp(stdin()) == Ok(getpgrp())
}

/// Is a group the one that a person types to?
pub fn has(group: Pid) -> bool {
    tcgetpgrp(stdin()) == Ok(group)
}

/// Makes a group the one that a person types to.
pub fn put_in_foreground(group: Pid) {
    let _ = tcsetpgrp(stdin(), group);
}

/// Takes the terminal back from the child's group, so that the shell above finds it; if that shell, or a job of the
/// child's own, has it by now, it is not ours to take.
pub fn take_back(child: Pid) {
    if !is_ours() {
        return;
    }
    // Group 1 is an init's, and kill(2) cannot ask for it: -1 means everybody.
    let is_gone = |group: Pid| group.as_raw() > 1 && killpg(group, None) == Err(Errno::ESRCH);
    let its_own = |group: Pid| group == child || is_gone(group);
    if tcgetpgrp(stdin()).is_ok_and(its_own) {
        put_in_foreground(getpgrp());
    }
}

/// The child was stopped from the terminal (Ctrl-Z). A job of a shell stops as a whole and goes on when the shell says
/// so. Where no shell could ever do that, the kernel would have ignored the key without us: so it goes on at once, unless
/// it waits for a terminal that another group has. That is what is returned: then this is to be asked again.
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
        // One that has ended and was not waited for is a group to kill(2).
        let lives = processes::descendants_of(getpid()).map_or_else(
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

/// Stops this process too, as a part of the job that has stopped.
pub fn stop_as_well(child: Pid) {
    take_back(child);
    let _ = kill(getpid(), Signal::SIGSTOP);
    // Continued: by `fg`, which gave us the terminal, or by `bg`, which did not. The CONT itself is forwarded like any
    // signal, after a TERM that came with it: the child must find that first, not its terminal gone.
    if is_in_foreground() {
        put_in_foreground(child);
    }
}
