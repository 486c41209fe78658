//! Signals for init: all blocked, taken one by one with sigtimedwait(2).
//!
//! They are blocked before anything else is done, because the kernel drops every signal to a PID 1 that neither blocks nor
//! handles it (pid_namespaces(7)). A mask is better than handlers here: it needs one system call where handlers for all
//! signals (signal-hook's too) need one each, it keeps the order of the signals, and no handler can run in the child after
//! fork.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::time::TimeSpec;

use crate::system::memory;

/// The kernel's own set of signals, a bit for each: the C library's leaves out two that it uses itself.
pub type Set = u64;

/// Every signal; the kernel leaves out KILL and STOP.
pub static ALL: Set = Set::MAX;

/// Sets the mask of blocked signals; returns the one before.
pub fn set_mask(mask: Set) -> Set {
    let mut before: Set = 0;
    // SAFETY: both sets outlive the call and have the size given. It cannot fail.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            &raw mut before,
            size_of::<Set>(),
        )
    };
    before
}

/// A number, because real-time signals have no names.
pub type Signal = libc::c_int;

/// The signal settings that this process was started with, and the command is to start with.
#[derive(Clone, Copy)]
pub struct Inherited {
    mask: Set,
    ignores_children: bool,
}

pub fn is_pid_1() -> bool {
    nix::unistd::getpid().as_raw() == 1
}

impl Inherited {
    /// Blocks every signal.
    pub fn block_all() -> Self {
        Self::new(set_mask(ALL))
    }

    /// With this mask; every signal is already blocked.
    pub fn new(mask: Set) -> Self {
        Self {
            mask,
            ignores_children: false,
        }
    }

    /// Undoes an ignored SIGCHLD, under which the kernel reaps by itself and the exit status is lost.
    pub fn hear_of_children(&mut self) {
        self.ignores_children = set_disposition(libc::SIGCHLD, libc::SIG_DFL) == libc::SIG_IGN;
    }

    /// Restores everything: for the child, which becomes the command, and where there is no init.
    pub fn give_back(&self) {
        if self.ignores_children {
            set_disposition(libc::SIGCHLD, libc::SIG_IGN);
        }
        set_mask(self.mask);
    }
}

/// Sets a disposition that runs no code of ours; returns the one before.
pub fn set_disposition(signal: Signal, disposition: libc::sighandler_t) -> libc::sighandler_t {
    // SAFETY: SIG_DFL and SIG_IGN install no handler.
    unsafe { libc::signal(signal, disposition) }
}

/// Reads without setting: to set it to "ignored" would drop a pending one (sigaction(2)).
fn is_ignored(signal: Signal) -> bool {
    let mut now = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: sigaction writes one structure to the place given, if it succeeds; with no new one it changes nothing.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) } == 0;
    // SAFETY: it has succeeded.
    asked && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// For `exec`, where no init takes signals: PID 1 ignores those that it has no handler for. Until the exec, which removes the
/// handlers, they end this process as they would end any other.
pub fn end_on_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        // An ignored one stays ignored, for the command too.
        if is_pid_1() && !is_ignored(signal) {
            let is_armed = Arc::new(AtomicBool::new(true));
            // Registering fails for signals that cannot be caught; these can.
            let _ =
                signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, is_armed);
        }
    }
}

/// Sends a signal to a process, a group (negative), or all (-1). A target that has ended (ESRCH) or changed its user (EPERM)
/// is no failure.
pub fn send(target: libc::pid_t, signal: Signal) {
    let _ = reaches(target, signal);
}

/// The same; returns whether it could be sent. Signal 0 only checks.
pub fn reaches(target: libc::pid_t, signal: Signal) -> bool {
    // SAFETY: kill takes two integers. The raw call, because nix has no names for real-time signals.
    unsafe { libc::kill(target, signal) == 0 }
}

/// Waits for the next signal, at most for `limit`; `None` when that time has passed.
pub fn next(limit: Option<Duration>) -> Option<Signal> {
    // A deadline beyond the clock's range is none.
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    loop {
        let left = deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
            .map(TimeSpec::from_duration);
        let left = left
            .as_ref()
            .map_or(std::ptr::null(), |left| std::ptr::from_ref(left.as_ref()));
        // As late as possible: code that runs after it brings its pages back.
        memory::drop_code_pages_once();
        // SAFETY: the set and the time outlive the call; a null siginfo and a null time are allowed.
        let signal = unsafe {
            libc::syscall(
                libc::SYS_rt_sigtimedwait,
                &raw const ALL,
                std::ptr::null_mut::<libc::siginfo_t>(),
                left,
                size_of::<Set>(),
            )
        };
        if let Ok(signal @ 1..) = Signal::try_from(signal) {
            return Some(signal);
        }
        // EINTR comes when this process was stopped and continued; only EAGAIN says that the time has passed.
        if Errno::last() == Errno::EAGAIN {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_longer_than_any_clock_runs() {
        let inherited = Inherited::block_all();
        // SAFETY: raise takes an integer; the signal is blocked in this thread, and only here is it waited for.
        unsafe { libc::raise(libc::SIGURG) };
        assert_eq!(next(Some(Duration::MAX)), Some(libc::SIGURG));
        inherited.give_back();
    }
}
