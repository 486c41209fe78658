//! A release's vm.args with our name, cookie and port in place of its own: for the scripts that read them there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::script::Script;
use crate::beam::words::{quote, quoted_cookie};
use crate::beam::{Flag, FlagSettings, Otp, Variable, VmArgs, unset};
use crate::error::Failure;
use crate::exit::Exit;
use crate::plan::{Changes, Decision, NodeSettings, OwnSettings, Role};
use crate::system::private_file::PrivateFile;
use crate::system::program::Command;
use crate::system::secrets::Text;

impl VmArgs {
    /// Reads a release's args file as it stands.
    pub fn of_release(path: &Path) -> Result<Self, Failure> {
        Self::read(path).map_err(|error| {
            let path = path.display();
            let line = format!("cannot read {path}: {error}; is it readable for this user?");
            Failure::new(Exit::System, line)
        })
    }

    /// Gives the script a copy with our settings, by VMARGS_PATH; returns the folder that it is in. `needs_folder`: the script
    /// will write there, and memory alone does not serve.
    pub fn copy(
        &self,
        needs_folder: bool,
        decision: &Decision,
        changes: &mut Changes,
    ) -> Result<PathBuf, Failure> {
        let (settings, launcher) = (decision.settings, decision.sources.launcher);
        let name = format!("{}.vm.args", launcher.default_name.value);
        let content = self.with(settings);
        // Nodes of one network have names of their own, even where they share /dev/shm.
        let folder = settings.node.value.to_string();
        let plan = if needs_folder {
            PrivateFile::new
        } else {
            PrivateFile::new_or_in_memory
        };
        let file = plan(&folder, &name, 0o600, content, launcher.reader())?;
        changes.set("VMARGS_PATH", Text::plain(&file.path));
        let folder = file.path.with_file_name("");
        changes.add_file(file);
        Ok(folder)
    }

    /// The file with our settings. One flag a line, at its start: the scripts grep them.
    fn with(&self, settings: &NodeSettings) -> Text {
        let node = &settings.node.value;
        let mut text = Text::plain(format!("{} {node}\n", node.flag()));
        if let Some(flags) = settings.transport.flags() {
            // In one line: the script hands that to its clients.
            text.push(flags).push("\n");
        }
        if settings.in_file {
            // With nothing behind it, it drops whatever an included file says.
            text.push("-setcookie\n");
        } else if let Some(cookie) = &settings.cookie {
            let cookie = quoted_cookie(&cookie.value);
            text.push("-setcookie ").append(&cookie).push("\n");
            if !settings.takes_one_cookie {
                // An included file may have a cookie too, and two of them are none: the cookie towards oneself wins.
                let name = quote(&node.to_string());
                text.push(&format!("-nocookie -setcookie {name} "));
                text.append(&cookie).push("\n");
            }
        }
        if settings.epmd.is_off() && !self.flags.has(&[Flag::StartEpmd]) {
            // ERL_DIST_PORT says so to the node; nodetool, which starts one itself, reads it only in this line.
            text.push("-start_epmd false\n");
        }
        let flags = if !settings.epmd.is_off() && settings.pin().is_some() {
            settings.node_flags()
        } else {
            settings.bind_flag()
        };
        if !flags.is_empty() {
            text.push(flags.trim_end()).push("\n");
        }
        text.append(&Text::of_file(&self.rest(settings.replaces_port)));
        text
    }
}

/// A release's args file, in which its script may expand variables.
pub struct Template {
    /// As it stands.
    pub args: VmArgs,
    /// Its flags, without those that a variable would give which nobody sets: it stands for our settings.
    pub flags: FlagSettings,
    /// The variables that it names and nobody sets.
    unset: Vec<String>,
    is_expanded: bool,
}

impl Template {
    /// Reads the file, if there is one; the flag says whether the script expands it.
    pub fn read(source: Option<(PathBuf, bool)>, variable: Variable) -> Result<Self, Failure> {
        let (args, is_expanded) = match source {
            Some((path, is_expanded)) => (VmArgs::of_release(&path)?, is_expanded),
            None => (VmArgs::empty(), false),
        };
        let (flags, unset) = if is_expanded {
            (args.expanded_flags(variable), unset(&args.text, variable))
        } else {
            (args.flags.clone(), Vec::new())
        };
        Ok(Self {
            args,
            flags,
            unset,
            is_expanded,
        })
    }

    /// What the release says, with the flags of its sys.config. The script hands its own arguments behind the task to the
    /// VM, behind those of the args file.
    pub fn own_settings(
        &self,
        role: Role,
        (script, command): (&Script, &Command),
        of_config: FlagSettings,
    ) -> OwnSettings {
        let mut files = self.flags.clone();
        files.extend(of_config);
        let arguments = command.arguments().skip(1);
        OwnSettings {
            command_line: FlagSettings::of_arguments(arguments.filter(|_| role == Role::Node)),
            files,
            rewritten: true,
            otp: Otp::of_root(&script.root),
            ..OwnSettings::default()
        }
    }

    /// The file as the script would make it.
    pub fn expanded(&self, variable: Variable) -> VmArgs {
        if self.is_expanded {
            self.args.expanded(variable)
        } else {
            self.args.clone()
        }
    }

    /// The variables that nobody sets and that stand for the node's name, its parts and its port, with their values:
    /// `-name app@${HOST}`, `inet_dist_listen_min ${ERL_PORT}`.
    pub fn values(&self, settings: &NodeSettings) -> BTreeMap<String, String> {
        let node = &settings.node.value;
        let mut found = Vec::new();
        for flag in self.args.flags.names() {
            match flag.text.split_once('@') {
                Some((name, host)) => {
                    found.push((name, node.name.to_string()));
                    found.push((host, node.host.to_string()));
                }
                None => found.push((&flag.text, node.to_string())),
            }
        }
        if let Some(pin) = settings.pin() {
            let ports = self.args.flags.ports();
            found.extend(ports.map(|flag| (flag.text.as_str(), pin.to_string())));
        }
        let unset = |(text, value): (&str, String)| {
            let name = self
                .unset
                .iter()
                .find(|name| variable(text) == Some(name))?;
            Some((name.clone(), value))
        };
        found.into_iter().filter_map(unset).collect()
    }

    /// The variables that nobody sets, without that of the cookie, which is replaced.
    pub fn unset(&self) -> impl Iterator<Item = &String> {
        let cookies = self.args.flags.cookies();
        let cookies = cookies.filter_map(|flag| variable(&flag.text));
        let cookies: Vec<&str> = cookies.collect();
        let names = self.unset.iter();
        names.filter(move |name| !cookies.contains(&name.as_str()))
    }
}

/// The name in `${NAME}`, if that is all.
fn variable(text: &str) -> Option<&str> {
    text.strip_prefix("${")?
        .strip_suffix('}')
        .filter(|name| !name.is_empty() && !name.contains(['$', '{', '}', ':']))
}
