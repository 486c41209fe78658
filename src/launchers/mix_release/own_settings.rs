//! What a release's variables, files and flags say of its node.

use std::path::{Path, PathBuf};

use super::{COOKIE, DISTRIBUTION, NODE, REMOTE};
use crate::beam::{FlagSettings, Otp, VmArgs};
use crate::config::{Config, Setting};
use crate::launchers::own_name;
use crate::launchers::script::Script;
use crate::node::Cookie;
use crate::plan::{OwnSettings, Role};
use crate::system::shell::ShellAnswer;

/// What the release says of its node, as env.sh leaves it.
pub fn read(
    release: Option<&(&Script, PathBuf)>,
    answer: &ShellAnswer,
    role: Role,
    config: &Config,
) -> OwnSettings {
    let own = |name: &str| {
        let is_ours = config.names_node().is_some() && !answer.assigns(name);
        answer.value(name).filter(|_| !is_ours)
    };
    let long = own(DISTRIBUTION) == Some("name");
    // An explicit long name without a name is made of the release's.
    let release_name = || {
        let of_script = || release?.0.default_of("RELEASE_NAME");
        let name = answer.value("RELEASE_NAME").or_else(of_script);
        name.filter(|_| long).map(|text| (text, DISTRIBUTION))
    };
    // Where the name is ours, the part before the `@` may be the release's all the same.
    let part = config.variable(NODE).filter(|text| !text.contains('@'));
    let node = own(NODE).or_else(|| part.filter(|_| !answer.assigns(NODE)));
    let node = node.map(|text| (text, NODE)).or_else(release_name);
    let mut own_settings = OwnSettings {
        node: node.map(|(text, by)| own_name(text, answer.place(by), long)),
        elixir: true,
        shell: Some(answer.clone()),
        ..OwnSettings::default()
    };
    let is_ours = config.cookie.is_some() && !answer.assigns(COOKIE);
    let of_variable = answer.value(COOKIE).filter(|_| !is_ours);
    let of_variable = of_variable.map(|text| (text.to_owned(), answer.place(COOKIE).to_string()));
    let of_file = || {
        let file = release?.0.root.join("releases/COOKIE");
        let text = std::fs::read_to_string(&file).ok()?;
        Some((text, file.display().to_string()))
    };
    if let Some((text, by)) = of_variable.or_else(of_file) {
        // The script takes that of the file through `$(cat …)`, which strips line breaks at the end.
        match Cookie::parse(text.trim_end_matches('\n')) {
            Ok(value) => own_settings.cookie = Some(Setting { value, by }),
            Err(reason) => {
                own_settings.no_cookie = Some(format!("that of {by} cannot be one: {reason}"));
            }
        }
    }
    let Some((script, folder)) = release else {
        return own_settings;
    };
    own_settings.otp = Otp::of_root(&script.root);
    let path = |variable: &str, name: &str| {
        let given = answer.value(variable);
        given.map_or_else(|| folder.join(name), PathBuf::from)
    };
    let config_file = answer.value("RELEASE_SYS_CONFIG");
    let config_file = config_file.map(|path| format!("{path}.config").into());
    let config_file = config_file.unwrap_or_else(|| folder.join("sys.config"));
    let mut of_node = flags_in(&path("RELEASE_VM_ARGS", "vm.args"));
    of_node.extend(FlagSettings::of_config_file(&config_file));
    if role == Role::Node {
        own_settings.files = of_node;
        return own_settings;
    }
    // A client is started with another args file, and without the pin; without epmd it must know the node's.
    own_settings.of_node = of_node;
    // The scripts of Elixir 1.10 have none.
    if script.contains_all(&[REMOTE]) {
        own_settings.files = flags_in(&path(REMOTE, "remote.vm.args")).without_identity();
    }
    own_settings
}

/// The flags of an args file; one that is not there is the VM's to complain of.
fn flags_in(path: &Path) -> FlagSettings {
    let args = VmArgs::read(path);
    args.map(|args| args.flags).unwrap_or_default()
}
