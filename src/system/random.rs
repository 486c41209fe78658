//! Random numbers from the kernel: nobody can predict them, and a forked process does not repeat its parent's. urandom(4)
//!
//! Not by the crate getrandom: in a static binary it keeps a descriptor, which a process that gives its descriptors up closes.

use std::fs::File;
use std::io::{Read as _, Result};

/// Any number.
///
/// # Errors
/// The container has no /dev/urandom.
pub fn number() -> Result<u32> {
    let mut bytes = [0; 4];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}

/// Any number, for a name that nobody else is to have: where there is none, this process's own.
pub fn or_pid() -> u32 {
    number().unwrap_or_else(|_| std::process::id())
}

/// A number below `limit`, where a predictable one does no harm: 0 if there is none.
pub fn below(limit: u16) -> u16 {
    let number = number().unwrap_or(0) % u32::from(limit.max(1));
    u16::try_from(number).unwrap_or(0)
}

/// From 0 to 1, where a predictable one does no harm.
pub fn fraction() -> f64 {
    f64::from(below(u16::MAX)) / f64::from(u16::MAX - 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use nix::libc;
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};

    #[test]
    fn a_forked_process_has_others() {
        // By then a generator of this process would have its state.
        below(256);
        let differs = (0..8).any(|_| {
            // SAFETY: the child makes two system calls, on numbers alone.
            match unsafe { fork() }.unwrap() {
                // SAFETY: as above.
                ForkResult::Child => unsafe { libc::_exit(below(256).into()) },
                ForkResult::Parent { child } => {
                    let own = below(256).into();
                    waitpid(child, None).unwrap() != WaitStatus::Exited(child, own)
                }
            }
        });
        assert!(differs);
        assert!((0..100).all(|_| below(3) < 3 && (0.0..=1.0).contains(&fraction())));
    }
}
