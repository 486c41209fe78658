//! A release's vm.args with our name, cookie and port in place of its own: for the scripts that read them there.

use std::path::Path;

use crate::exit::Exit;
use crate::launch::failure::Failure;
use crate::launch::flags::words::quote;
use crate::launch::flags::{Variable, VmArgs};
use crate::launch::node::{NodeName, Port};
use crate::launch::plan::{PrivateFile, Recipe, Settled, Text};

impl VmArgs {
    /// Reads a release's args file, its variables expanded where `variable` is given.
    ///
    /// # Errors
    /// It cannot be read: [`Exit::System`].
    pub fn of_release(path: &Path, variable: Option<Variable>) -> Result<Self, Failure> {
        Self::read(path, variable).map_err(|error| {
            let path = path.display();
            Failure::new(
                Exit::System,
                format!("cannot read {path}: {error}; is it readable for this user?"),
            )
        })
    }

    /// Gives the script a copy, by VMARGS_PATH, with what is settled in it.
    ///
    /// # Errors
    /// There is no folder for it.
    pub fn copy(
        &self,
        release: &str,
        settled: &Settled,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        let name = format!("{release}.vm.args");
        let file = PrivateFile::new(&[&name], 0o600, self.with(settled))?;
        recipe.set("VMARGS_PATH", Text::plain(&file.path));
        recipe.files.push(file);
        Ok(())
    }

    /// The file with what is settled in it. One flag a line, at its start: the scripts grep them.
    fn with(&self, settled: &Settled) -> Text {
        let node = &settled.node.value;
        let mut text = Text::default();
        text.push(&format!("{} {node}\n", node.flag()));
        if settled.ipv6 && !self.claims.proto_dist {
            text.push("-proto_dist inet6_tcp\n");
        }
        if settled.in_file {
            // With nothing behind it, it drops whatever an included file says.
            text.push("-setcookie\n");
        } else if let Some(cookie) = &settled.cookie {
            text.push("-setcookie ")
                .push_quoted(&cookie.value)
                .push("\n");
            // An included file may have a cookie too, and two of them are none: the cookie towards oneself wins.
            text.push(&format!(
                "-nocookie -setcookie {} ",
                quote(&node.to_string())
            ))
            .push_quoted(&cookie.value)
            .push("\n");
        }
        if !settled.epmd.is_off() && settled.pin().is_some() {
            text.push(settled.node_flags().trim_end()).push("\n");
        }
        text.append(&Text::concealing(self.rest(settled.replaces_port).as_ref()));
        text
    }

    /// What the variables are that stand for the node's name, its parts and its port in this file's own text:
    /// `-name app@${HOST}`, `inet_dist_listen_min ${ERL_PORT}`.
    pub fn named(&self, node: &NodeName, port: Option<Port>) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut add = |text: &str, value: String| {
            if let Some(name) = variable(text)
                && !found.iter().any(|(known, _)| known == name)
            {
                found.push((name.to_owned(), value));
            }
        };
        for claim in &self.claims.names {
            match claim.value.text.split_once('@') {
                Some((name, host)) => {
                    add(name, node.name.to_string());
                    add(host, node.host.to_string());
                }
                None => add(&claim.value.text, node.to_string()),
            }
        }
        for claim in &self.claims.ports {
            if let Some(port) = port {
                add(&claim.value.text, port.to_string());
            }
        }
        found
    }

    /// The variables that its name and its port name.
    pub fn variables(&self) -> Vec<String> {
        let names = self.claims.names.iter();
        let names = names.flat_map(|claim| claim.value.text.split('@'));
        let ports = self
            .claims
            .ports
            .iter()
            .map(|claim| claim.value.text.as_str());
        let all = names.chain(ports).filter_map(variable);
        all.map(ToOwned::to_owned).collect()
    }
}

/// The name in `${NAME}`, if that is all.
fn variable(text: &str) -> Option<&str> {
    text.strip_prefix("${")?
        .strip_suffix('}')
        .filter(|name| !name.is_empty() && !name.contains(['$', '{', '}', ':']))
}
