//! The controlling terminal: the child's group in the foreground, Ctrl-C and Ctrl-Z as without us. tcsetpgrp(3),
//! credentials(7).
//!
//! Every call here may fail (no terminal, ENOTTY, ENXIO, EPERM, a closed descriptor), and then there is nothing to do.

use std::io::{IsTerminal as _, stdin};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp, getpid, getsid, tcgetpgrp, tcsetpgrp};

/// Does a person sit in front of the command?
pub fn is_ours() -> bool {
    stdin().is_terminal()
}

/// In the child: puts its own group in the foreground, if its parent's was. SIGTTOU is still blocked here.
pub fn take_foreground() {
    if is_ours() && tcgetpgrp(stdin()).is_ok_and(|group| group != getpgrp()) {
        let _ = tcsetpgrp(stdin(), getpgrp());
    }
}

/// Takes the terminal back at the end, so that the shell above finds it.
pub fn give_back() {
    if is_ours() {
        let _ = tcsetpgrp(stdin(), getpgrp());
    }
}

/// The child was stopped from the terminal (Ctrl-Z). A job of a shell stops as a whole and goes on when the shell says
/// so. Where no shell could ever do that, the kernel would have ignored the key without us: so it goes on at once.
pub fn child_stopped(child: Pid, by: i32) {
    if !is_ours() || by == libc::SIGSTOP {
        return;
    }
    let leads_session = getsid(None).is_ok_and(|session| session == getpid());
    if !leads_session {
        give_back();
        let _ = kill(getpid(), Signal::SIGSTOP);
        let _ = tcsetpgrp(stdin(), child);
    }
    let _ = kill(Pid::from_raw(-child.as_raw()), Signal::SIGCONT);
}
