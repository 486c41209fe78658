//! The Plan as `beaminit plan` prints it: a line for each thing that will be done, with the source of each value.

use std::fmt;

use humantime::format_duration;

use super::resolve::{Epmd, NodeSettings, Pin};
use super::{Identity, Plan, Role};
use crate::beam::words::quote;
use crate::config::DnsMode;
use crate::node::Port;
use crate::system::printable::one_line;
use crate::system::secrets::{self, Text};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match (self.role, &self.identity) {
            (Role::Node, Identity::Own(_)) => {
                "starts a node; nothing asks for changes: run as it is"
            }
            (_, Identity::Own(_)) => "a client of a node; nothing asks for changes: run as it is",
            (Role::Node, _) => "starts a node",
            (Role::Client, _) => "a client of a node: no gates, no pin",
            (Role::Neither, _) => "no node: run untouched",
        };
        writeln!(f, "command  {} ({role})", self.launcher)?;
        if let Some(file) = &self.sourced {
            let file = file.display();
            writeln!(f, "sourced  {file}  # once, to ask what it sets")?;
        }
        match &self.identity {
            Identity::None => {}
            Identity::Own(own) => {
                if let Some(node) = &own.node {
                    writeln!(f, "node     {}  # {}", node.value, node.by)?;
                }
                write_port(own.port.as_ref(), f)?;
            }
            Identity::Planned(settings) => self.write_node(settings, f)?,
        }
        // The file is shown instead of the first word.
        let file = self.command.file.to_string_lossy();
        write!(f, "exec     {}", quote(&file))?;
        for word in secrets::shown_words(&self.command.words).iter().skip(1) {
            write!(f, " {}", one_line(&quote(word)))?;
        }
        writeln!(f)?;
        self.write_changes(f)
    }
}

fn write_port(port: Option<&Pin>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match port {
        Some(Pin::Ours(port) | Pin::Given(port)) => {
            writeln!(f, "port     {}  # {}", port.value, port.by)
        }
        Some(Pin::Range(range)) => writeln!(f, "port     not pinned: {range}"),
        None => Ok(()),
    }
}

impl Plan {
    fn write_changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = &self.changes;
        for (name, value) in &changes.set {
            let name = secrets::shown_name(name);
            if value.reveal().is_empty() {
                writeln!(f, "unset    {name}")?;
            } else {
                writeln!(f, "set      {name}={}", one_line(&self.shown(value)))?;
            }
        }
        for name in &changes.unset {
            writeln!(f, "unset    {}", secrets::shown_name(name))?;
        }
        for (name, flags) in &changes.left_out {
            writeln!(f, "without  {}  # of {name}", one_line(&flags.to_string()))?;
        }
        for file in &changes.files {
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
        for warning in &changes.warnings {
            writeln!(f, "warning  {}", one_line(warning))?;
        }
        Ok(())
    }

    fn write_node(&self, node: &NodeSettings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut label = "node";
        for one in &node.candidates {
            write!(f, "{label:9}{one}  # {}", one.from)?;
            let is_open = one.is_reverse();
            writeln!(f, "{}", if is_open { ", asked at the start" } else { "" })?;
            label = "or";
        }
        match &node.cookie {
            Some(cookie) => {
                let way = if node.in_file { ", in a file" } else { "" };
                writeln!(f, "cookie   {}  # {}{way}", cookie.value, cookie.by)?;
            }
            None => writeln!(f, "cookie   the VM's own  # none is set")?,
        }
        write_port(node.port.as_ref(), f)?;
        if let Some(bind) = &node.bind {
            writeln!(f, "bind     {}  # {}", bind.address.value, bind.address.by)?;
        }
        match &node.epmd {
            Epmd::At(port) if port.value != Port::EPMD => {
                writeln!(f, "epmd     port {}  # {}", port.value, port.by)?;
            }
            Epmd::Off { by, .. } => writeln!(f, "epmd     off  # {by}")?,
            _ => {}
        }
        if let Some(peers) = &node.peers {
            let places: Vec<String> = peers.sources.iter().map(ToString::to_string).collect();
            let interval = format_duration(peers.interval);
            writeln!(f, "peers    {}, every {interval}", places.join(" "))?;
        }
        if self.role != Role::Node {
            return Ok(());
        }
        let what = match node.dns {
            DnsMode::Own => "must answer an address of this pod",
            DnsMode::Any => "must resolve",
            DnsMode::Off => return writeln!(f, "dns      nothing to ask"),
        };
        match self.dns_timeout {
            None => writeln!(f, "dns      {what}, waits for ever"),
            Some(limit) => writeln!(f, "dns      {what}, waits {}", format_duration(limit)),
        }
    }

    /// A text as it is shown: a host that only DNS can tell is a question mark.
    fn shown(&self, text: &Text) -> String {
        let candidates = self.node_settings().map(|node| node.candidates.as_slice());
        match candidates.and_then(<[_]>::first) {
            Some(first) => text
                .to_string()
                .replace(&first.node.to_string(), &first.to_string()),
            None => text.to_string(),
        }
    }
}
