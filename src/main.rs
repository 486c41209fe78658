//! A container's entrypoint for Erlang and Elixir nodes.
//!
//! Two rooms: [`init`] is the process that stays, and knows signals, children and exit statuses; [`launch`] runs in its
//! child and becomes the command. `main` finds the signals blocked, reads the command line and opens the right door.
//!
//! There is no `fn main`: the C entry point comes before the start-up of Rust's runtime, which would ignore SIGPIPE.
//! See signal(7), pid_namespaces(7).
#![cfg_attr(not(test), no_main)]

mod attach;
mod cli;
mod dist;
mod environ;
mod exit;
mod init;
mod launch;
mod peers;
mod probe;
mod record;
mod secrets;
mod watch;

/// The process's entry point: returns its exit status.
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn main(
    count: nix::libc::c_int,
    values: *const *const nix::libc::c_char,
) -> nix::libc::c_int {
    let inherited = init::signals::block_all();
    init::streams::fill_gaps();
    // SAFETY: count and values are what the C runtime handed to main, untouched.
    let words = unsafe { cli::Words::of_main(count, values) };
    door(cli::parse(words), inherited)
}

/// Does what the command line asks for.
fn door(request: Result<cli::Request, cli::Usage>, inherited: init::signals::Inherited) -> i32 {
    use cli::{Request, Words};
    let start = |command: Words, settings| launch::Start {
        command: command.to_vec(),
        environment: environ::take(),
        settings,
    };
    // Without init in the room, there is nobody to take signals for the command.
    let alone = |command| {
        inherited.give_back();
        start(command, init::Settings::from_environment().err())
    };
    match request {
        Ok(Request::Run(command)) => init::run(inherited, |settings, tell_init| {
            launch::run(start(command, settings), tell_init)
        }),
        Ok(Request::Exec(command)) => {
            init::signals::end_on_signals();
            launch::exec(alone(command))
        }
        Ok(Request::Plan(command)) => launch::plan(alone(command)),
        Ok(Request::Peers(words)) => peers::run(alone(words)),
        Ok(Request::Probe(words)) => probe::run(alone(words)),
        Ok(Request::Attach(words)) => attach::run(words.to_vec(), inherited),
        Ok(Request::Help) => cli::say(cli::HELP),
        Ok(Request::Version) => cli::say(cli::VERSION),
        Err(usage) => usage.report(),
    }
}
