//! What init learns from its child, over two pipes: that the command is a node, since when it runs, and what the watcher
//! found: the node is up, or it is another.
//!
//! Launch says the first before the gates and the second as the last thing before the exec; its pipe closes on exec, so its
//! end says that the exec is done. The watcher, which launch forks, has the other pipe. See pipe(7).

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::time::{ClockId, clock_gettime};
use nix::unistd;

/// Launch's ends.
pub struct StatusSender {
    launch: OwnedFd,
    watcher: OwnedFd,
    record: Option<OwnedFd>,
}

impl StatusSender {
    /// The command is a node. Init may have gone; then nobody needs to know.
    pub fn is_node(&self) {
        let _ = unistd::write(&self.launch, &NODE);
    }

    /// The command starts now.
    pub fn starts(&self) {
        let _ = unistd::write(&self.launch, &clock().as_nanos().to_ne_bytes());
    }

    /// The memory in which the node is written down, where there is one.
    pub fn record(&self) -> Option<&OwnedFd> {
        self.record.as_ref()
    }

    /// The watcher's ends.
    pub fn into_watchers(self) -> (VerdictSender, Option<OwnedFd>) {
        (VerdictSender(self.watcher), self.record)
    }
}

/// The watcher's end.
pub struct VerdictSender(OwnedFd);

impl VerdictSender {
    /// The node is up: it hears a TERM. Init reads it when something wakes it: this process's own end at the latest.
    pub fn is_up(&self) {
        let _ = unistd::write(&self.0, UP);
    }

    /// The node is not the one that was planned: it is to be stopped. Init hears of it when this process ends.
    pub fn is_another(&self) {
        let _ = unistd::write(&self.0, ANOTHER);
    }
}

impl From<VerdictSender> for OwnedFd {
    fn from(sender: VerdictSender) -> Self {
        sender.0
    }
}

impl From<OwnedFd> for VerdictSender {
    fn from(pipe: OwnedFd) -> Self {
        Self(pipe)
    }
}

/// What the memory for the record of the node is called. Where the kernel gives none, every reader derives what it needs.
pub const RECORD: &str = "beaminit-node";
/// A message as long as a time, so that both are read alike; no clock says it.
const NODE: [u8; 16] = u128::MAX.to_ne_bytes();
/// The watcher's messages.
const UP: &[u8; 1] = b"u";
const ANOTHER: &[u8; 1] = b"a";

/// Init's ends, and what has come through them so far.
pub struct StatusReceiver {
    launch: Option<OwnedFd>,
    watcher: Option<OwnedFd>,
    /// Held for its readers.
    record: Option<OwnedFd>,
    status: Status,
}

/// What is known of the command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// It is a node.
    pub node: bool,
    /// It runs: launch has become it, at this time of [`clock`].
    pub runs_since: Option<Duration>,
    /// The node is up.
    pub up: bool,
    /// The node is not the one that was planned.
    pub another: bool,
}

/// The monotonic clock, which all processes read alike. clock_gettime(2)
pub fn clock() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map(Duration::from)
        .unwrap_or_default()
}

/// Makes both ends of both pipes.
///
/// # Errors
/// The system has no descriptor left.
pub fn channel() -> Result<(StatusReceiver, StatusSender), Errno> {
    let pipe = || unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK);
    let (from_launch, launch) = pipe()?;
    let (from_watcher, watcher) = pipe()?;
    let record = memfd_create(RECORD, MFdFlags::MFD_CLOEXEC).ok();
    let sender = StatusSender {
        launch,
        watcher,
        record: record.as_ref().and_then(|memory| memory.try_clone().ok()),
    };
    let receiver = StatusReceiver {
        launch: Some(from_launch),
        watcher: Some(from_watcher),
        record,
        status: Status::default(),
    };
    Ok((receiver, sender))
}

impl StatusReceiver {
    /// Does something with the descriptors, which may get other numbers by it.
    pub fn keep(self, through: impl FnOnce([Option<OwnedFd>; 3]) -> [Option<OwnedFd>; 3]) -> Self {
        let [launch, watcher, record] = through([self.launch, self.watcher, self.record]);
        Self {
            launch,
            watcher,
            record,
            ..self
        }
    }

    /// Does the watcher look, who will say when the node is up?
    pub fn is_watched(&self) -> bool {
        self.watcher.is_some()
    }

    /// What was said by now; never waits.
    pub fn current(&mut self) -> Status {
        let status = &mut self.status;
        drain(&mut self.launch, |message| {
            if message == NODE {
                status.node = true;
            } else {
                let nanos = u64::try_from(u128::from_ne_bytes(message)).unwrap_or(u64::MAX);
                status.runs_since = Some(Duration::from_nanos(nanos));
            }
        });
        drain(&mut self.watcher, |message| match &message {
            UP => status.up = true,
            _ => status.another = true,
        });
        // Until the exec is done, a TERM ends launch itself.
        let runs_since = self.status.runs_since.filter(|_| self.launch.is_none());
        Status {
            runs_since,
            ..self.status
        }
    }
}

/// Takes the messages that are in a pipe; one that has ended is closed.
fn drain<const SIZE: usize>(pipe: &mut Option<OwnedFd>, mut take: impl FnMut([u8; SIZE])) {
    let mut message = [0; SIZE];
    while let Some(open) = pipe {
        match unistd::read(open.as_fd(), &mut message) {
            Ok(0) => *pipe = None,
            Ok(_) => take(message),
            Err(Errno::EINTR) => {}
            Err(_) => break,
        }
    }
}
