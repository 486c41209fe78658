//! Ends a probe that its deadline cannot end: one that reads a pipe, or /proc of a process that waits for its memory.
//!
//! A thread reports it and ends the process: exit_group(2) ends even a thread in such a wait, and a signal with a handler
//! does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::unistd::alarm;

use crate::exit::Exit;
use crate::local_node;
use crate::log;
use crate::record::Wait;
use crate::watch::process;

/// A check that fails at the deadline has the better message, and needs some time to print it: more on a busy machine.
const GRACE: Duration = Duration::from_millis(400);

/// One of the two threads prints its message.
static IS_REPORTED: AtomicBool = AtomicBool::new(false);

/// Ends this process after that time.
pub fn enforce(limit: Duration) {
    let small = std::thread::Builder::new().stack_size(64 << 10);
    let watching = small.spawn(move || {
        sleep(limit + GRACE);
        if !IS_REPORTED.swap(true, Ordering::SeqCst) {
            let limit = humantime::format_duration(limit);
            // With a record the start is over, and it is a client of the node that waits.
            let is_over = local_node::has_found_record();
            let reason = match Wait::current().filter(|_| !is_over) {
                Some(wait) => format!("the node is not started yet: it still waits for {wait}"),
                None => "the files that describe the node (its release's, /proc) take longer to read; is one of them a pipe, or on a volume that hangs?".into(),
            };
            log::print(format_args!(
                "the probe did not finish in {limit}: {reason}"
            ));
            process::leave(Exit::NotWell.status())
        }
    });
    if watching.is_err() {
        // Without a thread the kernel's timer ends the probe, without a message.
        // SAFETY: the default disposition runs no code.
        let _ = unsafe { signal(Signal::SIGALRM, SigHandler::SigDfl) };
        let _ = SigSet::from(Signal::SIGALRM).thread_unblock();
        alarm::set(u32::try_from(limit.as_secs() + 1).unwrap_or(u32::MAX));
    }
}

/// The probe has a result to print. If the thread prints already, this waits for the end of the process.
pub fn cancel() {
    while IS_REPORTED.swap(true, Ordering::SeqCst) {
        sleep(GRACE);
    }
}
