//! PID 1: forwards signals, reaps children, returns the exit status. It knows nothing of Erlang or DNS.
//!
//! signals ──► forward ──► child's process group ──► reap ──► exit status
//!
//! As PID 1 it is what `pid_namespaces(7)` asks of an init; elsewhere it makes itself a subreaper (`prctl(2)`). It forks
//! before anything else is done, so that it stays as small as it is at that moment: the child does all the work of a
//! launch, then becomes the command.

mod child;
mod entry;
pub mod orphans;
mod rewrite;
mod settings;
mod status;
mod stop;
mod supervise;

pub use entry::inherited_mask;
pub use settings::Settings;
pub use status::{RECORD, StatusSender, VerdictSender, clock};

use crate::exit::{self, Exit};
use crate::system::{descriptors, environ, signals};
use std::io::Write as _;

/// Forks, runs `launch` in the child, and supervises until the child has ended.
///
/// `launch` must exec, or return the exit status of a start that failed. Returns the exit status of the whole: the
/// child's own, or 128+n if signal n ended it.
pub fn run(mut inherited: signals::Inherited, launch: impl FnOnce(StatusSender) -> i32) -> i32 {
    inherited.hear_of_children();
    child::adopt_orphans();
    // With bad settings there will be no command: the defaults serve until launch has read them too, said so and ended.
    let settings = Settings::from_environment().unwrap_or_default();
    let started = status::channel().and_then(|(receiver, sender)| {
        child::spawn(&inherited, || launch(sender)).map(|child| (child, receiver))
    });
    match started {
        Ok((child, receiver)) => {
            // The child has a copy of its own.
            environ::forget_secrets();
            // The command first: what is tidied up here can wait for it, where both have one processor. sched_yield(2)
            std::thread::yield_now();
            let receiver = receiver.keep(descriptors::give_up);
            supervise::until_the_end(child, receiver, &settings)
        }
        Err(errno) => {
            let line = format!(
                "beaminit: error: cannot start a process: {errno}; {}\n",
                exit::remedy(errno)
            );
            let _ = descriptors::Stderr.write(line.as_bytes());
            Exit::System.status()
        }
    }
}
