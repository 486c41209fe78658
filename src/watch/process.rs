//! A process that nobody waits for, and that is gone when the node is: forked by launch as the last thing before the exec,
//! twice, so that init is its parent and the command has no child that it does not know. It stays in the command's process
//! group: who tells the command to end tells it too. While it watches, it heeds no TERM: a node that still boots gets its
//! own again until this process says that it is up. fork(2), pidfd_open(2), prctl(2)

use std::fs::{DirEntry, File};
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, kill, signal, sigprocmask};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, fork, getpid};
use tracing::warn;

use crate::exit;
use crate::system::descriptors;

/// What ps calls it while it watches, and while it joins peers.
const WATCH: &std::ffi::CStr = c"beaminit-watch";
const PEERS: &std::ffi::CStr = c"beaminit-peers";
/// Where the kernel does not tell of the node's end, it is looked for this often.
const LOOK: Duration = Duration::from_millis(500);

/// The command that this process runs beside.
pub struct Companion {
    /// Its id.
    pub command: Pid,
    /// Tells of its end; `None` before Linux 5.3.
    end: Option<OwnedFd>,
}

/// Descriptors that the work of such a process needs.
pub type Kept = [Option<OwnedFd>; 2];

/// Runs `work` in a process of its own; returns in this one, which has one thread.
///
/// # Errors
/// No process was to be had.
pub fn spawn(kept: Kept, work: impl FnOnce(Companion, Kept)) -> Result<(), Errno> {
    let command = getpid();
    let end = watch(command);
    // SAFETY: this process has one thread: the runtime of the dns gate ran on it, and has gone. So the child is a whole
    // copy of it, in which everything may be called.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            loop {
                match waitpid(child, None) {
                    Err(Errno::EINTR) => {}
                    // ECHILD where children are ignored: then the kernel has seen to it.
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
                    let (end, kept) = settle(end, kept);
                    work(Companion { command, end }, kept);
                }
                Ok(ForkResult::Parent { .. }) => leave(0),
                // Every errno is a status, too: the one above says it.
                Err(errno) => leave(errno as i32),
            }
            leave(0)
        }
    }
}

/// Does a process that joins peers run in this container?
pub fn runs() -> bool {
    let is_one = |process: DirEntry| {
        let name = std::fs::read(process.path().join("comm"));
        name.is_ok_and(|name| name.trim_ascii_end() == PEERS.to_bytes())
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten();
    processes.flatten().any(is_one)
}

/// Ends without running what the process that was copied had registered for its own end.
pub fn leave(status: i32) -> ! {
    // SAFETY: _exit takes an integer and does not return.
    unsafe { libc::_exit(status) }
}

/// A descriptor that tells of a process's end; `None` before Linux 5.3.
fn watch(process: Pid) -> Option<OwnedFd> {
    // SAFETY: the call takes two integers, and returns a new descriptor, closed on exec, or an error.
    let number = unsafe { libc::syscall(libc::SYS_pidfd_open, process.as_raw(), 0) };
    let number = i32::try_from(number).ok().filter(|number| *number >= 0)?;
    // SAFETY: it was made just now, and nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Lets go of all that is the command's.
fn settle(end: Option<OwnedFd>, [one, other]: Kept) -> (Option<OwnedFd>, Kept) {
    let _ = prctl::set_name(WATCH);
    // The cookie is in this memory: no debugger may look at it, and no core dump hold it.
    let _ = prctl::set_dumpable(false);
    let [end, one, other] = descriptors::let_go([end, one, other]);
    let null = || {
        let mut options = File::options();
        options.read(true).write(true).open("/dev/null").ok()
    };
    if let Some(null) = null() {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
    }
    // What the group is sent is the command's alone.
    // SAFETY: the default disposition runs no code.
    let _ = unsafe { signal(Signal::SIGTERM, SigHandler::SigDfl) };
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None);
    (end, [one, other])
}

impl Companion {
    /// Waits this long, or leaves for good when the command has ended.
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

    /// From now on this process joins peers: a TERM ends it, also one that has come, and a thread when the command ends.
    pub fn becomes_joiner(self) {
        let mut term = SigSet::empty();
        term.add(Signal::SIGTERM);
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&term), None);
        let _ = prctl::set_name(PEERS);
        let small = std::thread::Builder::new().stack_size(32 << 10);
        let watching = small.spawn(move || {
            // With a descriptor of the command's end nothing needs to be looked for.
            let step = self.end.as_ref().map_or(LOOK, |_| Duration::MAX);
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
    let mut poll = libc::pollfd {
        fd: end.as_fd().as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let limit = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the structure outlives the call.
    (unsafe { libc::poll(&raw mut poll, 1, limit) }) > 0
}
