//! A container's entrypoint for Erlang and Elixir nodes: what its two programs are made of.
//!
//! `beaminit` ([`main`]) is PID 1. It forks: [`init`] stays, and knows signals, children and exit statuses; [`launch`] runs in
//! the child, makes the plan, passes the gates and becomes the command. `beaminit-attach` ([`attach`]) is a shell on a node
//! elsewhere, for a developer's machine.

pub mod attach;
mod beam;
mod cli;
mod config;
mod dist;
mod dns;
mod error;
mod exit;
mod gates;
mod init;
mod launch;
mod launchers;
mod local_node;
mod log;
mod naming;
mod node;
mod peers;
mod plan;
mod probe;
mod record;
mod system;
mod watch;

use std::ffi::{c_char, c_int};

/// The whole of `beaminit`: returns its exit status.
///
/// # Safety
/// `count` and `values` must be what the C runtime hands to `main`, and this the first thing that is done.
#[must_use]
pub unsafe fn main(count: c_int, values: *const *const c_char) -> c_int {
    let inherited = system::signals::Inherited::new(init::inherited_mask());
    system::descriptors::fill_gaps();
    // SAFETY: as the caller promises.
    let words = unsafe { cli::Arguments::of_main(count, values) };
    dispatch(cli::parse(words), inherited)
}

/// Does what the command line asks for.
fn dispatch(
    request: Result<cli::Request, error::Failure>,
    inherited: system::signals::Inherited,
) -> i32 {
    use cli::{Arguments, Request};
    let start = |command: Arguments| config::Invocation {
        command: command.to_vec(),
        environment: system::Environment::take(),
    };
    // Without init nobody takes signals for the command.
    let alone = |command| {
        inherited.give_back();
        start(command)
    };
    match request {
        Ok(Request::Run(command)) => {
            init::run(inherited, |status| launch::run(start(command), status))
        }
        Ok(Request::Exec(command)) => {
            system::signals::end_on_signals();
            launch::exec(alone(command))
        }
        Ok(Request::Plan(command)) => launch::plan(alone(command)),
        Ok(Request::Peers(words)) => peers::run(alone(words)),
        Ok(Request::Probe(words)) => probe::run(alone(words)),
        Ok(Request::Node(words)) => local_node::info::run(alone(words)),
        Ok(Request::Help) => cli::say(cli::HELP),
        Ok(Request::Version { json }) => cli::say(&cli::version("beaminit", json)),
        Err(usage) => usage.report(),
    }
}
