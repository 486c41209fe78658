//! Signals as init has them: all blocked, taken one by one with sigwaitinfo(2).
//!
//! First in the flow: [`block_all`] is the first thing in `main`, because the kernel drops every signal to a PID 1 that
//! neither blocks nor handles it (pid_namespaces(7)). A blocked mask beats handlers here: it needs one system call
//! where handlers for all signals (signal-hook's too) need one each, it keeps the order and the sender of what comes,
//! and nothing of it can run in the child after fork.

use std::mem::MaybeUninit;
use std::time::Duration;

use nix::libc;

/// A signal number: the real-time signals have no name to be an enum by.
pub type Signal = libc::c_int;

/// Blocks every signal.
pub fn block_all() {
    let all = all();
    // SAFETY: the set is whole, and the old mask is not asked for; this cannot fail.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut()) };
}

fn all() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigfillset initialises the whole set.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        set.assume_init()
    }
}

/// Undoes an inherited ignored SIGCHLD, under which the kernel reaps by itself and the exit status is lost.
pub fn hear_of_children() {
    default(libc::SIGCHLD);
}

/// Gives the command what it has a right to: no signal blocked, none ignored. Async-signal-safe.
pub fn give_defaults() {
    for signal in 1..=libc::SIGRTMAX() {
        default(signal);
    }
    let mut none = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set that sigprocmask then reads.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

fn default(signal: Signal) {
    // SAFETY: SIG_DFL installs no code of ours; for KILL, STOP and libc's own signals the call fails and changes nothing.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Sends a signal to a process, a group (negative), or all (-1). A target that has gone (ESRCH) or has changed its user
/// (EPERM) is not our failure.
pub fn send(target: libc::pid_t, signal: Signal) {
    // SAFETY: kill takes two integers. The raw call, because nix has no names for real-time signals.
    unsafe { libc::kill(target, signal) };
}

/// Waits for the next signal, at most for `limit`; `None` when that time has passed.
pub fn next(limit: Option<Duration>) -> Option<Signal> {
    let all = all();
    let deadline = limit.map(|limit| std::time::Instant::now() + limit);
    loop {
        let left =
            deadline.map(|deadline| deadline.saturating_duration_since(std::time::Instant::now()));
        let timespec = left.map(|left| libc::timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        let pointer = timespec
            .as_ref()
            .map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: the set and the time outlive the call; a null siginfo and a null time are allowed.
        let signal = unsafe { libc::sigtimedwait(&raw const all, std::ptr::null_mut(), pointer) };
        if signal > 0 {
            return Some(signal);
        }
        // EINTR comes when this process was stopped and continued; only EAGAIN says that the time has passed.
        if nix::errno::Errno::last() == nix::errno::Errno::EAGAIN {
            return None;
        }
    }
}
