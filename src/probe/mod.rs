//! `beaminit probe`: is the node of this container well?

use crate::launch::{self, Start};

/// Probes; returns the exit status.
pub fn run(start: Start) -> i32 {
    match launch::look::look(start, None) {
        Ok(here) => crate::cli::say(&format!("{here:?}\n")),
        Err(failure) => crate::cli::say(&failure.lines.join("; ")),
    }
}
