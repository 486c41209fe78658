//! What a release's env.sh makes of the variables that the start will set: its own shell says it.

use std::path::PathBuf;

use super::{COOKIE, DISTRIBUTION, NODE, REMOTE, distribution};
use crate::config::{Config, CookieVia, Setting};
use crate::error::Failure;
use crate::launchers::script::Script;
use crate::launchers::{COOKIE_PLACEHOLDER, LauncherCommand, marked_environment};
use crate::naming;
use crate::node::NamePart;
use crate::system::shell::ShellAnswer;

/// What its env.sh may decide of the node, and where the VM looks for its cookie.
const VARIABLES: [&str; 15] = [
    NODE,
    DISTRIBUTION,
    COOKIE,
    "RELEASE_NAME",
    "RELEASE_VSN",
    "RELEASE_VM_ARGS",
    REMOTE,
    "RELEASE_SYS_CONFIG",
    "HOME",
    "XDG_CONFIG_HOME",
    "ERL_AFLAGS",
    "ELIXIR_ERL_OPTIONS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "ERL_EPMD_PORT",
];

/// Those that have flags in a variable of their own.
const OTP_VERSIONS: std::ops::RangeInclusive<u8> = 22..=40;

/// The name in the environment's RELEASE_NODE, where that has no host: the host is ours to find.
fn part(config: &Config) -> Option<Setting<NamePart>> {
    let text = config.variable(NODE)?;
    let part = NamePart::parse(text).ok()?;
    Some(Setting::new(part, NODE))
}

pub fn ask(
    release: Option<&(&Script, PathBuf)>,
    found: &LauncherCommand,
    name: &Setting<String>,
) -> Result<ShellAnswer, Failure> {
    let config = &found.config;
    let mut environment = marked_environment(config);
    if config.names_node().is_some()
        && let Some(first) = naming::candidates(config, part(config).as_ref(), name)?.first()
    {
        environment.set(NODE, first.node.to_string());
        environment.set(DISTRIBUTION, distribution(&first.node));
    }
    match (&config.cookie, config.cookie_via) {
        (Some(_), CookieVia::File) => {
            environment.set(COOKIE, COOKIE_PLACEHOLDER);
            environment.remove("ERLANG_COOKIE");
        }
        (Some(cookie), CookieVia::Arg) => environment.set(COOKIE, cookie.value.reveal()),
        (None, _) => {}
    }
    let versioned = OTP_VERSIONS.map(|version| format!("ERL_OTP{version}_FLAGS"));
    let versioned: Vec<String> = versioned.collect();
    let versioned = versioned.iter().map(String::as_str);
    let variables: Vec<&str> = VARIABLES.into_iter().chain(versioned).collect();
    let answer = release.and_then(|(script, folder)| {
        let file = (folder.join("env.sh"), "env.sh");
        script.ask_shell(file, &found.command, &environment, &variables)
    });
    Ok(answer.unwrap_or_else(|| ShellAnswer::none(&environment, &variables)))
}
