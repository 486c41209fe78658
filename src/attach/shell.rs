//! The shell: in the foreground, as if it had been started without us, until it ends or its way does.
//!
//! The loop takes signals as init's does. Ctrl-C is the shell's alone: it leads the group that a person types to.
//! credentials(7), tcsetpgrp(3).

use std::io::stdin;
use std::os::unix::process::CommandExt as _;
use std::process;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use nix::unistd::Pid;

use super::processes::{self, ends};
use super::way::Way;
use crate::attach::{Local, Stopped};
use crate::error::Failure;
use crate::exit::Exit;
use crate::system::Environment;
use crate::system::program::Command;
use crate::system::signals;
use crate::system::terminal;
use crate::system::wait::{self, Change};

/// How long a shell that was told to end may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Runs it, and gives its exit status.
///
/// # Errors
/// It cannot be started, or the way to the node has ended.
pub fn run(
    command: &Command,
    environment: &Environment,
    way: &mut Way,
    local: &Local,
) -> Result<i32, Stopped> {
    let before = tcgetattr(stdin()).ok();
    let in_foreground = terminal::is_in_foreground();
    let mut program = process::Command::new(&command.file);
    let words = command.words.iter();
    program
        .args(words.skip(1))
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .process_group(0);
    let child = processes::start(&mut program, local)?;
    let group = Pid::from_raw(libc::pid_t::try_from(child.id()).unwrap_or(0));
    if in_foreground {
        terminal::put_in_foreground(group);
    }
    let mut shell = Shell {
        group,
        kill_at: None,
    };
    let result = shell.until_the_end(way);
    terminal::take_back(group);
    if let (Some(before), true) = (before, in_foreground) {
        // One that was killed has left it as it had it.
        let _ = tcsetattr(stdin(), SetArg::TCSADRAIN, &before);
    }
    result
}

struct Shell {
    group: Pid,
    /// When it will be killed, once it was told to end.
    kill_at: Option<Instant>,
}

impl Shell {
    fn until_the_end(&mut self, way: &mut Way) -> Result<i32, Stopped> {
        let mut lost = None;
        loop {
            if lost.is_none()
                && let Some(line) = way.ended()
            {
                let line = format!("{line}; the shell ends with it");
                lost = Some(Failure::new(Exit::Gate, line).into());
                self.end();
            }
            let left = self
                .kill_at
                .map(|at| at.saturating_duration_since(Instant::now()));
            match signals::next(left) {
                Some(libc::SIGCHLD) => {
                    match wait::one(self.group) {
                        Some(Change::Ended(status)) => return lost.map_or(Ok(status), Err),
                        // It was at the terminal before that was its own.
                        Some(Change::Stopped(libc::SIGTTIN | libc::SIGTTOU))
                            if terminal::has(self.group) =>
                        {
                            signals::send(-self.group.as_raw(), libc::SIGCONT);
                        }
                        Some(Change::Stopped(by)) => terminal::child_stopped(self.group, by),
                        None => {}
                    }
                }
                Some(signal) if ends(signal) => self.end(),
                // A Ctrl-Z of before the terminal was the shell's; a CONT comes behind the one that child_stopped waited for.
                Some(signal @ (libc::SIGTSTP | libc::SIGCONT)) => {
                    signals::send(-self.group.as_raw(), signal);
                }
                Some(_) => {}
                None => signals::send(-self.group.as_raw(), libc::SIGKILL),
            }
        }
    }

    fn end(&mut self) {
        signals::send(-self.group.as_raw(), libc::SIGTERM);
        self.kill_at.get_or_insert_with(|| Instant::now() + LIMIT);
    }
}
