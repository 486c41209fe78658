//! The Plan as `beaminit plan` prints it: a line for each thing that will be done, with the source of each value.

use std::fmt;

use super::settle::{Epmd, Pin, Settled};
use super::{Plan, Text};
use crate::launch::config::DnsMode;
use crate::launch::flags::words::quote;
use crate::launch::launchers::Role;
use crate::launch::node::Port;
use crate::launch::node::identity::Lookup;

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
                writeln!(f, "set      {name}={}", self.shown(value))?;
            }
        }
        for name in &self.recipe.unset {
            writeln!(f, "unset    {name}")?;
        }
        for (name, flags) in &self.recipe.left_out {
            writeln!(f, "without  {flags}  # of {name}")?;
        }
        for file in &self.recipe.files {
            write!(f, "write    {}", file.path.display())?;
            match file.owner() {
                Some(owner) => writeln!(f, "  # of user {}", owner.name)?,
                None => writeln!(f)?,
            }
            let content = self.shown(&file.content);
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
            Some(cookie) => {
                let way = if identity.in_file { ", in a file" } else { "" };
                writeln!(f, "cookie   {}  # {}{way}", cookie.value, cookie.by)?;
            }
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
        match &identity.epmd {
            Epmd::At(port) if port.value != Port::EPMD => {
                writeln!(f, "epmd     port {}  # {}", port.value, port.by)?;
            }
            Epmd::Off { by, .. } => writeln!(f, "epmd     off  # {by}")?,
            _ => {}
        }
        if let Some(peers) = &identity.peers {
            let places: Vec<String> = peers.sources.iter().map(ToString::to_string).collect();
            let interval = humantime::format_duration(peers.interval);
            writeln!(f, "peers    {}, every {interval}", places.join(" "))?;
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

    /// A text as it is shown: a host that only DNS can tell is a question mark.
    fn shown(&self, text: &Text) -> String {
        let first = self
            .identity
            .as_ref()
            .and_then(|identity| identity.candidates.first());
        let unknown = first.filter(|first| matches!(first.lookup, Lookup::Reverse(_)));
        unknown.map_or_else(
            || text.to_string(),
            |one| {
                text.to_string()
                    .replace(&one.node.to_string(), &format!("{}@?", one.node.name))
            },
        )
    }
}
