//! The loop: take a signal, forward it or reap, until the child has ended. kill(2), wait(2).

use nix::libc;
use nix::unistd::Pid;

use super::fact::{Told, clock};
use super::reap::{self, Change};
use super::rewrite::Rewrites;
use super::settings::Settings;
use super::signals::{self, Signal};
use super::stop::{Send, Stop};
use super::{child::is_pid_1, terminal};

/// Supervises `child` until it has ended; returns its status, or 128+n if signal n ended it.
pub fn until_the_end(child: Pid, mut told: Told, settings: &Settings) -> i32 {
    let mut stop = Stop::new(settings.stop_delay, settings.stop_timeout);
    loop {
        let limit = stop
            .deadline()
            .map(|deadline| deadline.saturating_sub(clock()));
        match signals::next(limit) {
            Some(libc::SIGCHLD) => match reap::all(child).0 {
                Some(Change::Ended(status)) => {
                    terminal::give_back();
                    return status;
                }
                Some(Change::Stopped(by)) => terminal::child_stopped(child, by),
                None => {}
            },
            Some(signal) => {
                let fact = told.so_far();
                let default = || {
                    if fact.node && !terminal::is_ours() {
                        Rewrites::for_a_node()
                    } else {
                        Rewrites::none()
                    }
                };
                match settings.rewrites.clone().unwrap_or_else(default).of(signal) {
                    Some(libc::SIGTERM) => send(child, stop.term(clock(), fact)),
                    Some(other) => to_group(child, other),
                    None => {}
                }
            }
            None => {}
        }
        send(child, stop.due(clock(), told.so_far()));
    }
}

fn send(child: Pid, what: Option<Send>) {
    match what {
        Some(Send::Term) => to_group(child, libc::SIGTERM),
        Some(Send::CrashDump) => to_group(child, libc::SIGUSR1),
        Some(Send::Kill) => {
            to_group(child, libc::SIGKILL);
            // Whoever left the group goes too: as PID 1, all that remains is ours.
            if is_pid_1() {
                to(-1, libc::SIGKILL);
            }
        }
        None => {}
    }
}

fn to_group(leader: Pid, signal: Signal) {
    to(-leader.as_raw(), signal);
}

/// Sends a signal. A target that has gone (ESRCH) or has changed its user (EPERM) is not our failure.
fn to(target: libc::pid_t, signal: Signal) {
    // SAFETY: kill takes two integers. The raw call, because nix has no names for real-time signals.
    unsafe { libc::kill(target, signal) };
}
