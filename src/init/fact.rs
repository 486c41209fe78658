//! The one fact that init learns from launch, over a pipe that closes on exec: is this a node?
//!
//! Between the rooms: launch says it before the gates; the end of the pipe says that the command now runs. See pipe(7).

use std::os::fd::{AsFd as _, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd;

/// Launch's end: tells init that the command is a node.
pub struct TellNode(OwnedFd);

impl TellNode {
    /// Says it. Init may have gone; then nobody needs to know.
    pub fn is_node(&self) {
        let _ = unistd::write(&self.0, b"n");
    }
}

/// Init's end, and what has come through it so far.
pub struct Told {
    pipe: Option<OwnedFd>,
    node: bool,
}

/// What is known of the command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fact {
    /// It is a node.
    pub node: bool,
    /// It runs: launch has become it.
    pub runs: bool,
}

/// Makes both ends.
///
/// # Errors
/// No descriptor was to be had.
pub fn channel() -> Result<(Told, TellNode), Errno> {
    let (reader, writer) = unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    Ok((
        Told {
            pipe: Some(reader),
            node: false,
        },
        TellNode(writer),
    ))
}

impl Told {
    /// What launch has said by now; never waits.
    pub fn so_far(&mut self) -> Fact {
        let mut said = [0; 8];
        while let Some(pipe) = &self.pipe {
            match unistd::read(pipe.as_fd(), &mut said) {
                Ok(0) => self.pipe = None,
                Ok(_) => self.node = true,
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        Fact {
            node: self.node,
            runs: self.pipe.is_none(),
        }
    }
}
