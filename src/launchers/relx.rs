//! A release made by relx (rebar3): its start script reads the name and the cookie in vm.args, so it gets a copy with
//! ours in their place. <https://rebar3.org/docs/deployment/releases/>

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::args_file::{self, Template};
use super::script::Script;
use crate::beam::Otp;
use crate::beam::words::{quote, quoted_cookie};
use crate::beam::{FlagSettings, FlagVariables, VmArgs, expand, unset};
use crate::config::Config;
use crate::error::Failure;
use crate::launchers::{IN_A_FILE, daemon_warning, dist_port, dist_port_claim, erl};
use crate::node::Cookie;
use crate::plan::{Apply, Launcher, OwnSettings, Role};
use crate::plan::{Changes, NodeSettings};
use crate::system::Environment;
use crate::system::Place;
use crate::system::files::text_of;
use crate::system::program::Command;
use crate::system::secrets::Text;

/// What the script hands to an escript of its own, the cookie among its arguments.
const EVOLVE: [&str; 6] = [
    "upgrade",
    "downgrade",
    "install",
    "uninstall",
    "unpack",
    "versions",
];

struct Relx {
    daemon: bool,
    /// Does it change the release that runs, or list its versions?
    evolves: bool,
    args: Template,
    sys_config: SysConfig,
    /// What the script expands both with.
    environment: Environment,
    /// Does its script make the node and its clients do without epmd where ERL_DIST_PORT is set?
    knows_dist_port: bool,
    /// What keeps its nodetool from listening, where it does not itself: two of them are none to OTP 23.
    keeps_from_listening: &'static str,
}

/// Is it a relx release's script?
pub fn is(script: &Script) -> bool {
    script.says(&["RELX_", "VMARGS_PATH"])
}

/// Reads the task, and the args file that the script would take.
///
/// # Errors
/// The file cannot be read.
pub fn read(script: &Script, command: &Command, config: &Config) -> Result<Launcher, Failure> {
    let task = command.arguments().next().unwrap_or_default();
    let role = match task {
        "foreground" | "console" | "console_clean" | "console_boot" | "daemon" | "daemon_boot"
        | "start" => Role::Node,
        "rpc" | "eval" | "stop" | "restart" | "reboot" | "pid" | "ping" | "remote_console"
        | "remote" | "remsh" | "attach" | "daemon_attach" | "status" => Role::Client,
        task if EVOLVE.contains(&task) => Role::Client,
        _ => Role::Neither,
    };
    let daemon = matches!(task, "daemon" | "daemon_boot" | "start");
    let evolves = EVOLVE.contains(&task);
    let name = script.assigned("REL_NAME").unwrap_or(&script.name);
    let variable = |name: &str| config.variable(name).map(ToOwned::to_owned);
    let source = |variable, name| match role {
        Role::Neither => Ok(None),
        _ => source(script, config, variable, name),
    };
    let args = match source("VMARGS_PATH", "vm.args")? {
        None => Template::plain(VmArgs::empty()),
        Some(source) if source.expand => Template::read(&source.path, &variable)?,
        Some(source) => Template::plain(VmArgs::of_release(&source.path)?),
    };
    let sys_config = source("RELX_CONFIG_PATH", "sys.config")?;
    let sys_config =
        sys_config.map_or_else(SysConfig::default, |source| SysConfig::read(source, config));
    let mut own_settings = OwnSettings {
        rewritten: true,
        files: args.claims.clone(),
        otp: Otp::of_root(&script.root),
        ..OwnSettings::default()
    };
    own_settings.files.extend(sys_config.claims.clone());
    own_settings.dist_port = config
        .variable("ERL_DIST_PORT")
        .map(|text| dist_port_claim(text, Place::Variable("ERL_DIST_PORT".into())));
    if role == Role::Node {
        own_settings.command_line = args_file::behind_task(command);
    }
    // Its nodetool gets the cookie as the script has it, and splits it.
    let nodetool = role == Role::Client && config.variable("USE_NODETOOL").is_some();
    own_settings.takes_cookie_file =
        nodetool && !evolves && own_settings.otp.as_ref().is_some_and(Otp::takes_one_cookie);
    Ok(Launcher {
        label: "relx release",
        role,
        default_name: name.to_owned(),
        own_settings,
        root: Some(script.root.clone()),
        account: None,
        could_be_node: false,
        warnings: daemon_warning(daemon, "foreground or console"),
        apply: Box::new(Relx {
            daemon,
            evolves,
            args,
            sys_config,
            environment: config.environment.clone(),
            knows_dist_port: script.says(&["ERL_DIST_PORT", "-start_epmd false"]),
            keeps_from_listening: if script.says(&["-setcookie ${COOKIE} -dist_listen false"]) {
                ""
            } else {
                "-dist_listen false "
            },
        }),
    })
}

/// A file that the script would take, and whether it would expand variables in it.
struct Source {
    path: PathBuf,
    expand: bool,
}

/// That of the variable, the root's, or the version's own.
///
/// # Errors
/// The variable leads nowhere.
fn source(
    script: &Script,
    config: &Config,
    variable: &str,
    name: &str,
) -> Result<Option<Source>, Failure> {
    let given = config.variable(variable).map(PathBuf::from);
    let at_root = || Some(script.root.join(name)).filter(|path| path.exists());
    let of_version = || {
        let version = script
            .assigned("REL_VSN")
            .map(ToOwned::to_owned)
            .or_else(|| script.current_version())?;
        Some(script.root.join("releases").join(version).join(name))
    };
    let is_given = given.is_some();
    let Some(path) = given.or_else(at_root).or_else(of_version) else {
        return Ok(None);
    };
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    let replace = config.variable("RELX_REPLACE_OS_VARS").is_some();
    let sources = [
        (beside(".src"), true),
        (beside(".orig"), replace),
        (path.clone(), replace),
    ];
    let found = sources.into_iter().find(|(path, _)| path.exists());
    if found.is_none() && is_given {
        return Err(Failure::config(format!(
            "{variable} is {:?}, and there is no such file; correct it, or unset it for the release's own {name}",
            path.display().to_string()
        )));
    }
    Ok(found.map(|(path, expand)| Source { path, expand }))
}

/// The release's sys.config, which its script expands as well, and writes beside it.
#[derive(Default)]
struct SysConfig {
    path: PathBuf,
    claims: FlagSettings,
    /// What it names and nobody sets.
    unset: Vec<String>,
    /// May the script not write there?
    out_of_place: bool,
}

impl SysConfig {
    fn read(Source { path, expand: does }: Source, config: &Config) -> Self {
        if !does {
            return Self {
                claims: FlagSettings::of_config_file(&path),
                ..Self::default()
            };
        }
        let variable = |name: &str| config.variable(name).map(ToOwned::to_owned);
        let text = text_of(&path).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new("/"));
        let writable = access(folder, AccessFlags::W_OK).is_ok();
        Self {
            claims: FlagSettings::of_sys_config(&expand(&text, &variable, ""), &path),
            unset: unset(&text, &variable),
            out_of_place: !writable && variable("RELX_OUT_FILE_PATH").is_none(),
            path,
        }
    }
}

impl Apply for Relx {
    fn apply(
        &self,
        launcher: &Launcher,
        settled: &NodeSettings,
        flags: &FlagVariables,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        // What an included file says stays where it is, and the script counts the names itself.
        let mut names = launcher.own_settings.files.names.iter();
        if let Some(claim) = names.find(|claim| claim.span.is_none()) {
            let flag = if claim.value.long { "-name" } else { "-sname" };
            let node = &settled.node.value;
            return Err(Failure::config(format!(
                "{} has a {flag} of its own, and the release's script takes only one; remove that line: the node is {node}",
                claim.place
            )));
        }
        if settled.epmd.is_off() {
            let unknown = "this release's script knows no ERL_DIST_PORT that does without epmd; build it with a rebar3 from 2021 or later";
            let unknown = (!self.knows_dist_port).then_some(unknown);
            dist_port::set(unknown, &launcher.own_settings, settled, changes)?;
        }
        if settled.in_file && self.evolves {
            return Err(Failure::config(
                "BEAMINIT_COOKIE_VIA is \"file\", and the release's script gives this command the cookie as an argument, which every process can read; set it to arg for this command",
            ));
        }
        self.copy_args(launcher, settled, changes)?;
        // erl_call takes its cookie as an argument alone, and speaks IPv4; nodetool is a VM.
        let wants_vm = settled.in_file || settled.ipv6;
        if wants_vm {
            changes.set("USE_NODETOOL", Text::plain("true"));
        }
        let client = launcher.role == Role::Client && !self.evolves;
        let users = self.variable("USE_NODETOOL").unwrap_or_default();
        let nodetool = client && (wants_vm || !users.is_empty());
        // The script puts it among the flags of nodetool as it is, where the VM would split it.
        let splits = |cookie: &Cookie| quote(cookie.reveal()) != cookie.reveal();
        let cookie = settled.cookie.as_ref().map(|said| &said.value);
        let split = cookie.filter(|cookie| nodetool && !settled.in_file && splits(cookie));
        if split.is_some() && settled.takes_one_cookie() {
            return Err(Failure::config(
                "the cookie has characters at which the release's script splits it, and a VM from before OTP 24.1 can be given no other beside it; set BEAMINIT_COOKIE_VIA=file, or change the cookie",
            ));
        }
        // The script would take a variable's word for the cookie before its own reading of the file.
        if settled.in_file || split.is_some() {
            changes.set("RELX_COOKIE", Text::plain(IN_A_FILE));
        } else if let Some(cookie) = cookie {
            changes.set("RELX_COOKIE", Text::from(cookie));
        }
        let mut ours = Text::default();
        if nodetool && !erl::says_dist_listen(&launcher.own_settings, flags) {
            // It would take the node's port where there is no epmd, and have a cookie that everybody knows.
            ours.push(self.keeps_from_listening);
        }
        if settled.in_file && (client || self.daemon) {
            ours.append(&erl::cookie_flags(&launcher.own_settings, settled, ""));
        } else if let Some(cookie) = split {
            let node = settled.node.value.to_string();
            ours.push(&format!("-setcookie {} ", quote(&node)));
            ours.append(&quoted_cookie(cookie)).push(" ");
        }
        erl::put_first(ours, settled, flags, changes)
    }
}

impl Relx {
    /// A variable as the script has it.
    fn variable(&self, name: &str) -> Option<&str> {
        let mut set = self.environment.iter().rev();
        let (_, value) = set.find(|(known, _)| known == name)?;
        value.to_str()
    }

    /// Gives the script a copy of vm.args with what is settled in it, and the variables that stand for that.
    fn copy_args(
        &self,
        launcher: &Launcher,
        settled: &NodeSettings,
        changes: &mut Changes,
    ) -> Result<(), Failure> {
        let mut ours = self.args.ours(settled);
        let names = |name: &str| self.sys_config.unset.iter().any(|unset| unset == name);
        if let Some(port) = settled.pin().filter(|_| names("ERL_PORT")) {
            ours.insert("ERL_PORT".into(), port.to_string());
        }
        for (name, value) in &ours {
            changes.set(name, Text::plain(value));
        }
        let set = |name: &str| self.variable(name).map(ToOwned::to_owned);
        let variable = |name: &str| ours.get(name).cloned().or_else(|| set(name));
        // The script writes what it expands beside the copy of vm.args.
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let writes_beside = is_set("RELX_REPLACE_OS_VARS") && !is_set("RELX_OUT_FILE_PATH");
        let needs_folder = writes_beside || self.sys_config.out_of_place;
        let args = self.args.expanded(&variable);
        let folder = args.copy(
            &launcher.default_name,
            needs_folder,
            settled,
            launcher.account.as_ref(),
            changes,
        )?;
        if self.sys_config.out_of_place {
            changes.set("RELX_OUT_FILE_PATH", Text::plain(folder));
        }
        let of_config = self.sys_config.unset.iter().map(String::as_str);
        let of_config = of_config.filter(|name| !ours.contains_key(*name));
        for (path, names) in [
            (self.args.args.path(), self.args.unknown(&ours)),
            (&self.sys_config.path, of_config.collect()),
        ] {
            if launcher.role == Role::Node && !names.is_empty() {
                changes.warn(format!(
                    "{} names {}, which nobody sets: the release's script puts nothing there; set it in the container's environment",
                    path.display(),
                    names.join(", ")
                ));
            }
        }
        Ok(())
    }
}
