//! `beaminit probe`: is the node of this container well? For Docker's HEALTHCHECK and Kubernetes' exec probes.
//!
//! command line ──► Options; environment ──► Here; then [`check`], under one deadline: one line, and an exit status. No VM is
//! started for it. <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>

mod check;
mod options;

use std::io::Write as _;
use std::time::{Duration, Instant};

use nix::unistd::alarm;

use crate::exit::Exit;
use crate::launch::failure::Failure;
use crate::launch::{Start, look};
use options::Options;

/// Probes; the command of `start` is the probe's own command line. Returns the exit status.
pub fn run(mut start: Start) -> i32 {
    let options = match Options::parse(std::mem::take(&mut start.command)) {
        Ok(options) => options,
        Err(usage) => return usage.report(),
    };
    let deadline = Instant::now() + options.timeout;
    // SIGALRM ends it where no deadline reaches: to read /proc waits for a process that waits for its memory. alarm(2)
    let grace = options.timeout + Duration::from_secs(2);
    alarm::set(u32::try_from(grace.as_secs()).unwrap_or(u32::MAX));
    start.command.clone_from(&options.command);
    let checked = look::look(start, options.node.clone())
        .and_then(|here| check::check(&options, &here, deadline));
    match checked {
        Ok(line) => crate::cli::say(&format!("{line}\n")),
        Err(failure) => report(&failure),
    }
}

/// On one line, whatever there is to say.
fn report(failure: &Failure) -> i32 {
    let prefix = if failure.exit == Exit::NotWell {
        ""
    } else {
        "error: "
    };
    let line = failure.lines.join("; ").replace(['\n', '\r'], " ");
    let _ = writeln!(std::io::stderr(), "beaminit: {prefix}{line}");
    failure.exit.status()
}
