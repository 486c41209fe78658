//! A release made by `mix release`: RELEASE_NODE, RELEASE_DISTRIBUTION and RELEASE_COOKIE, unless its env.sh has the
//! last word. <https://hexdocs.pm/mix/Mix.Tasks.Release.html>

use std::path::{Path, PathBuf};

use super::env_sh::{EnvSh, VmArgsFile};
use super::script::Script;
use super::{Cook, Demands, IN_A_FILE, Launcher, Otp, Role, erl, warn_of_daemon};
use crate::launch::config::{Config, EpmdMode, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::{Claims, FlagVariables, Place, VmArgs};
use crate::launch::node::Cookie;
use crate::launch::plan::{Command, Recipe, Settled, Text};

struct MixRelease {
    daemon: bool,
    /// Where its env.sh reads another file.
    reads_on: Option<Place>,
    /// Does its env.sh pin every VM, the node's clients too?
    pins_clients: bool,
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
    let role = match task {
        "start" | "start_iex" | "daemon" | "daemon_iex" => Role::Node,
        "rpc" | "remote" | "stop" | "restart" | "pid" => Role::Client,
        _ => Role::Neither,
    };
    let mut cook = MixRelease {
        daemon: task.starts_with("daemon"),
        reads_on: None,
        pins_clients: false,
    };
    let demands = if role == Role::Neither {
        Demands::default()
    } else {
        let release = Release::of(script, config)?;
        let env_sh = release.env_sh(config);
        cook.pins_clients = !env_sh.flags.ports.is_empty();
        cook.reads_on.clone_from(&env_sh.reads_on);
        release.demands(env_sh, role, config)
    };
    Ok(Launcher {
        label: "mix release",
        role,
        default_name: script.name.clone(),
        demands,
        root: Some(script.root.clone()),
        account: None,
        cook: Box::new(cook),
    })
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
        let mut node_ports = Vec::new();
        if role == Role::Node {
            files.extend(vm_args);
            files.extend(sys_config());
        } else if off {
            node_ports.clone_from(&files.ports);
            node_ports.extend(vm_args.ports);
            node_ports.extend(sys_config().ports);
            files.extend(args_file("RELEASE_REMOTE_VM_ARGS", "remote.vm.args").without_identity());
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
        Demands {
            node: literal.or_else(variable),
            cookie: own_cookie(&root.join("releases/COOKIE")),
            files,
            node_ports,
            fixed,
            otp: off.then(|| Otp::of_root(root)).flatten(),
            ..Demands::default()
        }
    }
}

/// What an args file says; one that is not there is the VM's to complain of.
fn claims_of(path: &Path) -> Claims {
    VmArgs::read(path, None).map_or_else(|_| Claims::default(), |args| args.claims)
}

fn own_cookie(path: &Path) -> Option<Said<Cookie>> {
    let text = std::fs::read_to_string(path).ok()?;
    // The script takes it through `$(cat …)`, which strips line breaks at the end.
    let value = Cookie::parse(text.trim_end_matches('\n')).ok()?;
    Some(Said {
        value,
        by: path.display().to_string(),
    })
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
        if launcher.role == Role::Node {
            // The script itself gives the name; a second one only where its vm.args has another.
            let mut demands = launcher.demands.clone();
            if demands.files.names.is_empty() {
                demands.command_line.names = vec![settled.name_claim()];
            }
            erl::node_flags(&demands, settled, flags, recipe);
        } else {
            let mut ours = Text::default();
            if !launcher.demands.files.names.is_empty() {
                // A name among the flags of its env.sh would come before the script's, and be the same for all clients.
                ours.push(&erl::name_of_client(node));
            }
            ours.push(&settled.client_port_flags());
            if self.pins_clients && !settled.epmd.is_off() {
                // One that is pinned finds the node's port taken.
                ours.push("-dist_listen false ");
            }
            ours.append(&erl::cookie_flags(
                &launcher.demands,
                settled,
                &node.to_string(),
            ));
            erl::put_first(ours, settled, flags, recipe);
        }
        if let Some(place) = &self.reads_on {
            recipe.warn(format!(
                "{place} reads another file, which beaminit does not: a RELEASE_NODE, RELEASE_COOKIE or ERL_AFLAGS that is assigned there beats {node}; keep them out of it"
            ));
        }
        if self.daemon {
            warn_of_daemon(recipe, "start or start_iex");
        }
        Ok(())
    }
}
