//! A process that nobody waits for, and that is gone when the node is.

use std::convert::Infallible;
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

use crate::exit::Exit;
use crate::init::streams;
use crate::launch::failure::Failure;

/// What ps calls it.
const NAME: &std::ffi::CStr = c"beaminit-peers";
/// Where the kernel does not tell of the node's end, it is looked for this often.
const LOOK: Duration = Duration::from_millis(500);

/// Runs `work` in a process of its own; returns in this one, which has one thread.
///
/// # Errors
/// [`Exit::System`]: no process was to be had.
pub fn beside(work: impl FnOnce() -> Infallible) -> Result<(), Failure> {
    let node = getpid();
    let end = watch(node);
    // SAFETY: this process has one thread: the runtime of the dns gate ran on it, and has gone. So the child is a whole
    // copy of it, in which everything may be called.
    match unsafe { fork() }.map_err(refused)? {
        ForkResult::Parent { child } => {
            loop {
                match waitpid(child, None) {
                    Err(Errno::EINTR) => {}
                    // ECHILD where children are ignored: then the kernel has seen to it.
                    Ok(WaitStatus::Exited(_, 0)) | Err(Errno::ECHILD) => return Ok(()),
                    Ok(WaitStatus::Exited(_, errno)) => {
                        return Err(refused(Errno::from_raw(errno)));
                    }
                    Ok(_) => return Err(refused(Errno::ECHILD)),
                    Err(errno) => return Err(refused(errno)),
                }
            }
        }
        ForkResult::Child => {
            // SAFETY: as above; this process has made no thread either.
            match unsafe { fork() } {
                Ok(ForkResult::Child) => {
                    settle(node, end);
                    work();
                }
                Ok(ForkResult::Parent { .. }) => leave(0),
                // Every errno is a status, too: the one above says it.
                Err(errno) => leave(errno as i32),
            }
            leave(0)
        }
    }
}

/// Does such a process run in this container?
pub fn runs() -> bool {
    let is_one = |process: DirEntry| {
        let name = std::fs::read(process.path().join("comm"));
        name.is_ok_and(|name| name.trim_ascii_end() == NAME.to_bytes())
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten();
    processes.flatten().any(is_one)
}

fn refused(errno: Errno) -> Failure {
    Failure::new(
        Exit::System,
        format!(
            "cannot start the process that joins BEAMINIT_PEERS: {errno}; is the pids limit of this container too low?"
        ),
    )
}

/// Ends without running what the process that was copied had registered for its own end.
fn leave(status: i32) -> ! {
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

/// Lets go of all that is the command's; leaves at once when the node ends, or is told to.
fn settle(node: Pid, end: Option<OwnedFd>) {
    let _ = prctl::set_name(NAME);
    // The cookie is in this memory: no debugger may look at it, and no core dump hold it.
    let _ = prctl::set_dumpable(false);
    let has_end = end.is_some();
    let null = || {
        File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
            .ok()
    };
    // Something is kept in any case: init waits for the end of a pipe that this process has as well.
    let Some(kept) = end.or_else(|| null().map(OwnedFd::from)) else {
        leave(0);
    };
    let kept = streams::let_go(kept);
    if let Some(null) = null() {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
    }
    // What else the group is sent is the command's alone.
    // SAFETY: the default disposition runs no code.
    let _ = unsafe { signal(Signal::SIGTERM, SigHandler::SigDfl) };
    let mut blocked = SigSet::all();
    blocked.remove(Signal::SIGTERM);
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&blocked), None);
    let small = std::thread::Builder::new().stack_size(32 << 10);
    let watching = small.spawn(move || {
        wait_for_the_end(node, Some(&kept).filter(|_| has_end));
        leave(0);
    });
    if let Err(error) = watching {
        warn!(
            "cannot watch for the node's end: {error}; the node is not joined with BEAMINIT_PEERS: is the pids limit of this container too low?"
        );
        leave(0);
    }
}

fn wait_for_the_end(node: Pid, end: Option<&OwnedFd>) {
    let Some(end) = end else {
        while kill(node, None) != Err(Errno::ESRCH) {
            std::thread::sleep(LOOK);
        }
        return;
    };
    let mut poll = libc::pollfd {
        fd: end.as_fd().as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the structure outlives the call; EINTR is tried again.
    while unsafe { libc::poll(&raw mut poll, 1, -1) } < 0 {}
}
