//! A pseudo-terminal, as `docker run -t` or a login gives one.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::OFlag;
use nix::libc;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};

/// Both sides of a new terminal: the one to type and read at, and the one to give to a process. Both are closed on exec
/// from their first moment: other tests start processes at the same time.
pub fn open() -> (File, OwnedFd) {
    let near =
        posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).expect("a terminal");
    grantpt(&near).expect("a terminal of our own");
    unlockpt(&near).expect("a terminal unlocked");
    let far = File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open(ptsname_r(&near).expect("its name"))
        .expect("its far side");
    let near = near.as_fd().try_clone_to_owned().expect("a descriptor");
    (File::from(near), OwnedFd::from(far))
}

/// Makes the terminal on standard input the controlling one of a new session. For use between fork and exec.
pub fn take_control() -> std::io::Result<()> {
    nix::unistd::setsid()?;
    // SAFETY: TIOCSCTTY takes an integer; descriptor 0 is the terminal's own side, placed there before this runs.
    if unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}
