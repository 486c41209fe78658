//! Descriptors 0 to 2: a process may be started with some of them closed, and then the next thing opened would take
//! their place, to be written to as if it were the log. Rust's start-up sees to that; we come before it.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use std::os::fd::{BorrowedFd, IntoRawFd};

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
