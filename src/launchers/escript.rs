//! An escript, started by `escript` or by its own `#!` line: a tool, and no node, unless its `%%!` line names one.
//!
//! <https://www.erlang.org/doc/apps/erts/escript_cmd.html>

use super::script::Script;
use crate::beam::FlagSettings;
use crate::beam::Otp;
use crate::beam::words::Syntax;
use crate::config::Config;
use crate::launchers::erl;
use crate::plan::{Launcher, Role};
use crate::system::Place;
use crate::system::program::Command;

/// Is it a script for `escript`?
pub fn is(script: &Script) -> bool {
    let interpreter = script.text.lines().next().unwrap_or_default();
    let mut words = interpreter.split(|c: char| c.is_whitespace() || c == '/');
    words.any(|word| word == "escript")
}

/// Reads the flags of the command itself, which is this script, or of the one that it is given.
pub fn read(script: Option<&Script>, command: &Command, config: &Config) -> Launcher {
    let own = script.filter(|script| is(script));
    let given = if own.is_none() {
        given(command, config)
    } else {
        None
    };
    let script = own.or(given.as_ref());
    let (line, flags) = script.and_then(own_flags).unwrap_or_default();
    let files = FlagSettings::of_text(flags, Syntax::Blanks, &|_| {
        let file = script.map(|script| script.file.clone());
        Place::File(file.unwrap_or_default(), line)
    });
    let named = files.names.first().map(|claim| claim.value.text.clone());
    let name = named.as_deref().unwrap_or(command.name());
    Launcher {
        label: "escript",
        role: named.as_ref().map_or(Role::Neither, |_| Role::Node),
        default_name: name.split('@').next().unwrap_or_default().to_owned(),
        own_settings: erl::own_settings(files, Otp::of_erl(None, &config.environment)),
        root: None,
        account: None,
        could_be_node: false,
        warnings: Vec::new(),
        apply: Box::new(erl::OneVm),
    }
}

/// The script behind `escript` and its options.
fn given(command: &Command, config: &Config) -> Option<Script> {
    let file = command.arguments().find(|word| !word.starts_with('-'))?;
    let words = vec![file.into()];
    // escript looks for its script where it stands, not in PATH.
    let here = Command {
        file: file.into(),
        words: words.clone(),
    };
    Script::read(&here).or_else(|| Script::read(&Command::find(words, &config.environment).ok()?))
}

/// The `%%!` line: the second, or the third behind a comment.
fn own_flags(script: &Script) -> Option<(usize, &str)> {
    let head = (1..).zip(script.text.lines()).skip(1).take(2);
    head.into_iter()
        .find_map(|(number, line)| Some((number, line.strip_prefix("%%!")?)))
}
