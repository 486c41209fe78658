//! An erlang-shipment made by `gleam export erlang-shipment`: its entrypoint.sh starts one `erl`.
//!
//! <https://gleam.run/command-line-reference/#export>

use super::of_release;
use super::script::Script;
use crate::beam::Otp;
use crate::config::Config;
use crate::plan::{Launcher, OwnSettings, Role};
use crate::system::program::Command;

pub fn is(script: &Script) -> bool {
    script.contains_all(&["@@main:run", "erl"])
}

/// Reads the task: `run` is the application, `shell` a shell beside it.
pub fn read(script: &Script, command: &Command, config: &Config) -> Launcher {
    let role = match command.arguments().next() {
        Some("run") => Role::Node,
        _ => Role::Neither,
    };
    let name = script.assigned("PACKAGE").unwrap_or("gleam");
    Launcher {
        own_settings: OwnSettings {
            otp: Otp::of_erl(None, &config.environment),
            ..OwnSettings::default()
        },
        ..of_release("gleam shipment", role, name)
    }
}
