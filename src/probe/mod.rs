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
use crate::local_node::LocalNode;
use crate::log;
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
            checked.map_err(|failure| {
                let line = local.not_started();
                line.map_or(failure, |line| Failure::new(Exit::NotWell, line))
            })
        });
    timeout::cancel();
    match checked {
        Ok(line) => crate::cli::say(&format!("{line}\n")),
        Err(failure) => report(&failure),
    }
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
