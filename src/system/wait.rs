//! Reaps every child that has ended. wait(2)

use nix::libc;
use nix::unistd::Pid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// With its status, as a shell reports it.
    Ended(i32),
    /// By this signal.
    Stopped(i32),
}

/// Reaps all children that have ended; returns the last change of `child`, and whether any child is left.
pub fn all(child: Pid) -> (Option<Change>, bool) {
    let mut change = None;
    loop {
        let mut status = 0;
        // SAFETY: waitpid writes one int to the place given. The raw call, because a child may be ended by a real-time
        // signal, for which nix has no name and would lose the status.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::WUNTRACED) };
        match pid {
            0 => return (change, true),
            _ if pid == child.as_raw() => change = Some(meaning(status)),
            _ if pid > 0 => {}
            _ if nix::errno::Errno::last() == nix::errno::Errno::EINTR => {}
            _ => return (change, false),
        }
    }
}

/// The change of one child, if any; it is reaped if it has ended.
pub fn one(child: Pid) -> Option<Change> {
    let mut status = 0;
    let flags = libc::WNOHANG | libc::WUNTRACED;
    // SAFETY: as above.
    let pid = unsafe { libc::waitpid(child.as_raw(), &raw mut status, flags) };
    (pid == child.as_raw()).then(|| meaning(status))
}

fn meaning(status: libc::c_int) -> Change {
    if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else if libc::WIFSIGNALED(status) {
        Change::Ended(128 + libc::WTERMSIG(status))
    } else {
        Change::Ended(libc::WEXITSTATUS(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_statuses_as_a_shell_does() {
        for (status, expected) in [
            (0, Change::Ended(0)),
            (3 << 8, Change::Ended(3)),
            (255 << 8, Change::Ended(255)),
            (15, Change::Ended(143)),
            (9 | 0x80, Change::Ended(137)),
            (64, Change::Ended(192)),
            (0x7f | 20 << 8, Change::Stopped(20)),
        ] {
            assert_eq!(meaning(status), expected, "{status:#x}");
        }
    }
}
