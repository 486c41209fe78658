//! A release's vm.args with our name, cookie and port in place of its own: for the scripts that read them there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::beam::words::{quote, quoted_cookie};
use crate::beam::{FlagSettings, Variable, VmArgs};
use crate::error::Failure;
use crate::exit::Exit;
use crate::node::{NodeName, Port};
use crate::plan::{Changes, NodeSettings};
use crate::system::account::Account;
use crate::system::private_file::PrivateFile;
use crate::system::program::Command;
use crate::system::secrets::Text;

impl VmArgs {
    /// Reads a release's args file as it stands.
    ///
    /// # Errors
    /// It cannot be read: [`Exit::System`].
    pub fn of_release(path: &Path) -> Result<Self, Failure> {
        Self::read(path, None).map_err(|error| {
            let path = path.display();
            Failure::new(
                Exit::System,
                format!("cannot read {path}: {error}; is it readable for this user?"),
            )
        })
    }

    /// Gives the script a copy, by VMARGS_PATH, with what is settled in it; returns the folder that it is in.
    /// `needs_folder`: the script will write there, and memory alone does not serve. `reader`: the user who will read it.
    ///
    /// # Errors
    /// There is neither a folder nor memory for it.
    pub fn copy(
        &self,
        release: &str,
        needs_folder: bool,
        settled: &NodeSettings,
        reader: Option<&Account>,
        changes: &mut Changes,
    ) -> Result<PathBuf, Failure> {
        let name = format!("{release}.vm.args");
        // Nodes of one network have names of their own, even where they share /dev/shm.
        let folder = settled.node.value.to_string();
        let file = PrivateFile::new(&[&folder, &name], 0o600, self.with(settled), reader);
        let file = match file {
            Err(_) if !needs_folder => PrivateFile::inherited(&name, self.with(settled))?,
            file => file?,
        };
        changes.set("VMARGS_PATH", Text::plain(&file.path));
        let folder = file.path.with_file_name("");
        changes.files.push(file);
        Ok(folder)
    }

    /// The file with what is settled in it. One flag a line, at its start: the scripts grep them.
    fn with(&self, settled: &NodeSettings) -> Text {
        let node = &settled.node.value;
        let mut text = Text::default();
        text.push(&format!("{} {node}\n", node.flag()));
        if let Some(flag) = settled.transport_flag() {
            text.push(flag).push("\n");
        }
        if settled.in_file {
            // With nothing behind it, it drops whatever an included file says.
            text.push("-setcookie\n");
        } else if let Some(cookie) = &settled.cookie {
            text.push("-setcookie ")
                .append(&quoted_cookie(&cookie.value))
                .push("\n");
            if !settled.takes_one_cookie() {
                // An included file may have a cookie too, and two of them are none: the cookie towards oneself wins.
                text.push(&format!(
                    "-nocookie -setcookie {} ",
                    quote(&node.to_string())
                ))
                .append(&quoted_cookie(&cookie.value))
                .push("\n");
            }
        }
        if settled.epmd.is_off() && self.claims.start_epmd.is_empty() {
            // ERL_DIST_PORT says so to the node; nodetool, which starts one itself, is told of it by this line alone.
            text.push("-start_epmd false\n");
        }
        if !settled.epmd.is_off() && settled.pin().is_some() {
            text.push(settled.node_flags().trim_end()).push("\n");
        }
        text.append(&Text::of_file(&self.rest(settled.replaces_port)));
        text
    }

    /// What the variables are that stand for the node's name, its parts and its port in this file's own text:
    /// `-name app@${HOST}`, `inet_dist_listen_min ${ERL_PORT}`.
    fn named(&self, node: &NodeName, port: Option<Port>) -> Vec<(&str, String)> {
        let mut found = Vec::new();
        for claim in &self.claims.names {
            match claim.value.text.split_once('@') {
                Some((name, host)) => {
                    found.push((name, node.name.to_string()));
                    found.push((host, node.host.to_string()));
                }
                None => found.push((&claim.value.text, node.to_string())),
            }
        }
        for claim in &self.claims.ports {
            found.extend(port.map(|port| (claim.value.text.as_str(), port.to_string())));
        }
        let named = |(text, value)| Some((variable(text)?, value));
        found.into_iter().filter_map(named).collect()
    }
}

/// A release's args file whose variables its script expands.
pub struct Template {
    /// As it stands.
    pub args: VmArgs,
    /// What it claims: of a variable that nobody sets, nothing. It stands for what we say.
    pub claims: FlagSettings,
    /// The variables that it names and nobody sets.
    unset: Vec<String>,
    /// Does the script expand them?
    expands: bool,
}

impl Template {
    /// One in which nothing is expanded.
    pub fn plain(args: VmArgs) -> Self {
        Self {
            claims: args.claims.clone(),
            args,
            unset: Vec::new(),
            expands: false,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// It cannot be read: [`Exit::System`].
    pub fn read(path: &Path, variable: Variable) -> Result<Self, Failure> {
        let args = VmArgs::of_release(path)?;
        Ok(Self {
            claims: args.said(variable),
            unset: args.unset(variable),
            args,
            expands: true,
        })
    }

    /// The file as the script would make it.
    pub fn expanded(&self, variable: Variable) -> VmArgs {
        if self.expands {
            self.args.expanded(variable)
        } else {
            self.args.clone()
        }
    }

    /// The variables that nobody sets and that stand for what is settled.
    pub fn ours(&self, settled: &NodeSettings) -> BTreeMap<String, String> {
        let named = self.args.named(&settled.node.value, settled.pin());
        let unset = |name: &str| self.unset.iter().any(|unset| unset == name);
        let ours = named.into_iter().filter(|(name, _)| unset(name));
        ours.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Those that stand for nothing that we know, the cookie left out: it is replaced.
    pub fn unknown(&self, ours: &BTreeMap<String, String>) -> Vec<&str> {
        let cookie = |name: &str| {
            let cookies = self.args.claims.cookies.iter();
            let mut cookies = cookies.filter_map(|claim| variable(claim.value.cookie.as_deref()?));
            cookies.any(|cookie| cookie == name)
        };
        let names = self.unset.iter().map(String::as_str);
        names
            .filter(|name| !ours.contains_key(*name) && !cookie(name))
            .collect()
    }
}

/// What a start script's own arguments behind the task claim: it hands them to the VM, behind those of the args file.
pub fn behind_task(command: &Command) -> FlagSettings {
    FlagSettings::of_arguments(command.arguments().skip(1))
}

/// The name in `${NAME}`, if that is all.
fn variable(text: &str) -> Option<&str> {
    text.strip_prefix("${")?
        .strip_suffix('}')
        .filter(|name| !name.is_empty() && !name.contains(['$', '{', '}', ':']))
}
