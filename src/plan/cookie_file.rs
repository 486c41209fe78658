//! The cookie in a file, for `BEAMINIT_COOKIE_VIA=file`: where the VM looks for it, and nowhere else.
//!
//! The VM reads `.erlang.cookie` in HOME and, from OTP 25 on, if there is none, in XDG_CONFIG_HOME's folder `erlang`:
//! <https://www.erlang.org/doc/system/distributed.html#security>. HOME is left to the user's own programs where it can be.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::changes::Changes;
use super::resolve::{NodeSettings, Sources};
use crate::beam::Otp;
use crate::config::Config;
use crate::error::Failure;
use crate::node::Cookie;
use crate::system::private_file::PrivateFile;
use crate::system::secrets::{self, Text};

/// The file's name.
pub const NAME: &str = ".erlang.cookie";
/// The same in XDG_CONFIG_HOME.
const IN_CONFIGS: &str = "erlang/.erlang.cookie";

/// The files in which the VM of this OTP, or of one that is not known, looks for its cookie, in its order.
pub fn places(home: Option<&Path>, config: &Config, otp: Option<&Otp>) -> Vec<PathBuf> {
    let configs = config
        .path("XDG_CONFIG_HOME")
        .map(|folder| folder.join("erlang"));
    let configs = configs.or_else(|| Some(home?.join(".config/erlang")));
    let configs = configs.filter(|_| otp.is_none_or(|otp| otp.is_from(25, 0)));
    let folders = home.map(Path::to_owned).into_iter().chain(configs);
    folders.map(|folder| folder.join(NAME)).collect()
}

/// Why the VM would not start with this file for its cookie, if it is there: it must be its owner's alone, and hold one.
pub fn vm_complaint(file: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::metadata(file)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Some(format!(
            "its mode is {mode:04o}, and the VM wants its owner alone to read it (0400)"
        ));
    }
    let text = std::fs::read_to_string(file).ok()?;
    text.trim_end_matches(['\n', '\r'])
        .is_empty()
        .then(|| "it is empty".into())
}

/// Plans the file and the variable that leads to it, and takes the cookie out of the others.
///
/// # Errors
/// There is no folder for it, or the release's env.sh leads elsewhere.
pub fn plan(
    sources: &Sources,
    settings: &NodeSettings,
    cookie: &Cookie,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let content = Text::from(cookie);
    // Nodes of one network have names of their own, even where they share /dev/shm.
    let own_folder = settings.node.value.to_string();
    let reader = sources.launcher.reader();
    let home = reader.account.and_then(|account| account.home.as_deref());
    let (variable, folder, file) = if let Some(home) = home {
        let file = PrivateFile::at(home.join(NAME), 0o400, content, reader);
        ("HOME", home.to_owned(), file)
    } else if let Some(account) = reader.account {
        let file = PrivateFile::new(&own_folder, IN_CONFIGS, 0o400, content, reader)?;
        changes.warn(format!(
            "HOME is another for the command: user {} has no home in this image, and the VM looks for its cookie there",
            account.name
        ));
        // gosu sets HOME anew.
        let configs = file.path.ancestors().nth(2).unwrap_or(Path::new("/"));
        changes.set("XDG_CONFIG_HOME", Text::plain(configs));
        ("HOME", configs.join("erlang"), file)
    } else {
        let reason = match &settings.other_cookie {
            Some(place) => Some(format!(
                "{place} gives the VM a cookie as well, and before OTP 24.1 it takes neither of two, so that it reads ours there; remove that one"
            )),
            None => needs_home(sources),
        };
        let (variable, name) = match reason {
            Some(_) => ("HOME", NAME),
            None => ("XDG_CONFIG_HOME", IN_CONFIGS),
        };
        let file = PrivateFile::new(&own_folder, name, 0o400, content, reader)?;
        let reason = reason.map(|reason| format!("HOME is another for the command: {reason}"));
        changes.warnings.extend(reason);
        let folder = file.path.ancestors().nth(Path::new(name).iter().count());
        (variable, folder.unwrap_or(Path::new("/")).to_owned(), file)
    };
    let shell = sources.own.shell.as_ref();
    if let Some(shell) = shell.filter(|shell| shell.assigns(variable)) {
        return Err(Failure::config(format!(
            "{} sets {variable} after us, which leads the VM away from its cookie's file; remove that line, or set BEAMINIT_COOKIE_VIA=arg",
            shell.place(variable)
        )));
    }
    changes.set(variable, Text::plain(folder));
    changes.add_file(file);
    leave_in_no_variable(sources.config, cookie, changes);
    Ok(())
}

/// Takes out the variables that are the cookie, and warns of those that have it among other things.
fn leave_in_no_variable(config: &Config, cookie: &Cookie, changes: &mut Changes) {
    for (name, value) in &config.environment.0 {
        let name = name.to_string_lossy().into_owned();
        if changes.set.contains_key(&name) || changes.unset.contains(&name) {
            continue;
        }
        let value = value.to_string_lossy();
        if value == cookie.reveal() && secrets::is_by_name(name.as_bytes(), value.as_bytes()) {
            changes.unset.push(name);
        } else if cookie.is_in(&value) {
            changes.warn(format!(
                "{} seems to have the cookie in it, and the VM hands it to all that it starts; take it out",
                secrets::shown_name(name)
            ));
        }
    }
}

/// Why XDG_CONFIG_HOME does not suffice, if it doesn't.
fn needs_home(sources: &Sources) -> Option<String> {
    let config = sources.config;
    let of_shell = sources
        .own
        .shell
        .as_ref()
        .and_then(|shell| shell.value("HOME"));
    let Some(home) = of_shell.map(Path::new).or_else(|| config.path("HOME")) else {
        return Some("it is not set, and the VM wants one to look for its cookie".into());
    };
    let otp = match &sources.launcher.root {
        Some(root) => Otp::of_root(root),
        None => Otp::of_erl(None, &config.environment),
    };
    let Some(otp) = otp else {
        let line = "which OTP this is cannot be told, and those before 25 read a cookie only there";
        return Some(line.into());
    };
    if !otp.is_from(25, 0) {
        return Some("OTP before 25 reads a cookie only there".into());
    }
    let file = home.join(NAME);
    let own = file.display();
    match std::fs::metadata(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(format!(
            "the VM would not start with this one, for {own} cannot be looked for: {error}"
        )),
        Ok(_) => Some(format!("{own} is there, and would be read first")),
    }
}
