//! The loop: take a signal, forward it or reap, until the command has ended, and what it left behind after a TERM.
//! kill(2), wait(2).

use nix::libc;
use nix::unistd::Pid;

use super::fact::{Told, clock};
use super::orphans::Orphans;
use super::rewrite::Rewrites;
use super::settings::Settings;
use super::stop::{Send, Stop};
use crate::exit::Exit;
use crate::system::signals::{self, Signal};
use crate::system::terminal;
use crate::system::wait::{self, Change};

/// Supervises `child` until it has ended; returns its status, or 128+n if signal n ended it.
pub fn until_the_end(child: Pid, told: Told, settings: &Settings) -> i32 {
    let mut supervision = Supervision {
        child,
        told,
        rewrites: settings.rewrites.as_ref(),
        stop: Stop::new(settings.stop_delay, settings.stop_timeout),
        status: None,
        wants_terminal: false,
        orphans: Orphans::default(),
    };
    let status = supervision.run();
    terminal::take_back(child);
    if supervision.told.so_far().another {
        return Exit::Config.status();
    }
    status
}

struct Supervision<'a> {
    child: Pid,
    told: Told,
    /// The user's own, where they are set.
    rewrites: Option<&'a Rewrites>,
    stop: Stop,
    /// The child's, once it has ended.
    status: Option<i32>,
    /// It is stopped until it can have the terminal.
    wants_terminal: bool,
    orphans: Orphans,
}

impl Supervision<'_> {
    fn run(&mut self) -> i32 {
        loop {
            let limit = self
                .stop
                .deadline()
                .map(|deadline| deadline.saturating_sub(clock()));
            let look = self.wants_terminal.then_some(terminal::LOOK);
            match signals::next(limit.into_iter().chain(look).min()) {
                Some(libc::SIGCHLD) => {
                    if let Some(status) = self.reap() {
                        return status;
                    }
                }
                Some(signal) => self.take(signal),
                None if self.wants_terminal => {
                    if self.stop.is_under_way() {
                        // What is stopped does not end of a TERM.
                        self.forward(libc::SIGCONT);
                    }
                    self.wants_terminal = terminal::child_stopped(self.child, libc::SIGTTIN);
                }
                None => {}
            }
            let (now, fact) = (clock(), self.told.so_far());
            if fact.another {
                let refused = self.stop.refuse(now, fact);
                self.send(refused);
            }
            let due = self.stop.due(now, fact);
            self.send(due);
        }
    }

    /// Reaps; gives the status when there is nothing left to wait for.
    fn reap(&mut self) -> Option<i32> {
        let (change, any_left) = wait::all(self.child);
        match change {
            // Its pid may be another's after that, who is no concern of the status.
            Some(Change::Ended(status)) => {
                self.wants_terminal = false;
                self.status.get_or_insert(status);
            }
            Some(Change::Stopped(by)) => {
                self.wants_terminal = terminal::child_stopped(self.child, by);
            }
            None => {}
        }
        let status = self.status?;
        // A command that ends by itself takes the container with it; one that was told to may have left its VM behind.
        let waits = self.stop.is_under_way() && any_left && self.orphans.end(self.child);
        if self.stop.is_over() {
            Orphans::signal(libc::SIGKILL);
        }
        if waits { None } else { Some(status) }
    }

    /// Forwards a signal, as what it is to be.
    fn take(&mut self, signal: Signal) {
        let fact = self.told.so_far();
        let rewrites = match self.rewrites {
            Some(users) => users,
            None if fact.node && !terminal::is_ours() => &Rewrites::FOR_A_NODE,
            None => &Rewrites::NONE,
        };
        match rewrites.of(signal) {
            Some(libc::SIGTERM) => {
                let now = self.stop.term(clock(), fact);
                self.send(now);
            }
            // As a job of a shell, which is to see that it has stopped. PID 1 cannot be.
            Some(libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU)
                if !signals::is_pid_1() && self.status.is_none() =>
            {
                self.forward(libc::SIGSTOP);
                terminal::stop_as_well(self.child);
            }
            Some(other) => self.forward(other),
            None => {}
        }
    }

    fn send(&self, what: Option<Send>) {
        match what {
            Some(Send::Term) => self.forward(libc::SIGTERM),
            Some(Send::CrashDump) => self.forward(libc::SIGUSR1),
            Some(Send::Kill) => {
                self.forward(libc::SIGKILL);
                // Whoever left the group goes too; as PID 1, all that remains is ours.
                Orphans::signal(libc::SIGKILL);
                if signals::is_pid_1() {
                    signals::send(-1, libc::SIGKILL);
                }
            }
            None => {}
        }
    }

    /// To the child's process group; when the child has ended, to those it left behind.
    fn forward(&self, signal: Signal) {
        if self.status.is_none() {
            signals::send(-self.child.as_raw(), signal);
        } else {
            Orphans::signal(signal);
        }
    }
}
