//! The shell: in the foreground, as if it had been started without us, until it ends or its tunnel does.
//!
//! The loop takes signals as init's does. Ctrl-C goes to the shell alone: it leads the terminal's foreground process group.
//! credentials(7), tcsetpgrp(3).

use std::io::stdin;
use std::os::unix::process::CommandExt as _;
use std::process;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use nix::unistd::Pid;

use super::processes::{self, is_termination};
use super::tunnel::Tunnel;
use super::{Abort, Machine};
use crate::error::Failure;
use crate::exit::Exit;
use crate::system::Environment;
use crate::system::program::Command;
use crate::system::signals;
use crate::system::terminal;
use crate::system::wait::{self, Change};

/// How long after a TERM the shell is killed.
const LIMIT: Duration = Duration::from_secs(5);

/// Runs it, and gives its exit status. It ends with its tunnel, if it has one.
pub fn run(
    command: &Command,
    environment: &Environment,
    tunnel: Option<&mut Tunnel>,
    machine: &Machine,
) -> Result<i32, Abort> {
    let before = tcgetattr(stdin()).ok();
    let in_foreground = terminal::is_in_foreground();
    let mut program = process::Command::new(&command.file);
    let words = command.words.iter();
    program
        .args(words.skip(1))
        .env_clear()
        .envs(environment.0.iter().map(|(name, value)| (name, value)))
        .process_group(0);
    let child = processes::start(&mut program, machine)?;
    let group = Pid::from_raw(libc::pid_t::try_from(child.id()).unwrap_or(0));
    if in_foreground {
        terminal::put_in_foreground(group);
    }
    let mut job = ShellJob {
        group,
        kill_at: None,
    };
    let result = job.supervise(tunnel);
    terminal::take_back(group);
    if let (Some(before), true) = (before, in_foreground) {
        // A shell that was killed has left its own settings.
        let _ = tcsetattr(stdin(), SetArg::TCSADRAIN, &before);
    }
    result
}

struct ShellJob {
    group: Pid,
    /// Set by the first TERM.
    kill_at: Option<Instant>,
}

impl ShellJob {
    fn supervise(&mut self, mut tunnel: Option<&mut Tunnel>) -> Result<i32, Abort> {
        let mut failure = None;
        loop {
            if failure.is_none()
                && let Some(line) = tunnel.as_mut().and_then(|tunnel| tunnel.exit_reason())
            {
                let line = format!("{line}; the shell ends with it");
                failure = Some(Failure::new(Exit::Gate, line).into());
                self.terminate();
            }
            let left = self
                .kill_at
                .map(|at| at.saturating_duration_since(Instant::now()));
            match signals::next(left) {
                Some(libc::SIGCHLD) => {
                    match wait::one(self.group) {
                        Some(Change::Ended(status)) => return failure.map_or(Ok(status), Err),
                        // It used the terminal before it was in the foreground.
                        Some(Change::Stopped(libc::SIGTTIN | libc::SIGTTOU))
                            if terminal::is_group_in_foreground(self.group) =>
                        {
                            signals::send(-self.group.as_raw(), libc::SIGCONT);
                        }
                        Some(Change::Stopped(by)) => {
                            terminal::child_stopped(self.group, by);
                        }
                        None => {}
                    }
                }
                Some(signal) if is_termination(signal) => self.terminate(),
                // A Ctrl-Z before the shell was in the foreground; and a CONT after the one that child_stopped waited for.
                Some(signal @ (libc::SIGTSTP | libc::SIGCONT)) => {
                    signals::send(-self.group.as_raw(), signal);
                }
                Some(_) => {}
                None => signals::send(-self.group.as_raw(), libc::SIGKILL),
            }
        }
    }

    fn terminate(&mut self) {
        signals::send(-self.group.as_raw(), libc::SIGTERM);
        self.kill_at.get_or_insert_with(|| Instant::now() + LIMIT);
    }
}
