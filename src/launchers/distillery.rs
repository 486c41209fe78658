//! A release made by distillery, what Elixir had before `mix release`: its script reads the name and the cookie in
//! vm.args, so it gets a copy with ours in their place, and every `${…}` in it and in sys.config its value.
//!
//! Nothing goes into ERL_AFLAGS: the script starts VMs of its own to look around, and they would take name and port.
//! <https://hexdocs.pm/distillery/config/runtime.html>

use std::path::{Path, PathBuf};

use super::args_file::Template;
use super::of_release;
use super::script::Script;
use crate::beam::FlagSettings;
use crate::config::Config;
use crate::error::Failure;
use crate::plan::{Apply, Changes, Decision, Launcher, Role};
use crate::system::files::text_of;
use crate::system::program::Command;
use crate::system::secrets::Text;

struct Distillery {
    /// Its vm.args: the script itself replaces what is left in it.
    template: Template,
}

/// Is it a distillery release's script? `bin/app` of later versions only hands over to the one of the release's version.
pub fn is(script: &Script) -> bool {
    let has_task = |text: &str| text.contains("DISTILLERY_TASK");
    let of_version = || {
        let folder = script.version_folder(None)?;
        text_of(folder.join(format!("{}.sh", script.name))).ok()
    };
    script.contains_all(&["REL_NAME"])
        && (has_task(&script.text) || of_version().is_some_and(|text| has_task(&text)))
}

/// Reads the task, and the args file that the script would take.
pub fn read(script: &Script, command: &Command, config: &Config) -> Result<Launcher, Failure> {
    let task = command.arguments().next().unwrap_or_default();
    let role = match task {
        "foreground" | "console" | "console_clean" | "console_boot" | "start" | "start_boot" => {
            Role::Node
        }
        "rpc" | "rpcterms" | "eval" | "remote_console" | "attach" | "ping" | "pingpeer" | "pid"
        | "stop" | "restart" | "reboot" | "reload_config" | "upgrade" | "downgrade" | "install"
        | "info" => Role::Client,
        _ => Role::Neither,
    };
    let launcher = of_release("distillery release", role, &script.name);
    if role == Role::Neither {
        return Ok(launcher);
    }
    let file = |variable, name| {
        let folder = config.variable("RELEASE_CONFIG_DIR").map(Path::new);
        let version = config.variable("REL_VSN");
        let of_release = || script.release_file(folder.unwrap_or(&script.root), version, name);
        let given = config.variable(variable).map(PathBuf::from);
        given.or_else(of_release)
    };
    let variable = |name: &str| config.variable(name).map(ToOwned::to_owned);
    let source = file("VMARGS_PATH", "vm.args").map(|path| (path, true));
    let template = Template::read(source, &variable)?;
    let sys_config = file("SYS_CONFIG_PATH", "sys.config");
    let of_config = sys_config.map(|path| FlagSettings::of_config_file(&path));
    let of_config = of_config.unwrap_or_default();
    Ok(Launcher {
        own_settings: template.own_settings(role, (script, command), of_config),
        daemon: task.starts_with("start").then_some("foreground or console"),
        // Distillery was made for OTP 18 to 23.
        takes_any_otp: true,
        apply: Box::new(Distillery { template }),
        ..launcher
    })
}

impl Apply for Distillery {
    fn apply(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure> {
        let settings = decision.settings;
        if let Some(place) = &settings.other_cookie {
            return Err(Failure::config(format!(
                "{place} gives the VM a cookie as well, and before OTP 24.1 it takes neither of two; remove that one"
            )));
        }
        if settings.in_file {
            return Err(Failure::config(
                "BEAMINIT_COOKIE_VIA is \"file\", and a distillery release's script reads the cookie in vm.args and gives it to VMs of its own as an argument; set it to arg",
            ));
        }
        if settings.epmd.is_off() {
            return Err(Failure::config(
                "BEAMINIT_EPMD is \"off\", and a distillery release's own clients ask epmd for the node; use auto",
            ));
        }
        let args = &self.template.args;
        if args.text.contains("${") {
            changes.set("REPLACE_OS_VARS", Text::plain("true"));
        }
        // sys.config may name the same ones; those of the cookie would stay in the VM's environment.
        for (name, value) in self.template.values(settings) {
            changes.set(&name, Text::plain(value));
        }
        args.copy(false, decision, changes)?;
        // A client of the script's would split the cookie in the file at its blanks.
        if let (Role::Client, Some(cookie)) = (decision.sources.launcher.role, &settings.cookie) {
            changes.set("COOKIE", Text::from(&cookie.value));
        }
        decision.remove_flags(changes);
        Ok(())
    }
}
