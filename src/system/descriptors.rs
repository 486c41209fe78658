//! Descriptors and the working directory of a process that stays beside the command.
//!
//! 0 to 2 may be closed at the start, and then the next file opened would get such a number, and the log would be written to
//! it. Rust's start-up code opens them, but this program runs before it. All others belong to the command: a pipe that it
//! closes must be closed, and a file system that it leaves must be free to be unmounted. close_range(2)

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

use super::{printable, signals};

/// Opens /dev/null for each closed standard stream; for this process only: the command gets it closed.
pub fn fill_gaps() {
    for number in 0..=2 {
        // SAFETY: fcntl only reads its flags; EBADF is the answer that is looked for.
        let stream = unsafe { BorrowedFd::borrow_raw(number) };
        if fcntl(stream, FcntlArg::F_GETFD) == Err(Errno::EBADF) {
            // The lowest free descriptor is this one, as those below it are open by now. It stays open until the exec.
            let _ = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())
                .map(IntoRawFd::into_raw_fd);
        }
    }
}

/// Changes to `/`; returns the working directory to return to. `None` without a change, where this process may not search the
/// folder and so could not return.
pub fn leave_folder() -> Option<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let folder = open(".", flags, Mode::empty()).ok()?;
    let left = unistd::fchdir(&folder).and_then(|()| unistd::chdir("/"));
    left.is_ok().then_some(folder)
}

/// Makes another descriptor of it; `request` is one of the two for that.
pub fn duplicate(one: &OwnedFd, request: FcntlArg) -> Result<OwnedFd, Errno> {
    let number = fcntl(one, request)?;
    // SAFETY: fcntl has just made this descriptor, and nothing else uses it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Gives up what is the command's: every descriptor above 2 but those kept, and the working directory.
pub fn give_up<const COUNT: usize>(kept: [Option<OwnedFd>; COUNT]) -> [Option<OwnedFd>; COUNT] {
    let _ = unistd::chdir("/");
    // The lowest free number above the standard streams, or its own.
    let kept = kept.map(|one| {
        let one = one?;
        Some(duplicate(&one, FcntlArg::F_DUPFD_CLOEXEC(3)).unwrap_or(one))
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

/// Standard error, a line at a time, whatever is in it. Neither a pipe without a reader (SIGPIPE) nor a full one may end or block this process.
/// O_NONBLOCK would apply to the command too, because it belongs to the open file and not to the descriptor. pipe(7), poll(2)
pub struct Stderr;

/// How long a line waits for a slow reader; after a timeout the next one does not wait.
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
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = printable::one_line(&String::from_utf8_lossy(text)) + "\n";
        let written = write_within(text.as_bytes(), patience);
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
            // A pipe that is ready takes this much.
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
    // A kernel before 5.9, or a seccomp profile that forbids the call.
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    let open = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let open: Vec<RawFd> = open
        .filter(|number| (first..=last).contains(number))
        .collect();
    for number in open {
        // SAFETY: as above; the list's own descriptor is closed already, and no other thread opens any.
        unsafe { libc::close(number) };
    }
}
