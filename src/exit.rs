//! The exit statuses of beaminit itself; a command that ran has its own.
//!
//! After sysexits(3) and, from 126 on, the shell's convention (POSIX, "Exit Status for Commands").

use nix::errno::Errno;

/// Why beaminit itself ended a start, or what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// `probe`: the node is not well.
    NotWell = 1,
    /// The command line cannot be read (`EX_USAGE`).
    Usage = 64,
    /// A gate failed: no record, port taken (`EX_UNAVAILABLE`).
    Gate = 69,
    /// The operating system refused (`EX_OSERR`).
    System = 71,
    /// Bad configuration (`EX_CONFIG`).
    Config = 78,
    /// The command is there and cannot be executed.
    NotExecutable = 126,
    /// There is no such command.
    NotFound = 127,
}

impl Exit {
    /// The status as the parent process sees it.
    pub fn status(self) -> i32 {
        self as i32
    }
}

/// What may be the matter where the system gives no process, no thread or no descriptor: fork(2), pipe(2).
pub fn remedy(errno: Errno) -> &'static str {
    match errno {
        Errno::EAGAIN => "is the pids limit of this container, or its user's (ulimit -u), too low?",
        Errno::ENOMEM => "is this container, or its machine, out of memory?",
        Errno::EMFILE => "is the limit of open files (ulimit -n) too low?",
        Errno::ENFILE => {
            "the machine has as many files open as it may, in all containers together; see fs.file-max"
        }
        _ => "does this container's runtime forbid it?",
    }
}
