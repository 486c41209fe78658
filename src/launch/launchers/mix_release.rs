//! A release made by `mix release`: RELEASE_NODE, RELEASE_DISTRIBUTION and RELEASE_COOKIE, unless its env.sh has the
//! last word. <https://hexdocs.pm/mix/Mix.Tasks.Release.html>

use std::path::{Path, PathBuf};

use super::env_sh::{EnvSh, VmArgsFile};
use super::script::Script;
use super::{Cook, Demands, IN_A_FILE, Launcher, Otp, Role, erl, warn_of_daemon};
use crate::launch::config::{Config, EpmdMode, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::{Claims, FlagVariables, Place, VmArgs};
use crate::launch::node::{Cookie, identity};
use crate::launch::plan::{Command, Recipe, Settled, Text};

struct MixRelease {
    daemon: bool,
    /// Where its env.sh reads another file.
    reads_on: Option<Place>,
    /// The variable that asks for a node in spite of RELEASE_DISTRIBUTION=none.
    asked_by: Option<String>,
}

/// Is it a mix release's script?
pub fn is(script: &Script) -> bool {
    script.says(&["RELEASE_ROOT", "RELEASE_VSN", "env.sh"])
}

/// Reads the task, and the release around the script.
///
/// # Errors
/// The release has no version.
pub fn read(script: &Script, command: &Command, config: &Config) -> Result<Launcher, Failure> {
    let task = command.arguments().next().unwrap_or_default();
    let mut role = match task {
        "start" | "start_iex" | "daemon" | "daemon_iex" => Role::Node,
        "rpc" | "remote" | "stop" | "restart" | "pid" => Role::Client,
        _ => Role::Neither,
    };
    let mut cook = MixRelease {
        daemon: task.starts_with("daemon"),
        reads_on: None,
        asked_by: None,
    };
    let mut label = "mix release";
    let mut demands = Demands::default();
    if role != Role::Neither {
        let release = Release::of(script, config)?;
        let env_sh = release.env_sh(config);
        cook.reads_on.clone_from(&env_sh.reads_on);
        let without = env_sh.distribution.as_deref().map_or_else(
            || config.variable("RELEASE_DISTRIBUTION") == Some("none"),
            |assigned| assigned == "none",
        );
        demands = release.demands(env_sh, role, config);
        if without && !names(&demands, config)? {
            cook.asked_by = identity::asked_by(config).map(ToOwned::to_owned);
            if cook.asked_by.is_none() {
                label = "mix release, without a node: RELEASE_DISTRIBUTION is none";
                role = Role::Neither;
                demands = Demands::default();
            }
        }
    }
    Ok(Launcher {
        label,
        role,
        default_name: script.name.clone(),
        demands,
        root: Some(script.root.clone()),
        account: None,
        cook: Box::new(cook),
    })
}

/// Do flags name the node, whatever RELEASE_DISTRIBUTION says?
fn names(demands: &Demands, config: &Config) -> Result<bool, Failure> {
    let variables = FlagVariables::read(config)?.claims();
    let names = [&variables, &demands.files, &demands.of_node];
    Ok(names.iter().any(|claims| !claims.names.is_empty()))
}

/// A release's files.
struct Release<'a> {
    script: &'a Script,
    version: String,
    /// That of the version which is started.
    folder: PathBuf,
}

impl<'a> Release<'a> {
    fn of(script: &'a Script, config: &Config) -> Result<Self, Failure> {
        let Some(version) = config
            .variable("RELEASE_VSN")
            .map(ToOwned::to_owned)
            .or_else(|| script.current_version())
        else {
            return Err(Failure::config(format!(
                "{} names no version of this release; is the image whole?",
                script.root.join("releases/start_erl.data").display()
            )));
        };
        Ok(Self {
            script,
            folder: script.root.join("releases").join(&version),
            version,
        })
    }

    fn env_sh(&self, config: &Config) -> EnvSh {
        let variable = |name: &str| match name {
            "RELEASE_ROOT" => Some(self.script.root.display().to_string()),
            "RELEASE_VSN" => Some(self.version.clone()),
            "REL_VSN_DIR" => Some(self.folder.display().to_string()),
            "RELEASE_NAME" => {
                let name = config.release_name.clone();
                name.or_else(|| Some(self.script.name.clone()))
            }
            _ => None,
        };
        let off = config.epmd == EpmdMode::Off;
        EnvSh::read(self.folder.join("env.sh"), off, &variable)
    }

    fn demands(&self, env_sh: EnvSh, role: Role, config: &Config) -> Demands {
        let off = config.epmd == EpmdMode::Off;
        let args_file = |variable: &str, name: &str| {
            let path = config
                .variable(variable)
                .map_or_else(|| self.folder.join(name), Into::into);
            claims_of(&path)
        };
        let sys_config = || {
            let given = config
                .variable("RELEASE_SYS_CONFIG")
                .map(|path| format!("{path}.config").into());
            Claims::of_config_file(&given.unwrap_or_else(|| self.folder.join("sys.config")))
        };
        let mut fixed = env_sh.fixed;
        let vm_args = match env_sh.vm_args {
            None => args_file("RELEASE_VM_ARGS", "vm.args"),
            Some(VmArgsFile::At(path)) => claims_of(&path),
            Some(VmArgsFile::Unknown(line)) => {
                fixed.extend((role == Role::Node).then_some(line));
                Claims::default()
            }
        };
        // Every VM has the flags of env.sh. A client is started with another args file, and without the pin; without epmd
        // it must know the node's.
        let mut files = env_sh.flags;
        let mut of_node = Claims::default();
        if role == Role::Node {
            files.extend(vm_args);
            files.extend(sys_config());
        } else {
            of_node.ports.clone_from(&files.ports);
            of_node.extend(vm_args);
            of_node.extend(sys_config());
            let remote = args_file("RELEASE_REMOTE_VM_ARGS", "remote.vm.args");
            files.extend(remote.without_identity());
        }
        let literal = fixed
            .iter()
            .find(|fixed| fixed.variable == "RELEASE_NODE")
            .and_then(|fixed| {
                fixed.value.clone().map(|value| Said {
                    value,
                    by: fixed.place.to_string(),
                })
            });
        let variable = || {
            config.release_node.clone().map(|value| Said {
                value,
                by: "RELEASE_NODE".into(),
            })
        };
        let root = &self.script.root;
        let (cookie, no_cookie) = own_cookie(&root.join("releases/COOKIE"));
        Demands {
            node: literal.or_else(variable),
            cookie,
            no_cookie,
            files,
            of_node,
            fixed,
            elixir: true,
            otp: off.then(|| Otp::of_root(root)).flatten(),
            ..Demands::default()
        }
    }
}

/// What an args file says; one that is not there is the VM's to complain of.
fn claims_of(path: &Path) -> Claims {
    VmArgs::read(path, None).map_or_else(|_| Claims::default(), |args| args.claims)
}

/// The cookie in its file, or why that is none.
fn own_cookie(path: &Path) -> (Option<Said<Cookie>>, Option<String>) {
    let Ok(text) = std::fs::read_to_string(path) else {
        return (None, None);
    };
    let by = path.display().to_string();
    // The script takes it through `$(cat …)`, which strips line breaks at the end.
    match Cookie::parse(text.trim_end_matches('\n')) {
        Ok(value) => (Some(Said { value, by }), None),
        Err(reason) => (None, Some(format!("that of {by} cannot be one: {reason}"))),
    }
}

impl Cook for MixRelease {
    fn cook(
        &self,
        launcher: &Launcher,
        settled: &Settled,
        flags: &FlagVariables,
        recipe: &mut Recipe,
    ) -> Result<(), Failure> {
        let node = &settled.node.value;
        recipe.set("RELEASE_NODE", Text::plain(node.to_string()));
        recipe.set(
            "RELEASE_DISTRIBUTION",
            Text::plain(if node.is_long() { "name" } else { "sname" }),
        );
        if let Some(cookie) = &settled.cookie {
            // The script hands one on, the release's own if none is set; the flag with nothing behind it drops it.
            let given = if settled.in_file {
                Text::plain(IN_A_FILE)
            } else {
                Text::cookie(&cookie.value)
            };
            recipe.set("RELEASE_COOKIE", given);
        }
        // The script itself gives the name and the cookie; a second name only where its vm.args has another.
        let mut demands = launcher.demands.clone();
        if demands.files.names.is_empty() {
            demands.command_line.names = vec![settled.name_claim()];
        }
        demands.command_line.cookies.extend(settled.cookie_claim());
        if launcher.role == Role::Node {
            erl::node_flags(&demands, settled, flags, recipe);
        } else {
            let mut ours = Text::default();
            if !launcher.demands.files.names.is_empty() {
                // A name among the flags of its env.sh would come before the script's, and be the same for all clients.
                let number = fastrand::u32(..);
                ours.push(&format!("{} rem-{number:08x}-{node} ", node.flag()));
            }
            if let Some(flag) = settled.transport_flag() {
                ours.push(flag).push(" ");
            }
            ours.push(&settled.client_flags(false));
            ours.append(&erl::cookie_flags(&demands, settled, &node.to_string()));
            erl::put_first(ours, settled, flags, recipe);
        }
        if let Some(place) = &self.reads_on {
            recipe.warn(format!(
                "{place} reads another file, which beaminit does not: a RELEASE_NODE, RELEASE_COOKIE or ERL_AFLAGS that is assigned there beats {node}; keep them out of it"
            ));
        }
        if let Some(by) = self
            .asked_by
            .as_ref()
            .filter(|_| launcher.role == Role::Node)
        {
            recipe.warn(format!(
                "RELEASE_DISTRIBUTION is \"none\", and {by} asks for a node, which beats it; unset one of them"
            ));
        }
        if self.daemon {
            warn_of_daemon(recipe, "start or start_iex");
        }
        Ok(())
    }
}
