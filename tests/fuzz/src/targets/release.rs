use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::beam::words::Syntax;
use crate::beam::{Flag, FlagSetting, FlagSettings};
use crate::config::{Config, InterfaceAddress, Kind, Pod};
use crate::launchers;
use crate::launchers::LauncherCommand;
use crate::plan::Plan;
use crate::plan::Role;
use crate::system::Place;
use crate::system::private_file::PrivateFile;
use crate::system::program::Command;

/// A release's files, with `bin/app` its script.
const FILES: [&str; 10] = [
    "bin/app",
    "rabbitmq-env.conf",
    "rabbitmq.conf",
    "ejabberdctl.cfg",
    "vm.args",
    "releases/start_erl.data",
    "releases/COOKIE",
    "releases/1/env.sh",
    "releases/1/vm.args",
    "releases/1/vm.args.src",
];

/// A command, its environment and the files of its release, up to the Plan. Each part is headed by a line `== NAME`:
/// `command` has a word a line, `env` an assignment a line, where FOLDER is the release's, and the others are files; the
/// command `app` is the release's own script.
pub fn release(bytes: &[u8]) {
    let text = super::text(bytes);
    let folder = Folder::new();
    let mut words: Vec<OsString> = Vec::new();
    let mut environment = vec![
        ("SNAME".into(), "app".into()),
        ("HOSTNAME".into(), "app-0.example.com".into()),
        ("HOME".into(), "/tmp".into()),
    ];
    for part in text.split("== ").skip(1) {
        let (name, content) = part.split_once('\n').unwrap_or((part, ""));
        match name {
            "command" => words = content.lines().map(Into::into).collect(),
            "env" => environment.extend(
                content
                    .replace("FOLDER", &folder.0.to_string_lossy())
                    .lines()
                    .filter(|line| !line.contains('\0'))
                    .filter_map(|line| super::assignment(line.as_bytes())),
            ),
            _ if FILES.contains(&name) => fs::write(folder.0.join(name), content).unwrap(),
            _ => {}
        }
    }
    // Elsewhere it is not a cookie.
    let secret = !text.contains(super::SECRET);
    if secret {
        let cookie = format!("{}'s \"own\" \\ #", super::SECRET);
        environment.push(("ERLANG_COOKIE".into(), cookie.into()));
    }
    let file = match words.first() {
        Some(word) if word == "app" => folder.0.join("bin/app"),
        Some(word) => Path::new("/usr/bin").join(word),
        None => return,
    };
    let Ok(config) = Config::read(environment.into(), true) else {
        return;
    };
    let Ok(found) = LauncherCommand::find(&Command { words, file }, config) else {
        return;
    };
    is_planned(found, secret);
}

fn is_planned(mut found: LauncherCommand, secret: bool) {
    let recognised = launchers::recognise(&mut found);
    let config = &mut found.config;
    config.pod = Pod {
        hostname: Some("app-0".into()),
        addresses: vec![InterfaceAddress {
            interface: "eth0".into(),
            address: [10, 1, 2, 3].into(),
            kind: Kind::Plain,
        }],
        ..Pod::default()
    };
    let config = &*config;
    let planned = recognised.and_then(|launcher| {
        let plan = Plan::make(config, &found.outer, launcher.as_ref(), None, &[])?;
        Ok((launcher, plan))
    });
    let (launcher, plan) = match planned {
        Ok(planned) => planned,
        Err(failure) => {
            assert!(!failure.lines.is_empty());
            assert!(!(secret && failure.lines.concat().contains(super::SECRET)));
            return;
        }
    };
    let shown = plan.to_string();
    assert!(shown.starts_with("command  ") && shown.ends_with('\n'));
    let formatted = format!("{shown}{:?}{:?}", plan.identity, plan.changes);
    assert!(!(secret && formatted.contains(super::SECRET)));
    let role = launcher.map_or(Role::Neither, |launcher| launcher.role);
    assert_eq!(plan.node_settings().is_some(), role != Role::Neither);
    if role == Role::Neither {
        // What env assigns on the way to it, and no more.
        assert!(
            plan.changes
                .set
                .keys()
                .all(|name| config.assigned.contains(name))
        );
        return;
    }
    nothing_is_left(&plan);
    if secret && plan.node_settings().is_some_and(|one| one.in_file) {
        it_is_in_the_file_alone(&plan);
    }
    match plan.launcher {
        "erl" | "elixir" | "iex" | "mix" | "gleam shipment" | "escript" if role == Role::Node => {
            the_name_wins(&plan);
        }
        "relx release" | "distillery release" => the_script_finds_one_name(&plan),
        _ => {}
    }
}

/// What is handed on of the user's other variables has no name and no cookie.
fn nothing_is_left(plan: &Plan) {
    let flags = |name: &String| name.ends_with("FLAGS") || name.ends_with("OPTIONS");
    let others = plan.changes.set.iter().filter(|(name, _)| flags(name));
    for (name, text) in others.filter(|(name, _)| *name != "ERL_AFLAGS") {
        let syntax = if name == "ELIXIR_ERL_OPTIONS" {
            Syntax::Blanks
        } else {
            Syntax::Variable
        };
        let text = text.reveal().to_str().unwrap();
        let flags = FlagSettings::of_text(text, syntax, &|_| Place::CommandLine);
        let mut all = flags.names().chain(flags.cookies());
        assert!(all.all(FlagSetting::stays), "{name}={text}");
    }
}

/// No variable has the cookie, and the file has nothing else.
fn it_is_in_the_file_alone(plan: &Plan) {
    for (name, text) in &plan.changes.set {
        let value = text.reveal().to_string_lossy();
        assert!(!value.contains(super::SECRET), "{name}={value}");
    }
    assert!(
        plan.changes
            .unset
            .iter()
            .any(|name| name == "ERLANG_COOKIE")
    );
    let cookie = plan.node_settings().unwrap().cookie.as_ref().unwrap();
    let is_cookie = |file: &PrivateFile| file.content.reveal() == cookie.value.reveal();
    assert!(plan.changes.files.iter().any(is_cookie));
}

/// What the VM reads first is the node's own name, port and cookie.
fn the_name_wins(plan: &Plan) {
    let settings = plan.node_settings().unwrap();
    let flags = plan.changes.set.get("ERL_AFLAGS");
    let flags = flags.map_or("", |text| text.reveal().to_str().unwrap());
    let found = FlagSettings::of_text(flags, Syntax::Variable, &|_| Place::CommandLine);
    let node = settings.node.value.to_string();
    if settings.node.by != "the command line" {
        assert_eq!(found.names().count(), 1, "{flags}");
    }
    for name in found.names() {
        assert_eq!(
            (&name.text, name.flag == Flag::Name),
            (&node, settings.node.value.is_long())
        );
    }
    if let Some(port) = settings.pin() {
        let ports = found.ports().map(|port| port.text.clone());
        assert!(ports.eq([port.to_string(), port.to_string()]), "{flags}");
    }
}

/// Its script takes the only line that begins with a name.
fn the_script_finds_one_name(plan: &Plan) {
    let is_args =
        |file: &&PrivateFile| file.path.extension().is_some_and(|ending| ending == "args");
    for file in plan.changes.files.iter().filter(is_args) {
        let settings = plan.node_settings().unwrap();
        let content = file.content.reveal().to_str().unwrap();
        let name = format!("{} {}", settings.node.value.flag(), settings.node.value);
        assert_eq!(content.lines().next(), Some(name.as_str()));
        let flags = FlagSettings::of_text(content, Syntax::File, &|_| Place::CommandLine);
        let own = flags.names().filter(|name| !name.stays());
        assert_eq!(own.count(), 1, "{content}");
    }
}

/// A release's folders, in memory; gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("/dev/shm/beaminit-fuzz-{}-{number}", std::process::id());
        let folder = Self(name.into());
        fs::create_dir_all(folder.0.join("bin")).unwrap();
        fs::create_dir_all(folder.0.join("releases/1")).unwrap();
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
