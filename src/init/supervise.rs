//! The loop: take a signal, forward it or reap, until the command has ended, and what it left behind after a TERM.
//! kill(2), wait(2).

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use nix::libc;
use nix::unistd::{Pid, getpgid};

use super::orphans::{Orphans, Remaining};
use super::rewrite::Rewrites;
use super::settings::Settings;
use super::status::{Status, StatusReceiver, clock};
use super::stop::{Send, Stop};
use crate::exit::Exit;
use crate::system::descriptors;
use crate::system::processes;
use crate::system::signals::{self, Signal};
use crate::system::terminal;
use crate::system::wait::{self, Change};

/// So long a VM that waits for the name of its host does so at most.
const BOOT: Duration = Duration::from_secs(10);
/// So long those that are no VM may take to end after the command, where `BEAMINIT_STOP_TIMEOUT` does not say it.
const LEAVE: Duration = Duration::from_secs(2);
/// So much time passes from one look at who is left to the next: of thousands, each end would be a reason for one.
const PAUSE: Duration = Duration::from_millis(50);

/// Supervises `child` until it has ended; returns its status, or 128+n if signal n ended it.
pub fn until_the_end(child: Pid, receiver: StatusReceiver, settings: &Settings) -> i32 {
    let mut supervision = Supervision {
        child,
        receiver,
        rewrites: settings.rewrites.as_ref(),
        stop: Stop::new(settings.stop_delay, settings.stop_timeout),
        exit_status: None,
        wants_terminal: false,
        any_left: true,
        outside: None,
        orphans: Orphans::default(),
        looked: Duration::ZERO,
        look: None,
        patience: None,
        killed: false,
    };
    let exit_status = supervision.run();
    terminal::take_back(child);
    if supervision.receiver.current().another {
        return Exit::Config.status();
    }
    exit_status
}

struct Supervision<'a> {
    child: Pid,
    receiver: StatusReceiver,
    /// The user's own, where they are set.
    rewrites: Option<&'a Rewrites>,
    stop: Stop,
    /// The child's, once it has ended.
    exit_status: Option<i32>,
    /// It is stopped until it can have the terminal.
    wants_terminal: bool,
    /// Has this process any child?
    any_left: bool,
    /// Who was in other groups when the command's was stopped.
    outside: Option<BTreeSet<libc::pid_t>>,
    orphans: Orphans,
    /// When it was last looked who is left, and when it is to be again.
    looked: Duration,
    look: Option<Duration>,
    /// How long those are waited for that are no VM.
    patience: Option<Duration>,
    /// They have been killed.
    killed: bool,
}

impl Supervision<'_> {
    fn run(&mut self) -> i32 {
        loop {
            let deadlines = [self.stop.deadline(), self.look, self.patience];
            let deadlines = deadlines.into_iter().flatten();
            let limits = deadlines.map(|deadline| deadline.saturating_sub(clock()));
            let terminal = self.wants_terminal.then_some(terminal::INTERVAL);
            match signals::next(limits.chain(terminal).min()) {
                Some(libc::SIGCHLD) => self.reap(),
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
            let now = clock();
            if let Some(exit_status) = self.exit_status
                && self.nobody_is_left(now)
            {
                return exit_status;
            }
            let mut status = self.receiver.current();
            if status.another {
                let refused = self.stop.refuse(now, status);
                self.send(refused);
            }
            if self.stop.deadline().is_some_and(|deadline| deadline <= now) {
                status.up |= self.hears(now, status);
            }
            let due = self.stop.due(now, status);
            self.send(due);
        }
    }

    fn reap(&mut self) {
        let (change, any_left) = wait::all(self.child);
        self.any_left = any_left;
        match change {
            // Its pid may be another's after that, who is no concern of the status.
            Some(Change::Ended(status)) => {
                self.wants_terminal = false;
                self.exit_status.get_or_insert(status);
            }
            Some(Change::Stopped(by)) => {
                self.wants_terminal = terminal::child_stopped(self.child, by);
            }
            None => {}
        }
        if self.exit_status.is_some() {
            self.look.get_or_insert(self.looked.saturating_add(PAUSE));
        }
    }

    /// The command has ended: is there nobody left to wait for?
    fn nobody_is_left(&mut self, now: Duration) -> bool {
        // A command that ends by itself takes the container with it; one that was told to may have left its VM behind.
        if !self.any_left || !self.stop.is_under_way() {
            return true;
        }
        if self.look.or(self.patience).is_some_and(|at| at <= now) {
            self.look = None;
            self.looked = now;
            let left = self.orphans.end();
            if self.stop.is_over() {
                Orphans::signal(libc::SIGKILL);
            }
            let limit = self.stop.timeout().unwrap_or(now.saturating_add(LEAVE));
            match left {
                Remaining::Nobody => return true,
                Remaining::Others => self.patience = self.patience.or(Some(limit)),
                Remaining::Vm => self.patience = None,
            }
        }
        let is_over = self.patience.is_some_and(|until| until <= now);
        if is_over && !self.killed {
            let line = format!(
                "beaminit: warning: the command has ended, and these have not, though they got a TERM: {}; they are killed: BEAMINIT_STOP_TIMEOUT=10s gives them longer\n",
                self.orphans.names.join(", ")
            );
            let _ = descriptors::Stderr.write(line.as_bytes());
            Orphans::signal(libc::SIGKILL);
            // Where this is not PID 1, they are not to outlive it.
            self.killed = true;
            self.patience = Some(now.saturating_add(LEAVE));
            return false;
        }
        is_over
    }

    /// Does the node hear a TERM, as far as its VMs show?
    fn hears(&self, now: Duration, status: Status) -> bool {
        let age = status.runs_since.map(|since| now.saturating_sub(since));
        let is_past_boot = age.is_some_and(|age| age >= BOOT);
        // One that reads its files through FUSE, such as rootless Podman's fuse-overlayfs, sleeps as one at rest does.
        let is_left_to_watcher = self.receiver.is_watched() && !is_past_boot;
        status.node
            && !status.up
            && !is_left_to_watcher
            && processes::are_idle(&self.vms(), is_past_boot)
    }

    fn vms(&self) -> Vec<Pid> {
        processes::vms(self.exit_status.is_none().then_some(self.child))
    }

    /// Forwards a signal, as what it is to be.
    fn take(&mut self, signal: Signal) {
        let mut status = self.receiver.current();
        let rewrites = match self.rewrites {
            Some(users) => users,
            None if status.node && !terminal::is_ours() => &Rewrites::FOR_A_NODE,
            None => &Rewrites::NONE,
        };
        match rewrites.of(signal) {
            Some(libc::SIGTERM) => {
                let now = clock();
                status.up |= self.hears(now, status);
                let term = self.stop.term(now, status);
                self.send(term);
            }
            // As a job of a shell, which is to see that it has stopped. PID 1 cannot be.
            Some(libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU)
                if !signals::is_pid_1() && self.exit_status.is_none() =>
            {
                self.forward(libc::SIGSTOP);
                terminal::stop_as_well(self.child);
            }
            Some(other) => self.forward(other),
            None => {}
        }
    }

    fn send(&mut self, what: Option<Send>) {
        match what {
            Some(Send::Again) => {
                for vm in self.vms() {
                    signals::send(vm.as_raw(), libc::SIGTERM);
                }
            }
            Some(Send::Term) => self.forward(libc::SIGTERM),
            Some(Send::CrashDump) => self.forward(libc::SIGUSR1),
            Some(Send::Kill) => {
                self.forward(libc::SIGKILL);
                // Also those that left the group; as PID 1, everything that remains is ours.
                Orphans::signal(libc::SIGKILL);
                if signals::is_pid_1() {
                    signals::send(-1, libc::SIGKILL);
                }
            }
            None => {}
        }
    }

    /// To the child's process group, and to the child where it has moved to another; when it has ended, to those it left
    /// behind.
    fn forward(&mut self, signal: Signal) {
        if self.exit_status.is_some() {
            Orphans::signal(signal);
            return;
        }
        if signal == libc::SIGSTOP {
            let outside = || processes::outside(self.child);
            self.outside.get_or_insert_with(outside);
        }
        if signal == libc::SIGTERM {
            self.orphans.tell_group(self.child);
        } else {
            signals::send(-self.child.as_raw(), signal);
        }
        if getpgid(Some(self.child)) != Ok(self.child) {
            signals::send(self.child.as_raw(), signal);
        }
        if signal == libc::SIGCONT
            && let Some(outside) = self.outside.take()
        {
            // STOP takes effect where a system call ends. After setsid(2) that is in a group that nobody continues: the
            // kernel spares it from TSTP, not from STOP.
            for pid in processes::outside(self.child).difference(&outside) {
                signals::send(*pid, signal);
            }
        }
    }
}
