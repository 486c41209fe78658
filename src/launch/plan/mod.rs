//! `Node ──► Plan`: everything that a start will do, before it does any of it. `plan` prints the very value that `run`
//! executes.
//!
//! It needs no network: a missing binary or a bad variable fails at once, before the gates.

mod account;
pub mod cookie_file;
mod private;
mod program;
mod recipe;
mod search;
pub mod settle;
mod show;
mod text;

use std::path::Path;
use std::time::Duration;

use nix::unistd::{AccessFlags, access};

use super::config::{Config, LauncherKind};
use super::failure::Failure;
use super::flags::FlagVariables;
use super::launchers::{Launcher, Role};
use super::node::identity::Chosen;

pub use account::Account;
pub use private::PrivateFile;
pub use program::Command;
pub use recipe::Recipe;
pub use settle::{Pin, Settled};
pub use text::Text;

/// What will be run, and how.
#[derive(Debug)]
pub struct Plan {
    /// The launcher, in a message's words.
    pub launcher: &'static str,
    /// What the command is.
    pub role: Role,
    /// The node's identity, where it has one to do with.
    pub identity: Option<Settled>,
    /// How long the dns gate waits; `None` is for ever.
    pub dns_timeout: Option<Duration>,
    /// The program and its arguments as the user gave them.
    pub command: Command,
    /// What is changed for it.
    pub recipe: Recipe,
}

impl Plan {
    /// Makes the Plan. `answer` is what DNS chose, once it has.
    ///
    /// # Errors
    /// What cannot be done: bad configuration, or a file of the release that cannot be beaten.
    pub fn make(
        config: &Config,
        command: &Command,
        launcher: Option<&Launcher>,
        answer: Option<&Chosen>,
    ) -> Result<Self, Failure> {
        let mut plan = Self {
            launcher: launcher.map_or_else(
                || match config.launcher {
                    LauncherKind::None => "none, says BEAMINIT_LAUNCHER",
                    _ => "no BEAM known to beaminit",
                },
                |launcher| launcher.label,
            ),
            role: launcher.map_or(Role::Neither, |launcher| launcher.role),
            identity: None,
            dns_timeout: config.dns_timeout,
            command: command.clone(),
            recipe: Recipe::default(),
        };
        for name in &config.assigned {
            let value = config.variable(name).unwrap_or_default();
            match name.as_str() {
                // An empty one would be taken out; the environment has it as it is.
                _ if value.is_empty() => {}
                name if Text::is_of_cookie(name) => plan.recipe.set(name, Text::hidden(value)),
                _ => plan.recipe.set(name, Text::concealing(value.as_ref())),
            }
        }
        let Some(launcher) = launcher.filter(|launcher| launcher.role != Role::Neither) else {
            return Ok(plan);
        };
        let flags = FlagVariables::read(config)?;
        let settled = settle::settle(config, launcher, &flags, answer)?;
        launcher.cook(&settled, &flags, &mut plan.recipe)?;
        if config.variable("ERLANG_COOKIE").is_some() {
            plan.recipe.set.remove("ERLANG_COOKIE");
            plan.recipe.unset.push("ERLANG_COOKIE".into());
        }
        if settled.in_file {
            cookie_file::plan(config, launcher, &settled, &mut plan.recipe)?;
        }
        if launcher.role == Role::Node && settled.cookie.is_none() {
            plan.leave_cookie_to_the_vm(config, launcher, &settled)?;
        }
        if settled.node.value.host.has_upper_case() {
            plan.recipe.warn(format!(
                "{} has upper case in its host: to the VM that is another name than in lower case",
                settled.node.value
            ));
        }
        plan.identity = Some(settled);
        Ok(plan)
    }

    /// With no cookie from anywhere, the VM looks for one in HOME or makes one there, and dies where it can do neither. A
    /// node with a long name is one of several, whose homes are not the same.
    fn leave_cookie_to_the_vm(
        &mut self,
        config: &Config,
        launcher: &Launcher,
        settled: &Settled,
    ) -> Result<(), Failure> {
        let why = settled.no_cookie.as_ref();
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        let of_account = launcher.account.as_ref().map(|one| one.home.as_path());
        let home = of_account.or_else(|| config.path("HOME"));
        let allows = |path: &Path, mode: AccessFlags| access(path, mode).is_ok();
        let mut places = cookie_file::places(home, config).into_iter();
        if places.any(|file| allows(&file, AccessFlags::R_OK)) {
            return Ok(());
        }
        if !home.is_some_and(|home| allows(home, AccessFlags::W_OK)) {
            let seen = home.map_or_else(
                || "is not set".into(),
                |home| format!("is {home:?}, which this user cannot write"),
            );
            return Err(Failure::config(format!(
                "no cookie is set{why}, and HOME {seen}, so that the VM can neither find nor make one; set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
            )));
        }
        if settled.node.value.is_long() {
            return Err(Failure::config(format!(
                "no cookie is set for {}{why}: the VM would make up its own, and nodes with different cookies never connect; set ERLANG_COOKIE or ERLANG_COOKIE_FILE",
                settled.node.value
            )));
        }
        self.recipe.warn(format!(
            "no cookie is set{why}: the VM makes its own in HOME, and nodes with different cookies never connect; set ERLANG_COOKIE"
        ));
        Ok(())
    }
}
