//! An erlang-shipment made by `gleam export erlang-shipment`: its entrypoint.sh starts one `erl`.
//!
//! <https://gleam.run/command-line-reference/#export>

use super::script::Script;
use crate::beam::FlagSettings;
use crate::beam::Otp;
use crate::config::Config;
use crate::launchers::erl;
use crate::plan::{Launcher, Role};
use crate::system::program::Command;

/// Is it a shipment's entrypoint.sh?
pub fn is(script: &Script) -> bool {
    script.says(&["@@main:run", "erl"])
}

/// Reads the task: `run` is the application, `shell` a shell beside it.
pub fn read(script: &Script, command: &Command, config: &Config) -> Launcher {
    let role = match command.arguments().next() {
        Some("run") => Role::Node,
        _ => Role::Neither,
    };
    Launcher {
        label: "gleam shipment",
        role,
        default_name: script.assigned("PACKAGE").unwrap_or("gleam").to_owned(),
        own_settings: erl::own_settings(
            FlagSettings::default(),
            Otp::of_erl(None, &config.environment),
        ),
        root: None,
        account: None,
        could_be_node: false,
        warnings: Vec::new(),
        apply: Box::new(erl::OneVm),
    }
}
