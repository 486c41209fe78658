//! `beaminit probe`: checks the node of this container, for Docker's HEALTHCHECK and Kubernetes' exec probes.
//!
//! command line ──► ProbeOptions; environment ──► LocalNode; then [`check`], under one deadline: one line, and an exit status. No VM is
//! started for it. <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>

mod check;
mod options;
mod timeout;

use std::time::Instant;

use crate::config::Invocation;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::{self, LocalNode};
use crate::log;
use crate::record::Wait;
use options::{Level, ProbeOptions};

/// The command of `invocation` is the probe's own command line. Returns the exit status.
pub fn run(mut invocation: Invocation) -> i32 {
    let options = match ProbeOptions::parse(std::mem::take(&mut invocation.command)) {
        Ok(options) => options,
        Err(usage) => return usage.report(),
    };
    let deadline = Instant::now() + options.timeout;
    timeout::enforce(options.timeout);
    invocation.command.clone_from(&options.command);
    let needs_cookie = options.level == Level::Ready;
    let checked =
        LocalNode::discover(invocation, options.node.clone(), needs_cookie).and_then(|local| {
            let checked = check::check(&options, &local, deadline);
            checked.map_err(|failure| not_started(&local).unwrap_or(failure))
        });
    timeout::cancel();
    match checked {
        Ok(line) => crate::cli::say(&format!("{line}\n")),
        Err(failure) => report(&failure),
    }
}

/// The better reason of a failure, where the start has not come as far as the node.
fn not_started(local: &LocalNode) -> Option<Failure> {
    // With a record the start is over, and it is a client of the node that begins.
    let is_over = || local_node::record().is_some();
    let wait = Wait::current().filter(|_| !local.is_remote && !is_over())?;
    let names = match wait {
        Wait::Dns => format!(" to have {}", local.names()),
        _ => String::new(),
    };
    let line = format!(
        "{} is not started yet: it still waits for {wait}{names}",
        local.called()
    );
    Some(Failure::new(Exit::NotWell, line))
}

/// On one line, as Docker and Kubernetes show it.
fn report(failure: &Failure) -> i32 {
    let prefix = if failure.exit == Exit::NotWell {
        ""
    } else {
        "error: "
    };
    log::print(format_args!("{prefix}{}", failure.lines.join("; ")));
    failure.exit.status()
}
