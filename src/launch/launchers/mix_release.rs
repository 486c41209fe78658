//! A release made by `mix release`: RELEASE_NODE, RELEASE_DISTRIBUTION and RELEASE_COOKIE, unless its env.sh has the
//! last word. <https://hexdocs.pm/mix/Mix.Tasks.Release.html>

use std::path::{Path, PathBuf};

use super::script::Script;
use super::sourced::{self, Sourced, assigned, literal, unsets};
use super::{Cook, Demands, Fixed, IN_A_FILE, Launcher, Otp, Role, erl, warn_of_daemon};
use crate::launch::config::{Config, EpmdMode, Said};
use crate::launch::failure::Failure;
use crate::launch::flags::words::Syntax;
use crate::launch::flags::{
    Claim, Claims, FlagVariables, Place, PortFlag, PortFlags, PortKind, VmArgs,
};
use crate::launch::node::Cookie;
use crate::launch::plan::{Command, Recipe, Settled, Text};

/// What env.sh may assign, after us: of the release itself, where its cookie's file is looked for, and flags of the VM.
const ASSIGNED: [&str; 5] = [
    "RELEASE_NODE",
    "RELEASE_DISTRIBUTION",
    "RELEASE_COOKIE",
    "HOME",
    "XDG_CONFIG_HOME",
];
const FLAGS: [&str; 4] = [
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "ELIXIR_ERL_OPTIONS",
];

struct MixRelease {
    daemon: bool,
    /// Where its env.sh reads another file.
    reads_on: Option<Place>,
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
    let (demands, reads_on) = if role == Role::Neither {
        (Demands::default(), None)
    } else {
        let folder = folder(script, config)?;
        let env_sh = Sourced::read(folder.join("env.sh"));
        let demands = demands(script, &folder, &env_sh, role, config);
        (demands, env_sh.reads_on())
    };
    Ok(Launcher {
        label: "mix release",
        role,
        default_name: script.name.clone(),
        demands,
        root: Some(script.root.clone()),
        account: None,
        cook: Box::new(MixRelease {
            daemon: task.starts_with("daemon"),
            reads_on,
        }),
    })
}

/// That of the version which is started.
fn folder(script: &Script, config: &Config) -> Result<PathBuf, Failure> {
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
    Ok(script.root.join("releases").join(version))
}

fn demands(
    script: &Script,
    folder: &Path,
    env_sh: &Sourced,
    role: Role,
    config: &Config,
) -> Demands {
    let off = config.epmd == EpmdMode::Off;
    let args_file = |variable: &str, name: &str| {
        let path = config
            .variable(variable)
            .map_or_else(|| folder.join(name), Into::into);
        VmArgs::read(&path, None).map_or_else(|_| Claims::default(), |args| args.claims)
    };
    let sys_config = || {
        let given = config
            .variable("RELEASE_SYS_CONFIG")
            .map(|path| format!("{path}.config").into());
        Claims::of_config_file(&given.unwrap_or_else(|| folder.join("sys.config")))
    };
    let of_node = || {
        let mut claims = args_file("RELEASE_VM_ARGS", "vm.args");
        claims.extend(sys_config());
        claims
    };
    // A client is started with another args file, and without the pin; without epmd it must know the node's.
    let (mut files, node_ports) = match role {
        Role::Node => (of_node(), Vec::new()),
        _ => (
            args_file("RELEASE_REMOTE_VM_ARGS", "remote.vm.args").without_identity(),
            if off { of_node().ports } else { Vec::new() },
        ),
    };
    files.extend(env_sh_flags(env_sh));
    let fixed = assignments(&env_sh.text, &env_sh.path, off);
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
    Demands {
        node: literal.or_else(variable),
        cookie: own_cookie(&script.root.join("releases/COOKIE")),
        files,
        node_ports,
        fixed,
        elixir: true,
        otp: off.then(|| Otp::of_root(&script.root)).flatten(),
        ..Demands::default()
    }
}

/// What the flags in env.sh say of the cookie and of how nodes speak: it is beside what the Plan says.
fn env_sh_flags(env_sh: &Sourced) -> Claims {
    let mut found = Claims::default();
    for line in sourced::lines(&env_sh.text) {
        for value in FLAGS.iter().filter_map(|name| assigned(line.text, name)) {
            let place = |_| Place::File(env_sh.path.clone(), line.number);
            // What a variable holds is no value that could be read here.
            let flags = value.replace(['"', '\''], " ").replace('$', " -");
            let claims = Claims::of_text(&flags, Syntax::Blanks, &place);
            found.cookies.extend(claims.cookies);
            found.nocookie.extend(claims.nocookie);
            // Several are branches of a condition, of which one is taken.
            found.proto_dist.extend(claims.proto_dist);
            found.proto_dist.truncate(1);
        }
    }
    found
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

/// The lines of env.sh that assign a variable whatever its value was: `NAME=…` and `export NAME=…`, but neither
/// `NAME=${NAME:-…}` nor one inside an `if` or `case` that looks at NAME first. `off`: a port without epmd may not be in
/// any of them, for two of those are none.
fn assignments(text: &str, path: &Path, off: bool) -> Vec<Fixed> {
    let mut found = Vec::new();
    for line in sourced::lines(text) {
        let kept = |variable: &str| line.keeps(variable);
        let (number, line) = (line.number, line.text);
        let place = || Place::File(path.into(), number);
        for variable in ASSIGNED {
            let value = assigned(line, variable).filter(|_| !kept(variable));
            if value.is_none() && !unsets(line, variable) {
                continue;
            }
            found.push(Fixed {
                place: place(),
                variable,
                value: value.and_then(literal),
            });
        }
        if unsets(line, "ERL_AFLAGS") {
            found.push(Fixed {
                place: place(),
                variable: "ERL_AFLAGS",
                value: None,
            });
        }
        for variable in FLAGS {
            let Some(value) = assigned(line, variable) else {
                continue;
            };
            let claims = Claims::of_text(&value.replace(['"', '\''], " "), Syntax::Blanks, &|_| {
                place()
            });
            let short = claims.names.iter().any(|claim| !claim.value.long);
            let first = variable == "ERL_AFLAGS" && !claims.spans(PortFlags::Pins).is_empty();
            let replaced = variable == "ERL_AFLAGS" && !kept(variable);
            let epmdless = |claim: &Claim<PortFlag>| claim.value.kind == PortKind::Epmdless;
            let second = off && claims.ports.iter().any(epmdless);
            let restarts = off && claims.start_epmd.iter().any(|claim| claim.value != "false");
            if short || first || replaced || second || restarts {
                found.push(Fixed {
                    place: place(),
                    variable,
                    value: None,
                });
            }
        }
    }
    found
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
        if self.daemon {
            warn_of_daemon(recipe, "start or start_iex");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_env_sh_has_the_last_word_on() {
        for (line, expected) in [
            ("export RELEASE_NODE=app@host.x", Some(Some("app@host.x"))),
            ("RELEASE_NODE='app@h'", Some(Some("app@h"))),
            ("  export RELEASE_NODE=\"app@$POD_IP\"", Some(None)),
            ("export RELEASE_NODE=`hostname`", Some(None)),
            ("true && export RELEASE_NODE=a@b # why", Some(Some("a@b"))),
            ("export RELEASE_NODE=\"${RELEASE_NODE:-x@y}\"", None),
            ("# export RELEASE_NODE=app@host", None),
            ("export RELEASE_NODES=a@b", None),
            ("export MY_RELEASE_NODE=a@b", None),
            (
                "case $RELEASE_COMMAND in start*) RELEASE_NODE=a@b;; esac",
                Some(Some("a@b")),
            ),
            ("export A=1 RELEASE_NODE='a@b' C=2", Some(Some("a@b"))),
            ("if true; then RELEASE_NODE=a@b; fi", Some(Some("a@b"))),
            ("echo RELEASE_NODE", None),
            ("unset RELEASE_NODE", Some(None)),
            ("true; unset -v X RELEASE_NODE; echo", Some(None)),
            ("unset MY_RELEASE_NODE; echo RELEASE_NODE", None),
            ("unset ERL_FLAGS ERL_AFLAGS", Some(None)),
            ("[ -n \"$RELEASE_NODE\" ] || RELEASE_NODE=a@b", None),
            (
                "if [ -z \"$RELEASE_NODE\" ]; then\n export RELEASE_NODE=a@b\nfi",
                None,
            ),
            (
                "if [ -z \"$X\" ]; then\n export RELEASE_NODE=a@b\nfi",
                Some(Some("a@b")),
            ),
            (
                "case $RELEASE_COMMAND in\n daemon*) x=1;;\nesac\nRELEASE_NODE=a@b",
                Some(Some("a@b")),
            ),
        ] {
            let found = assignments(line, Path::new("env.sh"), false);
            let got = found.first().map(|fixed| fixed.value.as_deref());
            assert_eq!(got, expected, "{line}");
        }
        let found = assignments(
            "\nexport RELEASE_DISTRIBUTION=none\nexport RELEASE_COOKIE=abc",
            Path::new("e"),
            false,
        );
        let shown: Vec<_> = found
            .iter()
            .map(|fixed| format!("{} {}", fixed.place, fixed.variable))
            .collect();
        assert_eq!(shown, ["e:2 RELEASE_DISTRIBUTION", "e:3 RELEASE_COOKIE"]);
        for flags in ["-erl_epmd_port 5", "-start_epmd true"] {
            let line = format!("export ERL_ZFLAGS=\"{flags} $ERL_ZFLAGS\"");
            let count = |off| assignments(&line, Path::new("e"), off).len();
            assert_eq!((count(false), count(true)), (0, 1), "{line}");
        }
    }
}
