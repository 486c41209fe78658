//! Random numbers from the kernel: nobody can predict them, and a forked process does not repeat its parent's. getrandom(2)

// hickory draws from the same crate. Without this setting its static glibc code keeps a descriptor of /dev/urandom, which a
// process beside the command closes with all others.
#[cfg(all(
    target_env = "gnu",
    target_feature = "crt-static",
    not(getrandom_backend = "linux_getrandom")
))]
compile_error!(
    "a static binary for glibc needs RUSTFLAGS with --cfg getrandom_backend=\"linux_getrandom\", as in .cargo/config.toml"
);

/// Any number.
///
/// # Errors
/// The kernel gives none: it is older than 3.17, or a seccomp profile forbids the call.
pub fn number() -> std::io::Result<u32> {
    getrandom::u32().map_err(std::io::Error::other)
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

    #[test]
    fn the_resolvers_go_on_where_descriptors_are_given_up() {
        use hickory_proto::op::Message;
        // More than a generator makes from one seed.
        let draw = || (0..100_000).for_each(|_| drop(Message::query()));
        Message::query();
        // SAFETY: the child takes no lock that another thread may hold: glibc's allocator frees its own in a child.
        let child = match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                crate::system::descriptors::give_up::<0>([]);
                let ended = std::panic::catch_unwind(draw);
                // SAFETY: it takes a number.
                unsafe { libc::_exit(ended.is_err().into()) }
            }
            ForkResult::Parent { child } => child,
        };
        assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
    }
}
