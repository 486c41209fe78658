//! What init learns from launch, over a pipe that closes on exec: that the command is a node, and since when it runs.
//!
//! Between the rooms: launch says the first before the gates and the second as the last thing before the exec; the end
//! of the pipe says that the exec is done. See pipe(7).

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::time::{ClockId, clock_gettime};
use nix::unistd;

/// Launch's end.
pub struct TellInit(OwnedFd);

impl TellInit {
    /// The command is a node. Init may have gone; then nobody needs to know.
    pub fn is_node(&self) {
        let _ = unistd::write(&self.0, &NODE);
    }

    /// The command starts now.
    pub fn starts(&self) {
        let _ = unistd::write(&self.0, &clock().as_nanos().to_ne_bytes());
    }
}

/// A message as long as a time, so that both are read alike; no clock says it.
const NODE: [u8; 16] = u128::MAX.to_ne_bytes();

/// Init's end, and what has come through it so far.
pub struct Told {
    pipe: Option<OwnedFd>,
    fact: Fact,
}

/// What is known of the command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fact {
    /// It is a node.
    pub node: bool,
    /// It runs: launch has become it, at this time of [`clock`].
    pub runs_since: Option<Duration>,
}

/// The monotonic clock, which all processes read alike. clock_gettime(2)
pub fn clock() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map(Duration::from)
        .unwrap_or_default()
}

/// Makes both ends.
///
/// # Errors
/// No descriptor was to be had.
pub fn channel() -> Result<(Told, TellInit), Errno> {
    let (reader, writer) = unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    let told = Told {
        pipe: Some(reader),
        fact: Fact::default(),
    };
    Ok((told, TellInit(writer)))
}

impl Told {
    /// Does something with the descriptor, which may get another number by it.
    pub fn keep(self, through: impl FnOnce(OwnedFd) -> OwnedFd) -> Self {
        let Self { pipe, fact } = self;
        Self {
            pipe: pipe.map(through),
            fact,
        }
    }

    /// What launch has said by now; never waits.
    pub fn so_far(&mut self) -> Fact {
        let mut message = [0; 16];
        while let Some(pipe) = &self.pipe {
            match unistd::read(pipe.as_fd(), &mut message) {
                Ok(0) => self.pipe = None,
                Ok(_) if message == NODE => self.fact.node = true,
                Ok(_) => {
                    let nanos = u64::try_from(u128::from_ne_bytes(message)).unwrap_or(u64::MAX);
                    self.fact.runs_since = Some(Duration::from_nanos(nanos));
                }
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        // Until the exec is done, a TERM ends launch itself.
        let runs_since = self.fact.runs_since.filter(|_| self.pipe.is_none());
        Fact {
            runs_since,
            ..self.fact
        }
    }
}
