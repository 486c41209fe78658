//! Descriptors, and the working directory: what a process that stays has to fill, and what it has to let go of.
//!
//! 0 to 2 may be closed when we are started, and then the next thing opened would take their place, to be written to as
//! if it were the log. Rust's start-up sees to that; we come before it. All others are the command's alone: a pipe that
//! it closes must be closed, a file system that it leaves can be unmounted. close_range(2)

use std::cmp;
use std::io::{self, Write};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd;

use super::signals;

/// Puts /dev/null where a standard stream is closed; for us alone: the command gets it closed, as we did.
pub fn fill_gaps() {
    for number in 0..=2 {
        // SAFETY: the descriptor is only asked about; EBADF is what we are here for.
        let stream = unsafe { BorrowedFd::borrow_raw(number) };
        if fcntl(stream, FcntlArg::F_GETFD) == Err(Errno::EBADF) {
            // The lowest free descriptor is this one, as those below it are open by now. It stays open until the exec.
            let _ = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())
                .map(IntoRawFd::into_raw_fd);
        }
    }
}

/// Leaves the working directory; gives the way back to it. `None` where there may be none, and then nothing was left: who
/// may not search a folder never comes back.
pub fn leave_folder() -> Option<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let folder = open(".", flags, Mode::empty()).ok()?;
    let left = unistd::fchdir(&folder).and_then(|()| unistd::chdir("/"));
    left.is_ok().then_some(folder)
}

/// Lets go of all that is the command's, once it has it: every descriptor above 2 but those kept, and the folder.
pub fn let_go<const COUNT: usize>(kept: [Option<OwnedFd>; COUNT]) -> [Option<OwnedFd>; COUNT] {
    let _ = unistd::chdir("/");
    // The lowest number there is above the standard streams, or the one that it has.
    let kept = kept.map(|one| {
        let one = one?;
        let lower = fcntl(&one, FcntlArg::F_DUPFD_CLOEXEC(3));
        Some(lower.map_or(one, |lower| {
            // SAFETY: fcntl has just made this descriptor, and nobody else knows it.
            unsafe { OwnedFd::from_raw_fd(lower) }
        }))
    });
    let number = |one: &Option<OwnedFd>| one.as_ref().map_or(0, OwnedFd::as_raw_fd);
    let mut numbers = kept.each_ref().map(number);
    numbers.sort_unstable();
    let mut next = 3;
    for number in numbers.into_iter().filter(|number| *number > 2) {
        close_range(next, number - 1);
        next = number + 1;
    }
    close_range(next, RawFd::MAX);
    kept
}

/// Standard error for one line at a time, which neither ends nor holds up this process: a pipe may have lost its reader
/// (SIGPIPE), or be full. Whether writes block is a matter of the pipe and not of the descriptor, and the command's too,
/// so it stays as it is. pipe(7), poll(2)
pub struct Stderr;

/// So long a line waits for a slow reader to take some of it; the next one not at all, if that was in vain.
const PATIENCE: Duration = Duration::from_secs(1);

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        static IS_READ: AtomicBool = AtomicBool::new(true);
        let patience = if IS_READ.load(Relaxed) {
            PATIENCE
        } else {
            Duration::ZERO
        };
        let before = signals::set_disposition(libc::SIGPIPE, libc::SIG_IGN);
        let written = write_within(line, patience);
        signals::set_disposition(libc::SIGPIPE, before);
        IS_READ.store(written.is_ok(), Relaxed);
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_within(mut line: &[u8], patience: Duration) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    let mut deadline = Instant::now() + patience;
    while !line.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        let mut ready = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
        let written = match poll(&mut ready, left) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            // So much goes in at once where anything does.
            Ok(_) => {
                let (some, _) = line.split_at(cmp::min(line.len(), libc::PIPE_BUF));
                stderr.write(some)
            }
            Err(errno) => Err(errno.into()),
        };
        match written {
            Ok(count) => {
                line = line.get(count..).unwrap_or_default();
                deadline = Instant::now() + patience;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn close_range(first: RawFd, last: RawFd) {
    if first > last {
        return;
    }
    // SAFETY: nothing in this process uses a descriptor of that range: it owns the standard streams and what is kept.
    if unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } == 0 {
        return;
    }
    // A kernel before 5.9, or a container runtime that does not let it through.
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    let open = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let open: Vec<RawFd> = open
        .filter(|number| (first..=last).contains(number))
        .collect();
    for number in open {
        // SAFETY: as above; the one that the list itself had is closed by now, and nobody else opens any.
        unsafe { libc::close(number) };
    }
}
