//! `beaminit probe`: is the node of this container well? For Docker's HEALTHCHECK and Kubernetes' exec probes.
//!
//! command line ──► Options; environment ──► LocalNode; then [`check`], under one deadline: one line, and an exit status. No VM is
//! started for it. <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>

mod check;
mod options;
mod timeout;

use std::io::Write as _;
use std::time::Instant;

use crate::config::Invocation;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local_node::LocalNode;
use options::{Level, Options};

/// Probes; the command of `start` is the probe's own command line. Returns the exit status.
pub fn run(mut start: Invocation) -> i32 {
    let options = match Options::parse(std::mem::take(&mut start.command)) {
        Ok(options) => options,
        Err(usage) => return usage.report(),
    };
    let deadline = Instant::now() + options.timeout;
    timeout::enforce(options.timeout);
    start.command.clone_from(&options.command);
    let needs_cookie = options.level == Level::Ready;
    let checked = LocalNode::discover(start, options.node.clone(), needs_cookie)
        .and_then(|here| check::check(&options, &here, deadline));
    timeout::cancel();
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
