//! The cookie of a VM that is given none: it looks for one in its files, or makes one.

use std::path::Path;

use nix::unistd::{AccessFlags, access};

use super::cookie_file;
use super::resolve::{NodeSettings, Sources, cookie};
use crate::beam::Flag;
use crate::error::Failure;

/// The warning of a cookie file that the VM would read and not start with, where nothing gives it a cookie.
pub fn warning(sources: &Sources) -> Option<String> {
    let own = sources.own;
    let has_flag = sources.flags(&[Flag::Cookie]).next().is_some();
    if has_flag || own.cookie.is_some() || own.takes_cookie_file {
        return None;
    }
    find_file(sources).err()
}

/// A VM that finds no cookie makes one in HOME, and dies where it cannot. A node with a long name is one of several, whose
/// homes are not the same. Returns a warning.
///
/// # Errors
/// There will be no cookie, or one that no other node has.
pub fn check(sources: &Sources, settings: &NodeSettings) -> Result<Option<String>, Failure> {
    let why = cookie::rejection(sources);
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    let fails = |line: String| {
        Err(Failure::config(format!(
            "no cookie is set{why}, and {line}"
        )))
    };
    match find_file(sources) {
        Err(line) => return fails(line),
        Ok(true) => return Ok(None),
        Ok(false) => {}
    }
    let home = home(sources);
    if home.is_none_or(|home| access(home, AccessFlags::W_OK).is_err()) {
        let state = home.map_or_else(
            || "is not set".into(),
            |home| format!("is {home:?}, which this user cannot write"),
        );
        return fails(format!(
            "HOME {state}, so that the VM can neither find nor make one; set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
        ));
    }
    let node = &settings.node.value;
    if node.is_long() {
        return Err(Failure::config(format!(
            "no cookie is set for {node}{why}: the VM would make up its own, and nodes with different cookies never connect; set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
        )));
    }
    Ok(Some(format!(
        "no cookie is set{why}: the VM makes its own in HOME, and nodes with different cookies never connect; set ERLANG_COOKIE"
    )))
}

/// The home in which the VM will look.
fn home<'a>(sources: &'a Sources) -> Option<&'a Path> {
    let account = sources.launcher.account.as_ref();
    let home = account.and_then(|account| account.home.as_deref());
    home.or_else(|| sources.config.path("HOME"))
}

/// Is there a file that the VM can read its cookie in? If it would not start with it, why not.
fn find_file(sources: &Sources) -> Result<bool, String> {
    let otp = sources.own.otp.as_ref();
    for file in cookie_file::places(home(sources), sources.config, otp) {
        if let Some(reason) = cookie_file::vm_complaint(&file) {
            let file = file.display();
            return Err(format!(
                "the VM does not start with {file}: {reason}; mend the file, or set ERLANG_COOKIE or ERLANG_COOKIE_FILE"
            ));
        }
        if access(&file, AccessFlags::R_OK).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}
