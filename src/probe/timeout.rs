//! The end of a probe that no deadline reaches: a file that is no file, or /proc of a process that waits for its memory.
//!
//! A thread speaks, and ends the process: exit_group(2) ends even a thread that waits so, which a signal with a handler
//! would not.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::unistd::alarm;

use crate::exit::Exit;

/// Whoever finds what is wrong in time says it better, and needs some time to say it: more on a busy machine.
const GRACE: Duration = Duration::from_millis(400);

/// Somebody speaks.
static SPOKEN: AtomicBool = AtomicBool::new(false);

/// From now on this process lasts no longer than that.
pub fn enforce(limit: Duration) {
    let small = std::thread::Builder::new().stack_size(64 << 10);
    let watching = small.spawn(move || {
        sleep(limit + GRACE);
        if !SPOKEN.swap(true, Ordering::SeqCst) {
            let limit = humantime::format_duration(limit);
            let _ = writeln!(
                std::io::stderr(),
                "beaminit: the probe has come to nothing in {limit}: what tells of the node (its release's files, /proc) takes longer to read; is one of the files a pipe, or on a volume that hangs?"
            );
            // SAFETY: _exit takes an integer and does not return.
            unsafe { libc::_exit(Exit::NotWell.status()) }
        }
    });
    if watching.is_err() {
        // No thread is to be had: the kernel's clock has no words, and is as certain.
        // SAFETY: the default disposition runs no code.
        let _ = unsafe { signal(Signal::SIGALRM, SigHandler::SigDfl) };
        let _ = SigSet::from(Signal::SIGALRM).thread_unblock();
        alarm::set(u32::try_from(limit.as_secs() + 1).unwrap_or(u32::MAX));
    }
}

/// This process has something to say itself, or others have spoken already: then it waits for its end.
pub fn cancel() {
    while SPOKEN.swap(true, Ordering::SeqCst) {
        sleep(GRACE);
    }
}
