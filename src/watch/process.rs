//! A process that runs beside the command and ends with it. Launch forks it last before the exec, and twice, so that init is
//! its parent and the command has no unknown child. It stays in the command's process group, and gets the group's signals.
//! While it watches, it blocks TERM: init repeats the TERM of a node that still boots until this process reports that it is
//! up. fork(2), pidfd_open(2), prctl(2)

use std::fs::File;
use std::os::fd::{AsFd as _, FromRawFd as _, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, kill, signal, sigprocmask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, fork, getpid};
use tracing::warn;

use crate::exit;
use crate::system::{descriptors, processes};

/// Its name in ps while it watches, and while it joins peers.
const WATCH: &std::ffi::CStr = c"beaminit-watch";
const PEERS: &std::ffi::CStr = c"beaminit-peers";
/// How often the command is looked for before Linux 5.3.
const INTERVAL: Duration = Duration::from_millis(500);

/// This process, beside the command.
pub struct Companion {
    pub command: Pid,
    /// Readable when the command has ended, pidfd_open(2); `None` before Linux 5.3.
    end: Option<OwnedFd>,
}

/// Those that the work of such a process needs.
pub type Descriptors = [Option<OwnedFd>; 2];

/// Runs `work` in a process of its own; returns in this one, which has one thread.
///
/// # Errors
/// The system's own: no process could be made.
pub fn spawn(
    descriptors: Descriptors,
    work: impl FnOnce(Companion, Descriptors),
) -> Result<(), Errno> {
    let command = getpid();
    let end = open_pidfd(command);
    // SAFETY: this process has one thread: the runtime of the dns gate ran on it, and has ended. So the child is a complete
    // copy, in which everything may be called.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            loop {
                match waitpid(child, None) {
                    Err(Errno::EINTR) => {}
                    // ECHILD where children are ignored: then the kernel has reaped it.
                    Ok(WaitStatus::Exited(_, 0)) | Err(Errno::ECHILD) => return Ok(()),
                    Ok(WaitStatus::Exited(_, errno)) => {
                        return Err(Errno::from_raw(errno));
                    }
                    Ok(_) => return Err(Errno::ECHILD),
                    Err(errno) => return Err(errno),
                }
            }
        }
        ForkResult::Child => {
            // SAFETY: as above; this process has made no thread either.
            match unsafe { fork() } {
                Ok(ForkResult::Child) => {
                    let (end, descriptors) = detach(end, descriptors);
                    work(Companion { command, end }, descriptors);
                }
                Ok(ForkResult::Parent { .. }) => leave(0),
                // An errno fits an exit status: the parent returns it.
                Err(errno) => leave(errno as i32),
            }
            leave(0)
        }
    }
}

/// Is the process there that joins peers? Without its pid, is there any, or one that may become it? Containers may share
/// their processes.
pub fn is_joiner_running(joiner: Option<i32>) -> bool {
    match joiner {
        Some(pid) => processes::is_called(format!("/proc/{pid}").as_ref(), PEERS),
        None => [PEERS, WATCH].into_iter().any(processes::is_one_called),
    }
}

/// Ends without the exit handlers of the process that was copied.
pub fn leave(status: i32) -> ! {
    // SAFETY: _exit takes an integer and does not return.
    unsafe { libc::_exit(status) }
}

fn open_pidfd(process: Pid) -> Option<OwnedFd> {
    // SAFETY: the call takes two integers, and returns a new descriptor, closed on exec, or an error.
    let number = unsafe { libc::syscall(libc::SYS_pidfd_open, process.as_raw(), 0) };
    let number = i32::try_from(number).ok().filter(|number| *number >= 0)?;
    // SAFETY: it is new, and nothing else uses it.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Gives up everything that is the command's.
fn detach(end: Option<OwnedFd>, [one, other]: Descriptors) -> (Option<OwnedFd>, Descriptors) {
    let _ = prctl::set_name(WATCH);
    let [end, one, other] = descriptors::give_up([end, one, other]);
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
    }
    // Signals to the group are for the command alone.
    // SAFETY: the default disposition runs no code.
    let _ = unsafe { signal(Signal::SIGTERM, SigHandler::SigDfl) };
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None);
    (end, [one, other])
}

impl Companion {
    /// Waits this long; ends this process when the command has ended.
    pub fn sleep(&self, time: Duration) {
        if let Some(end) = &self.end {
            if has_ended(end, time) {
                leave(0);
            }
        } else {
            std::thread::sleep(time);
            if kill(self.command, None) == Err(Errno::ESRCH) {
                leave(0);
            }
        }
    }

    /// From now on this process joins peers: a TERM ends it, a pending one too, and so does a thread when the command ends.
    pub fn become_joiner(self) {
        let mut term = SigSet::empty();
        term.add(Signal::SIGTERM);
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&term), None);
        let _ = prctl::set_name(PEERS);
        let small = std::thread::Builder::new().stack_size(32 << 10);
        let watching = small.spawn(move || {
            // With a pidfd one wait is enough.
            let step = self.end.as_ref().map_or(INTERVAL, |_| Duration::MAX);
            loop {
                self.sleep(step);
            }
        });
        if let Err(error) = watching {
            warn!(
                "cannot watch for the node's end: {error}; the node is not joined with BEAMINIT_PEERS: {}",
                exit::remedy(Errno::from_raw(error.raw_os_error().unwrap_or(0)))
            );
            leave(0);
        }
    }
}

/// Waits for a process's end, at most for this time.
fn has_ended(end: &OwnedFd, limit: Duration) -> bool {
    let mut ends = [PollFd::new(end.as_fd(), PollFlags::POLLIN)];
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    poll(&mut ends, limit).is_ok_and(|count| count > 0)
}
