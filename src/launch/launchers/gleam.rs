//! An erlang-shipment made by `gleam export erlang-shipment`: its entrypoint.sh starts one `erl`.
//!
//! <https://gleam.run/command-line-reference/#export>

use super::script::Script;
use super::{Demands, Launcher, Otp, Role, erl};
use crate::launch::config::Config;
use crate::launch::failure::Failure;
use crate::launch::flags::{Claims, FlagVariables};
use crate::launch::plan::{Command, Recipe, Settled};

struct Gleam {
    name: String,
    role: Role,
    demands: Demands,
}

/// Is it a shipment's entrypoint.sh?
pub fn is(script: &Script) -> bool {
    script.says(&["@@main:run", "erl"])
}

/// Reads the task: `run` is the application, `shell` a shell beside it.
pub fn read(script: &Script, command: &Command, config: &Config) -> Box<dyn Launcher> {
    let role = match command.arguments().next() {
        Some("run") => Role::Node,
        _ => Role::Neither,
    };
    Box::new(Gleam {
        name: script.assigned("PACKAGE").unwrap_or("gleam").to_owned(),
        role,
        demands: erl::demands(Claims::default(), || Otp::of_erl(None, config), config),
    })
}

impl Launcher for Gleam {
    fn label(&self) -> &'static str {
        "gleam shipment"
    }

    fn role(&self) -> Role {
        self.role
    }

    fn default_name(&self) -> String {
        self.name.clone()
    }

    fn demands(&self) -> &Demands {
        &self.demands
    }

    fn cook(
        &self,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        erl::node_flags(&self.demands, settled, flags, recipe);
        Ok(())
    }
}
