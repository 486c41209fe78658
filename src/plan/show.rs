//! The Plan as `beaminit plan` prints it: a line for each thing that will be done, with the source of each value.

use std::fmt;

use super::resolve::{Epmd, NodeSettings, Pin};
use crate::beam::words::quote;
use crate::config::DnsMode;
use crate::naming::Lookup;
use crate::node::Port;
use crate::plan::Role;
use crate::plan::{Identity, Own, Plan};
use crate::system::secrets;
use crate::system::secrets::Text;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match (self.role, &self.identity) {
            (_, Identity::Own(_)) if self.role == Role::Node => {
                "starts a node; nothing asks for changes: run as it is"
            }
            (_, Identity::Own(_)) => "a client of a node; nothing asks for changes: run as it is",
            (Role::Node, _) => "starts a node",
            (Role::Client, _) => "a client of a node: no gates, no pin",
            (Role::Neither, _) => "no node: run untouched",
        };
        writeln!(f, "command  {} ({role})", self.launcher)?;
        if let Some(file) = &self.sourced {
            writeln!(
                f,
                "sourced  {}  # once, to ask what it sets",
                file.display()
            )?;
        }
        match &self.identity {
            Identity::None => {}
            Identity::Own(own) => own.write(f)?,
            Identity::Planned(settled) => self.write_identity(settled, f)?,
        }
        let words = secrets::shown_words(&self.command.words).into_iter();
        write!(
            f,
            "exec     {}",
            quote(&self.command.file.to_string_lossy())
        )?;
        // The file stands in the place of the first word.
        for word in words.skip(1) {
            write!(f, " {}", quote(&word))?;
        }
        writeln!(f)?;
        for (name, value) in &self.changes.set {
            let name = secrets::shown_name(name);
            if value.reveal().is_empty() {
                writeln!(f, "unset    {name}")?;
            } else {
                writeln!(f, "set      {name}={}", self.shown(value))?;
            }
        }
        for name in &self.changes.unset {
            writeln!(f, "unset    {}", secrets::shown_name(name))?;
        }
        for (name, flags) in &self.changes.left_out {
            writeln!(f, "without  {flags}  # of {name}")?;
        }
        for file in &self.changes.files {
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
        for warning in &self.changes.warnings {
            writeln!(f, "warning  {warning}")?;
        }
        Ok(())
    }
}

impl Own {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = &self.node {
            writeln!(f, "node     {}  # {}", node.value, node.by)?;
        }
        write_port(self.port.as_ref(), f)
    }
}

fn write_port(port: Option<&Pin>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match port {
        Some(Pin::Ours(said) | Pin::Given(said)) => {
            writeln!(f, "port     {}  # {}", said.value, said.by)
        }
        Some(Pin::Range(range)) => writeln!(f, "port     not pinned: {range}"),
        None => Ok(()),
    }
}

impl Plan {
    fn write_identity(&self, identity: &NodeSettings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        write_port(identity.port.as_ref(), f)?;
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
            .settled()
            .and_then(|settled| settled.candidates.first());
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
