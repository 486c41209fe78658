//! The child that becomes the command: fork(2), a process group of its own, default signals.
//!
//! Second in the flow: after the signals are blocked, before anything is supervised.

use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{self, ForkResult, Pid};

use crate::system::{descriptors, signals, terminal};

/// Makes this process the parent of orphans where it isn't so as PID 1 (`PR_SET_CHILD_SUBREAPER`, prctl(2)).
pub fn adopt_orphans() {
    if !signals::is_pid_1() {
        // Kernels before 3.4 refuse; the command then runs all the same, and its orphans go to the real PID 1.
        let _ = prctl::set_child_subreaper(true);
    }
}

/// Forks; the child leads a process group of its own, in the foreground if we were, and runs `body` with the mask and
/// the dispositions that we were started with. `body` does not return to us: its result is the child's exit status.
///
/// # Errors
/// fork(2) failed.
pub fn spawn(inherited: &signals::Inherited, body: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    let in_foreground = terminal::is_in_foreground();
    // Before there is a child that could ask where its parent is.
    let folder = descriptors::leave_folder();
    // SAFETY: this process has one thread (it has made none, and is before any runtime), so the child is a whole copy of
    // it: no lock is held by a thread that does not exist there, and everything may be called, not just what is
    // async-signal-safe.
    match unsafe { unistd::fork() }? {
        ForkResult::Child => {
            // In the child and in the parent, so that a signal to the group finds it from the first moment on (no ESRCH).
            let _ = unistd::setpgid(Pid::from_raw(0), Pid::from_raw(0));
            if let Some(folder) = folder {
                let _ = unistd::fchdir(folder);
            }
            if in_foreground {
                terminal::put_in_foreground(unistd::getpgrp());
            }
            inherited.give_back();
            std::process::exit(body())
        }
        ForkResult::Parent { child } => {
            // EACCES says that the child has exec'd, ESRCH that it has ended: it has a group by then.
            let _ = unistd::setpgid(child, child);
            Ok(child)
        }
    }
}
