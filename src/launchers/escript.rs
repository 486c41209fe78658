//! An escript, started by `escript` or by its own `#!` line: a tool, and no node, unless its `%%!` line names one.
//!
//! <https://www.erlang.org/doc/apps/erts/escript_cmd.html>

use super::script::Script;
use super::{erl, name_part, of_one_vm};
use crate::beam::words::Syntax;
use crate::beam::{FlagSettings, Otp};
use crate::config::Config;
use crate::plan::{Launcher, Role};
use crate::system::Place;
use crate::system::program::Command;

pub fn is(script: &Script) -> bool {
    script.is_run_by(&["escript"])
}

/// Reads the flags of the command itself, which is this script, or of the one that it is given.
pub fn read(script: Option<&Script>, command: &Command, config: &Config) -> Launcher {
    let own = script.filter(|script| is(script));
    let argument = own.is_none().then(|| argument(command)).flatten();
    let flags = own.or(argument.as_ref()).and_then(own_flags);
    let flags = flags.unwrap_or_default();
    let named = flags.names().next().map(name_part);
    let role = named.as_ref().map_or(Role::Neither, |_| Role::Node);
    let mut launcher = of_one_vm("escript", role, command.name());
    launcher.default_name = named.unwrap_or(launcher.default_name);
    launcher.own_settings = erl::own_settings(flags, Otp::of_erl(None, &config.environment));
    launcher
}

/// The script behind `escript` and its options.
fn argument(command: &Command) -> Option<Script> {
    let file = command.arguments().find(|word| !word.starts_with('-'))?;
    // It is not looked for in PATH.
    Script::read(&Command {
        file: file.into(),
        words: Vec::new(),
    })
}

/// The flags of the `%%!` line: the second, or the third behind a comment.
fn own_flags(script: &Script) -> Option<FlagSettings> {
    let mut head = (1..).zip(script.text.lines()).skip(1).take(2);
    let (number, flags) =
        head.find_map(|(number, line)| Some((number, line.strip_prefix("%%!")?)))?;
    let place = |_| Place::File(script.file.clone(), number);
    Some(FlagSettings::of_text(flags, Syntax::Blanks, &place))
}
