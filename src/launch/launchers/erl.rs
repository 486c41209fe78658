//! `erl`: flags in ERL_AFLAGS, which come before those of the command line. The same recipe serves every launcher that
//! hands its environment to one VM.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html#environment-variables>

use super::{Cook, Demands, Launcher, Otp, Role};
use crate::launch::config::{Config, EpmdMode};
use crate::launch::failure::Failure;
use crate::launch::flags::words::quote;
use crate::launch::flags::{Claims, FlagVariables, Place};
use crate::launch::plan::{Command, Recipe, Settled, Text};

/// What hands its environment to one VM.
pub struct OneVm;

/// Reads its arguments.
pub fn read(command: &Command, config: &Config) -> Launcher {
    let claims = Claims::of_arguments(command.arguments());
    let role = if claims.informs {
        Role::Neither
    } else if claims.remsh.is_some() {
        Role::Client
    } else {
        Role::Node
    };
    Launcher {
        label: "erl",
        role,
        default_name: command.name().into(),
        demands: demands(claims, || Otp::of_erl(Some(command), config), config),
        root: command.root(),
        account: None,
        cook: Box::new(OneVm),
    }
}

/// Sorts the claims of a command line: those in the files that it names are not its own.
pub fn demands(claims: Claims, otp: impl FnOnce() -> Option<Otp>, config: &Config) -> Demands {
    let (command_line, files) = claims.partition(|place| *place == Place::CommandLine);
    Demands {
        command_line,
        files,
        otp: (config.epmd == EpmdMode::Off).then(otp).flatten(),
        ..Demands::default()
    }
}

impl Cook for OneVm {
    fn cook(
        &self,
        launcher: &Launcher,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        let demands = &launcher.demands;
        match (launcher.role, &demands.command_line.remsh) {
            (Role::Node, _) => node_flags(demands, settled, flags, recipe),
            (_, Some(target)) => remote_flags(demands, target, settled, flags, recipe),
            _ => {}
        }
        Ok(())
    }
}

/// The flags of a node, put before the user's own in ERL_AFLAGS, and kept from the VMs that it starts itself.
pub fn node_flags(
    demands: &Demands,
    settled: &Settled,
    flags: &FlagVariables,
    recipe: &mut Recipe,
) {
    let node = &settled.node.value;
    let mut ours = Text::default();
    if demands.command_line.names.is_empty() {
        ours.push(&format!("{} {node} ", node.flag()));
    }
    if settled.ipv6 && !demands.command_line.proto_dist {
        ours.push("-proto_dist inet6_tcp ");
    }
    ours.push(&settled.node_flags());
    ours.append(&cookie_flags(demands, settled, &node.to_string()));
    put_first(ours, settled, flags, recipe);
}

/// The flags of a shell on another node: a name of its own, no pin.
fn remote_flags(
    demands: &Demands,
    target: &str,
    settled: &Settled,
    flags: &FlagVariables,
    recipe: &mut Recipe,
) {
    let node = &settled.node.value;
    let mut ours = Text::default();
    if demands.command_line.names.is_empty() {
        let number = fastrand::u32(..);
        ours.push(&format!("{} rem-{number:08x}-{node} -hidden ", node.flag()));
    }
    ours.push(&settled.client_port_flags());
    ours.append(&cookie_flags(demands, settled, target));
    put_first(ours, settled, flags, recipe);
}

/// The cookie towards one node wins over any number of `-setcookie C`; without `-nocookie` before it, the VM would still
/// look for a cookie file, and die where HOME cannot be written. A `-setcookie` with nothing behind it makes the VM drop
/// all the others and read the file.
pub fn cookie_flags(demands: &Demands, settled: &Settled, towards: &str) -> Text {
    let mut flags = Text::default();
    if settled.in_file {
        flags.push("-setcookie ");
        return flags;
    }
    let said = demands
        .command_line
        .cookies
        .iter()
        .any(|claim| claim.value.node.as_deref() == Some(towards));
    if let Some(cookie) = settled.cookie.as_ref().filter(|_| !said) {
        flags
            .push(&format!("-nocookie -setcookie {} ", quote(towards)))
            .push_quoted(&cookie.value)
            .push(" ");
    }
    flags
}

/// Puts flags into ERL_AFLAGS before what is left of the user's, who gets it back in the VM's own environment.
pub fn put_first(mut ours: Text, settled: &Settled, flags: &FlagVariables, recipe: &mut Recipe) {
    cleanse(settled, flags, recipe);
    if ours.reveal().is_empty() {
        return;
    }
    let users = flags.rest_of("ERL_AFLAGS", settled.replaces_port);
    ours.push(&format!("-env ERL_AFLAGS {}", quote(&users)));
    if !users.is_empty() {
        ours.push(" ").append(&Text::concealing(users.as_ref()));
    }
    recipe.set("ERL_AFLAGS", ours);
}

/// Takes what would fight with the Plan out of the user's variables.
pub fn cleanse(settled: &Settled, flags: &FlagVariables, recipe: &mut Recipe) {
    for (name, rest) in flags.cleansed(settled.replaces_port) {
        recipe.set(name, Text::concealing(rest.as_ref()));
    }
    for (name, flags) in flags.left_out(settled.replaces_port) {
        let flags = Text::concealing(flags.as_ref());
        recipe.left_out.push((name.to_owned(), flags));
    }
}
