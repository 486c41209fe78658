//! `erl`: flags in ERL_AFLAGS, which come before those of the command line. The same changes serves every launcher that
//! hands its environment to one VM.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html#environment-variables>

use crate::beam::Otp;
use crate::beam::words::{quote, quoted_cookie};
use crate::beam::{FlagSettings, FlagVariables};
use crate::config::Config;
use crate::error::Failure;
use crate::plan::{Apply, Launcher, OwnSettings, Role};
use crate::plan::{Changes, NodeSettings};
use crate::system::Place;
use crate::system::program::Command;
use crate::system::secrets::Text;

/// What hands its environment to one VM.
pub struct OneVm;

/// Reads its arguments.
pub fn read(command: &Command, config: &Config) -> Launcher {
    let claims = FlagSettings::of_arguments(command.arguments());
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
        own_settings: own_settings(claims, Otp::of_erl(Some(command), &config.environment)),
        root: command.root(),
        account: None,
        could_be_node: false,
        warnings: Vec::new(),
        apply: Box::new(OneVm),
    }
}

/// Sorts the claims of a command line: those in the files that it names are not its own.
pub fn own_settings(claims: FlagSettings, otp: Option<Otp>) -> OwnSettings {
    let (command_line, files) = claims.partition(|place| *place == Place::CommandLine);
    OwnSettings {
        command_line,
        files,
        otp,
        ..OwnSettings::default()
    }
}

impl Apply for OneVm {
    fn apply(
        &self,
        launcher: &Launcher,
        settled: &NodeSettings,
        flags: &FlagVariables,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let own_settings = &launcher.own_settings;
        match launcher.role {
            Role::Node => node_flags(own_settings, settled, flags, changes),
            Role::Client => remote_flags(own_settings, settled, flags, changes),
            Role::Neither => Ok(()),
        }
    }
}

/// The flags of a node, put before the user's own in ERL_AFLAGS, and kept from the VMs that it starts itself.
pub fn node_flags(
    own_settings: &OwnSettings,
    settled: &NodeSettings,
    flags: &FlagVariables,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let node = &settled.node.value;
    let mut ours = Text::default();
    if own_settings.command_line.names.is_empty() {
        ours.push(&format!("{} {node} ", node.flag()));
    }
    if let Some(flag) = settled.transport_flag() {
        ours.push(flag).push(" ");
    }
    ours.push(&settled.node_flags());
    ours.append(&cookie_flags(own_settings, settled, &node.to_string()));
    put_first(ours, settled, flags, changes)
}

/// The flags of a shell on another node: a name of its own, no pin. Nobody calls it by a name that we made up, so it
/// does not listen then.
fn remote_flags(
    own_settings: &OwnSettings,
    settled: &NodeSettings,
    flags: &FlagVariables,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let node = &settled.node.value;
    let mut name = node.to_string();
    let mut ours = Text::default();
    let named = !own_settings.command_line.names.is_empty();
    if !named {
        name = format!("rem-{:08x}-{node}", fastrand::u32(..));
        ours.push(&format!("{} {name} -hidden ", node.flag()));
    }
    if let Some(flag) = settled.transport_flag() {
        ours.push(flag).push(" ");
    }
    ours.push(&settled.client_flags(named, says_dist_listen(own_settings, flags)));
    ours.append(&cookie_flags(own_settings, settled, &name));
    put_first(ours, settled, flags, changes)
}

/// Do the user's own flags say whether the VM listens? Before OTP 24 two `-dist_listen false` are none.
pub fn says_dist_listen(own_settings: &OwnSettings, flags: &FlagVariables) -> bool {
    let variables = flags.claims();
    let mut said = [&own_settings.command_line, &own_settings.files, &variables].into_iter();
    said.any(|claims| claims.dist_listen)
}

/// A single `-setcookie C` is the VM's cookie whatever name it takes in the end, and of two it drops both: the cookie of
/// the name that it should have wins over any number of those. But then it still looks for a cookie file, and dies where
/// HOME cannot be written, without `-nocookie`; which alone would let in whoever has no cookie either. A `-setcookie` with
/// nothing behind it makes the VM drop all the others and read the file.
///
/// A VM from before OTP 24.1 takes one `-setcookie C` alone: where another stays, ours comes in a file.
pub fn cookie_flags(own_settings: &OwnSettings, settled: &NodeSettings, name: &str) -> Text {
    let mut flags = Text::default();
    if settled.in_file {
        flags.push("-setcookie ");
        return flags;
    }
    let Some(cookie) = &settled.cookie else {
        return flags;
    };
    let said = &own_settings.command_line.cookies;
    let all = said.iter().chain(&own_settings.files.cookies);
    let for_all: Vec<_> = all.filter(|claim| claim.value.node.is_none()).collect();
    match for_all.as_slice() {
        [] => {
            flags
                .push("-setcookie ")
                .append(&quoted_cookie(&cookie.value));
            flags.push(" ");
        }
        _ if settled.takes_one_cookie() => {}
        [one] if one.value.cookie.is_some() => {}
        _ => {
            flags.push("-nocookie ");
        }
    }
    let mut towards = said.iter().filter_map(|claim| claim.value.node.as_deref());
    if !settled.takes_one_cookie() && !towards.any(|node| node == name) {
        flags.push(&format!("-setcookie {} ", quote(name)));
        flags.append(&quoted_cookie(&cookie.value)).push(" ");
    }
    flags
}

/// Puts flags into ERL_AFLAGS before what is left of the user's, who gets it back in the VM's own environment.
///
/// # Errors
/// The release's own shell file takes them out again, and there is no other place for them.
pub fn put_first(
    mut ours: Text,
    settled: &NodeSettings,
    flags: &FlagVariables,
    changes: &mut Changes,
) -> Result<(), Failure> {
    cleanse(settled, flags, changes);
    if ours.reveal().is_empty() {
        return Ok(());
    }
    if let Some(place) = flags.lost() {
        return put_into_elixirs(ours, place, settled, flags, changes);
    }
    let users = flags.rest_of("ERL_AFLAGS", settled.replaces_port);
    let users = Text::concealing(users.as_ref());
    ours.push("-env ERL_AFLAGS ").append(&users.map(quote));
    if !users.reveal().is_empty() {
        ours.push(" ").append(&users);
    }
    changes.set("ERL_AFLAGS", ours);
    Ok(())
}

/// A mix release hands ELIXIR_ERL_OPTIONS to the VM before its own flags, split at blanks.
fn put_into_elixirs(
    mut ours: Text,
    place: &Place,
    settled: &NodeSettings,
    flags: &FlagVariables,
    changes: &mut Changes,
) -> Result<(), Failure> {
    const NAME: &str = "ELIXIR_ERL_OPTIONS";
    let needs_quotes = ours
        .reveal()
        .to_string_lossy()
        .contains(['\'', '"', '*', '?', '[', '\\']);
    if needs_quotes || flags.stays(NAME) {
        return Err(Failure::config(format!(
            "{place} sets ERL_AFLAGS without what it was before, where beaminit gives the node its name, cookie and port; write ERL_AFLAGS=\"$ERL_AFLAGS …\" there"
        )));
    }
    let users = flags.rest_of(NAME, settled.replaces_port);
    ours.append(&Text::concealing(users.as_ref()));
    changes.set(NAME, ours);
    Ok(())
}

/// Takes what would fight with the Plan out of the user's variables.
pub fn cleanse(settled: &NodeSettings, flags: &FlagVariables, changes: &mut Changes) {
    for (name, rest) in flags.cleansed(settled.replaces_port) {
        changes.set(name, Text::concealing(rest.as_ref()));
    }
    for (name, flags) in flags.left_out(settled.replaces_port) {
        let flags = Text::concealing(flags.as_ref());
        changes.left_out.push((name.to_owned(), flags));
    }
}
