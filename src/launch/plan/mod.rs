//! `Node ──► Plan`: everything that a start will do, before it does any of it. `plan` prints the very value that `run`
//! executes.
//!
//! It needs no network: a missing binary or a bad variable fails at once, before the gates.

mod program;
mod recipe;
mod search;
mod settle;
mod text;

use std::fmt;
use std::time::Duration;

use super::config::{Config, DnsMode};
use super::failure::Failure;
use super::flags::FlagVariables;
use super::flags::words::quote;
use super::launchers::{Launcher, Role};
use super::node::NodeName;
use super::node::identity::Lookup;

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
    /// Makes the Plan. `answer` is the name that DNS chose, once it has.
    ///
    /// # Errors
    /// What cannot be done: bad configuration, or a file of the release that cannot be beaten.
    pub fn make(
        config: &Config,
        command: &Command,
        launcher: Option<&dyn Launcher>,
        answer: Option<&NodeName>,
    ) -> Result<Self, Failure> {
        let mut plan = Self {
            launcher: launcher.map_or("no BEAM known to beaminit", Launcher::label),
            role: launcher.map_or(Role::Neither, Launcher::role),
            identity: None,
            dns_timeout: config.dns_timeout,
            command: command.clone(),
            recipe: Recipe::default(),
        };
        let Some(launcher) = launcher.filter(|launcher| launcher.role() != Role::Neither) else {
            return Ok(plan);
        };
        let flags = FlagVariables::read(config);
        let settled = settle::settle(config, launcher, &flags, answer)?;
        launcher.cook(&settled, &flags, &mut plan.recipe)?;
        plan.recipe.unset.push("ERLANG_COOKIE");
        plan.warn(&settled);
        plan.identity = Some(settled);
        Ok(plan)
    }

    /// What is legal, and hardly meant.
    fn warn(&mut self, settled: &Settled) {
        let node = &settled.node.value;
        if node.host.has_upper_case() {
            self.recipe.warn(format!("{node} has upper case in its host: to the VM that is another name than in lower case"));
        }
        if settled.cookie.is_none() && node.is_long() && self.role == Role::Node {
            self.recipe.warn("no cookie is set: the VM takes or makes its own, and nodes with different cookies never connect; set ERLANG_COOKIE");
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Node => "starts a node",
            Role::Client => "a client of a node: no gates, no pin",
            Role::Neither => "no node: run untouched",
        };
        writeln!(f, "command  {} ({role})", self.launcher)?;
        if let Some(identity) = &self.identity {
            self.write_identity(identity, f)?;
        }
        let mut words = Text::arguments(&self.command.words).into_iter();
        // The file stands in the place of the first word.
        words.next();
        write!(
            f,
            "exec     {}",
            quote(&self.command.file.to_string_lossy())
        )?;
        for word in words {
            write!(f, " {}", quote(&word.to_string()))?;
        }
        writeln!(f)?;
        for (name, value) in &self.recipe.set {
            if value.reveal().is_empty() {
                writeln!(f, "unset    {name}")?;
            } else {
                writeln!(f, "set      {name}={value}")?;
            }
        }
        for name in &self.recipe.unset {
            writeln!(f, "unset    {name}")?;
        }
        for file in &self.recipe.files {
            writeln!(f, "write    {}", file.path.display())?;
            let content = file.content.to_string();
            for line in content.lines().filter(|line| !line.trim().is_empty()) {
                writeln!(f, "       | {line}")?;
            }
        }
        for warning in &self.recipe.warnings {
            writeln!(f, "warning  {warning}")?;
        }
        Ok(())
    }
}

impl Plan {
    fn write_identity(&self, identity: &Settled, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in identity.candidates.iter().enumerate() {
            let label = if at == 0 { "node   " } else { "or     " };
            match one.lookup {
                Lookup::Reverse(_) => writeln!(
                    f,
                    "{label}  {}@?  # {}, asked at the start",
                    one.node.name, one.from
                )?,
                _ => writeln!(f, "{label}  {}  # {}", one.node, one.from)?,
            }
        }
        match &identity.cookie {
            Some(cookie) => writeln!(f, "cookie   {}  # {}", cookie.value, cookie.by)?,
            None => writeln!(f, "cookie   the VM's own  # none is set")?,
        }
        if let Some(port) = &identity.port {
            match port {
                Pin::Ours(said) | Pin::Given(said) => {
                    writeln!(f, "port     {}  # {}", said.value, said.by)?;
                }
                Pin::Range(range) => writeln!(f, "port     not pinned: {range}")?,
            }
        }
        if self.role == Role::Node {
            let limit = self.dns_timeout.map_or_else(
                || "for ever".into(),
                |limit| humantime::format_duration(limit).to_string(),
            );
            match identity.dns {
                DnsMode::Own => writeln!(
                    f,
                    "dns      must answer an address of this pod, waits {limit}"
                )?,
                DnsMode::Any => writeln!(f, "dns      must resolve, waits {limit}")?,
                DnsMode::Off => writeln!(f, "dns      nothing to ask")?,
            }
        }
        Ok(())
    }
}
