//! A release made by relx (rebar3): its start script reads the name and the cookie in vm.args, so it gets a copy with
//! ours in their place. <https://rebar3.org/docs/deployment/releases/>

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::args_file::Template;
use super::script::Script;
use super::{COOKIE_PLACEHOLDER, dist_port, of_release};
use crate::beam::words::{quote, quoted_cookie};
use crate::beam::{Flag, FlagSetting, FlagSettings, Otp, Variable, expand, unset};
use crate::config::Config;
use crate::error::Failure;
use crate::node::Cookie;
use crate::plan::{Apply, Changes, Decision, Launcher, Role};
use crate::system::Place;
use crate::system::files::text_of;
use crate::system::program::Command;
use crate::system::secrets::Text;

#[derive(Clone, Copy, PartialEq)]
enum Task {
    Foreground,
    Daemon,
    Client,
    /// Changes the release that runs, or lists its versions: the script gives an escript of its own the cookie.
    Upgrade,
}

struct Relx {
    task: Task,
    args: Template,
    sys_config: ConfigFile,
    /// Does its script make the node and its clients do without epmd where ERL_DIST_PORT is set?
    knows_dist_port: bool,
    /// Does its nodetool listen where no flag of ours says otherwise? Two of them are none to OTP 23.
    nodetool_listens: bool,
}

pub fn is(script: &Script) -> bool {
    script.contains_all(&["RELX_", "VMARGS_PATH"])
}

/// Reads the task, and the args file that the script would take.
pub fn read(script: &Script, command: &Command, config: &Config) -> Result<Launcher, Failure> {
    let task = match command.arguments().next().unwrap_or_default() {
        "foreground" | "console" | "console_clean" | "console_boot" => Some(Task::Foreground),
        "daemon" | "daemon_boot" | "start" => Some(Task::Daemon),
        "rpc" | "eval" | "stop" | "restart" | "reboot" | "pid" | "ping" | "remote_console"
        | "remote" | "remsh" | "attach" | "daemon_attach" | "status" => Some(Task::Client),
        "upgrade" | "downgrade" | "install" | "uninstall" | "unpack" | "versions" => {
            Some(Task::Upgrade)
        }
        _ => None,
    };
    let role = match task {
        Some(Task::Foreground | Task::Daemon) => Role::Node,
        Some(Task::Client | Task::Upgrade) => Role::Client,
        None => Role::Neither,
    };
    let name = script.assigned("REL_NAME").unwrap_or(&script.name);
    let launcher = of_release("relx release", role, name);
    let Some(task) = task else {
        return Ok(launcher);
    };
    let variable = |name: &str| config.variable(name).map(ToOwned::to_owned);
    let source = |variable, name| source(script, config, variable, name);
    let args = Template::read(source("VMARGS_PATH", "vm.args")?, &variable)?;
    let sys_config = ConfigFile::read(source("RELX_CONFIG_PATH", "sys.config")?, &variable);
    let of_config = sys_config.settings.clone();
    let mut own_settings = args.own_settings(role, (script, command), of_config);
    own_settings.dist_port = config.variable("ERL_DIST_PORT").map(|text| {
        let place = Place::Variable("ERL_DIST_PORT".into());
        FlagSetting::new(Flag::EpmdlessPort, text, place)
    });
    // Its nodetool gets the cookie as the script has it, and splits it.
    let is_nodetool = task == Task::Client && config.variable("USE_NODETOOL").is_some();
    let takes_one = own_settings.otp.as_ref().is_some_and(Otp::takes_one_cookie);
    own_settings.takes_cookie_file = is_nodetool && takes_one;
    let does_not_listen = script.contains_all(&["-setcookie ${COOKIE} -dist_listen false"]);
    Ok(Launcher {
        own_settings,
        root: Some(script.root.clone()),
        daemon: (task == Task::Daemon).then_some("foreground or console"),
        apply: Box::new(Relx {
            task,
            args,
            sys_config,
            knows_dist_port: script.contains_all(&["ERL_DIST_PORT", "-start_epmd false"]),
            nodetool_listens: !does_not_listen,
        }),
        ..launcher
    })
}

/// The file that the script would take: that of the variable, the root's, or the version's own; and whether it would expand
/// variables in it.
fn source(
    script: &Script,
    config: &Config,
    variable: &str,
    name: &str,
) -> Result<Option<(PathBuf, bool)>, Failure> {
    let given = config.variable(variable).map(PathBuf::from);
    let is_given = given.is_some();
    let of_release = || script.release_file(&script.root, script.assigned("REL_VSN"), name);
    let Some(path) = given.or_else(of_release) else {
        return Ok(None);
    };
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    let replaces = config.variable("RELX_REPLACE_OS_VARS").is_some();
    let sources = [
        (beside(".src"), true),
        (beside(".orig"), replaces),
        (path.clone(), replaces),
    ];
    let found = sources.into_iter().find(|(path, _)| path.exists());
    if found.is_none() && is_given {
        return Err(Failure::config(format!(
            "{variable} is {:?}, and there is no such file; correct it, or unset it for the release's own {name}",
            path.display().to_string()
        )));
    }
    Ok(found)
}

/// The release's sys.config, which its script expands as well, and writes beside it.
#[derive(Default)]
struct ConfigFile {
    path: PathBuf,
    settings: FlagSettings,
    /// The variables that it names and nobody sets.
    unset: Vec<String>,
    /// Is the script not allowed to write there?
    is_read_only: bool,
}

impl ConfigFile {
    fn read(source: Option<(PathBuf, bool)>, variable: Variable) -> Self {
        let (path, is_expanded) = source.unwrap_or_default();
        if !is_expanded {
            return Self {
                settings: FlagSettings::of_config_file(&path),
                ..Self::default()
            };
        }
        let text = text_of(&path).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new("/"));
        let is_writable = access(folder, AccessFlags::W_OK).is_ok();
        Self {
            settings: FlagSettings::of_sys_config(&expand(&text, variable, ""), &path),
            unset: unset(&text, variable),
            is_read_only: !is_writable && variable("RELX_OUT_FILE_PATH").is_none(),
            path,
        }
    }
}

impl Apply for Relx {
    fn apply(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure> {
        let settings = decision.settings;
        let node = &settings.node.value;
        // What an included file says stays where it is, and the script counts the names itself.
        let mut names = decision.own.files.names();
        if let Some(name) = names.find(|name| name.stays()) {
            return Err(Failure::config(format!(
                "{} has a {} of its own, and the release's script takes only one; remove that line: the node is {node}",
                name.place,
                name.flag.name_word()
            )));
        }
        if settings.epmd.is_off() {
            let problem = "this release's script knows no ERL_DIST_PORT that does without epmd; build it with a rebar3 from 2021 or later";
            let problem = (!self.knows_dist_port).then_some(problem);
            dist_port::set(problem, decision, changes)?;
        }
        if settings.in_file && self.task == Task::Upgrade {
            return Err(Failure::config(
                "BEAMINIT_COOKIE_VIA is \"file\", and the release's script gives this command the cookie as an argument, which every process can read; set it to arg for this command",
            ));
        }
        self.copy_args(decision, changes)?;
        // erl_call takes its cookie as an argument alone, and speaks plain IPv4; nodetool is a VM.
        let wants_vm = settings.in_file || settings.transport.wanted.is_some();
        if wants_vm {
            changes.set("USE_NODETOOL", Text::plain("true"));
        }
        let is_client = self.task == Task::Client;
        let users = decision.sources.config.variable("USE_NODETOOL");
        let is_nodetool = is_client && (wants_vm || users.is_some());
        // The script puts it among the flags of nodetool as it is, where the VM would split it.
        let is_split = |cookie: &Cookie| quote(cookie.reveal()) != cookie.reveal();
        let cookie = settings.cookie.as_ref().map(|cookie| &cookie.value);
        let split = cookie.filter(|cookie| is_nodetool && !settings.in_file && is_split(cookie));
        if split.is_some() && settings.takes_one_cookie {
            return Err(Failure::config(
                "the cookie has characters at which the release's script splits it, and a VM from before OTP 24.1 can be given no other beside it; set BEAMINIT_COOKIE_VIA=file, or change the cookie",
            ));
        }
        // The script would take a variable's word for the cookie before its own reading of the file.
        if settings.in_file || split.is_some() {
            changes.set("RELX_COOKIE", Text::plain(COOKIE_PLACEHOLDER));
        } else if let Some(cookie) = cookie {
            changes.set("RELX_COOKIE", Text::from(cookie));
        }
        let mut ours = Text::default();
        if is_nodetool && self.nodetool_listens && !decision.has_dist_listen() {
            // It would take the node's port where there is no epmd, and have a cookie that everybody knows.
            ours.push("-dist_listen false ");
        }
        if settings.in_file && matches!(self.task, Task::Client | Task::Daemon) {
            ours.append(&decision.cookie_flags(""));
        } else if let Some(cookie) = split {
            ours.push(&format!("-setcookie {} ", quote(&node.to_string())));
            ours.append(&quoted_cookie(cookie)).push(" ");
        }
        decision.put_first(ours, changes)
    }
}

impl Relx {
    /// Gives the script a copy of vm.args with our settings, and the variables that stand for them.
    fn copy_args(&self, decision: &Decision, changes: &mut Changes) -> Result<(), Failure> {
        let settings = decision.settings;
        let sys_config = &self.sys_config;
        let mut values = self.args.values(settings);
        if let Some(port) = settings.pin()
            && sys_config.unset.iter().any(|name| name == "ERL_PORT")
        {
            values.insert("ERL_PORT".into(), port.to_string());
        }
        for (name, value) in &values {
            changes.set(name, Text::plain(value));
        }
        let config = decision.sources.config;
        let variable = |name: &str| {
            let ours = values.get(name).map(String::as_str);
            ours.or(config.variable(name)).map(ToOwned::to_owned)
        };
        // The script writes what it expands beside the copy of vm.args.
        let writes_beside =
            variable("RELX_REPLACE_OS_VARS").is_some() && variable("RELX_OUT_FILE_PATH").is_none();
        let needs_folder = writes_beside || sys_config.is_read_only;
        let args = self.args.expanded(&variable);
        let folder = args.copy(needs_folder, decision, changes)?;
        if sys_config.is_read_only {
            changes.set("RELX_OUT_FILE_PATH", Text::plain(folder));
        }
        let of_args: Vec<&String> = self.args.unset().collect();
        let of_config: Vec<&String> = sys_config.unset.iter().collect();
        for (path, names) in [(&args.path, of_args), (&sys_config.path, of_config)] {
            let names = names.into_iter().map(String::as_str);
            let names: Vec<&str> = names.filter(|name| !values.contains_key(*name)).collect();
            if decision.sources.launcher.role == Role::Node && !names.is_empty() {
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
