//! The cookie: the command line's, ours, or the release's.

use crate::beam::{CookieFlag, FlagSetting, FlagSettings};
use crate::config::{Config, CookieVia, Setting};
use crate::node::{Cookie, NodeName};
use crate::plan::OwnSettings;
use crate::system::Place;
use crate::system::shell::ShellAnswer;

/// What a mix release's script takes its cookie from.
const RELEASE: &str = "RELEASE_COOKIE";

/// The cookie, and complaints about two that differ or one that cannot be beaten; nothing of it where none is wanted.
pub fn resolve(
    config: &Config,
    own_settings: &OwnSettings,
    variables: &FlagSettings,
    node: &NodeName,
    lines: &mut Vec<String>,
) -> Option<Setting<Cookie>> {
    if !config.wants_cookie {
        return None;
    }
    let own = |flag: &CookieFlag| {
        flag.node
            .as_ref()
            .is_none_or(|towards| *towards == node.to_string())
    };
    let said = |claim: &FlagSetting<CookieFlag>| {
        let value = Cookie::parse(claim.value.cookie.as_deref().unwrap_or_default()).ok()?;
        Some(Setting {
            value,
            by: claim.place.to_string(),
        })
    };
    let mut command_line = own_settings
        .command_line
        .cookies
        .iter()
        .filter(|claim| own(&claim.value))
        .filter_map(said);
    let given = command_line.next();
    if command_line.any(|other| {
        given
            .as_ref()
            .is_some_and(|given| given.value != other.value)
    }) {
        lines.push(
            "the command line gives two cookies, and the VM would take neither; leave one".into(),
        );
    }
    if let (Some(given), Some(ours)) = (&given, &config.cookie)
        && given.value != ours.value
    {
        lines.push(format!(
            "the command line has another cookie than {}; leave one of them out",
            ours.by
        ));
    }
    let files = || {
        own_settings
            .files
            .cookies
            .iter()
            .filter(|claim| own(&claim.value))
            .find_map(said)
    };
    let cookie = given
        .or_else(|| config.cookie.clone())
        .or_else(|| {
            variables
                .cookies
                .iter()
                .filter(|claim| own(&claim.value))
                .find_map(said)
        })
        .or_else(|| own_settings.cookie.clone())
        .or_else(|| {
            let of_shell = own_settings.elixir && own_settings.shell.is_some();
            let value = config.release_cookie.clone().filter(|_| !of_shell)?;
            let by = "RELEASE_COOKIE".into();
            Some(Setting { value, by })
        })
        .or_else(files);
    if let Some(cookie) = cookie
        .as_ref()
        .filter(|_| config.cookie_via == CookieVia::File)
    {
        lines.extend(exposed(config, own_settings, &cookie.value));
    }
    // Two cookies towards the own node are none, and one of them is ours.
    let towards_own = |claim: &&FlagSetting<CookieFlag>| {
        claim.value.node.as_ref() == Some(&node.to_string())
            && !(own_settings.rewritten && claim.span.is_some())
    };
    if let Some(claim) = own_settings.files.cookies.iter().find(towards_own) {
        lines.push(format!(
            "{} has a -setcookie for {node} itself, which takes ours away; remove that line",
            claim.place
        ));
    }
    cookie
}

/// Why the first that there is for a cookie is none.
pub fn left_out(own_settings: &OwnSettings, variables: &FlagSettings) -> Option<String> {
    let mut claims = variables.cookies.iter().chain(&own_settings.files.cookies);
    let reason = |claim: &FlagSetting<CookieFlag>| {
        let place = &claim.place;
        let Some(cookie) = &claim.value.cookie else {
            return Some(format!("{place} has a -setcookie with no cookie behind it"));
        };
        let reason = Cookie::parse(cookie).err()?;
        Some(format!("that of {place} cannot be one: {reason}"))
    };
    let of_flags = || claims.find_map(reason);
    own_settings.no_cookie.clone().or_else(of_flags)
}

/// Where another `-setcookie` stays beside ours; one that says the same may stay alone.
pub fn beside(
    own_settings: &OwnSettings,
    variables: &FlagSettings,
    cookie: &Cookie,
) -> Option<Place> {
    let in_files = own_settings.files.cookies.iter();
    let in_files = in_files.filter(|claim| !own_settings.rewritten || claim.span.is_none());
    let mut said = own_settings
        .command_line
        .cookies
        .iter()
        .chain(in_files)
        .peekable();
    let is_ours = |claim: &&FlagSetting<CookieFlag>| {
        let flag = &claim.value;
        flag.node.is_none() && flag.cookie.as_deref() == Some(cookie.reveal())
    };
    let shell = own_settings.shell.as_ref();
    // A release's own script, or its args file, gives one as it is.
    if shell.is_none() && !own_settings.rewritten {
        said.next_if(is_ours);
    }
    let differs = |shell: &&ShellAnswer| {
        shell.assigns(RELEASE) && shell.value(RELEASE) != Some(cookie.reveal())
    };
    if let Some(shell) = shell.filter(differs) {
        return Some(shell.place(RELEASE));
    }
    let mut included = variables
        .cookies
        .iter()
        .filter(|claim| claim.span.is_none());
    let claim = said.next().or_else(|| included.next())?;
    Some(claim.place.clone())
}

/// What would keep the VM from looking into any file for its cookie, and let in whoever has none.
pub fn kept_from_file(own_settings: &OwnSettings, variables: &FlagSettings) -> Option<String> {
    let mut said = own_settings.command_line.nocookie.iter();
    let mut of_files = own_settings.files.nocookie.iter();
    let mut of_variables = variables.nocookie.iter();
    // What is rewritten loses it, but for that in the files that it includes.
    let stays = said
        .next()
        .or_else(|| of_files.find(|claim| !own_settings.rewritten || claim.span.is_none()))
        .or_else(|| of_variables.find(|claim| claim.span.is_none()));
    Some(format!(
        "{} has -nocookie, with which the VM reads its cookie in no file and lets in whoever has none; remove that flag",
        stays?.place
    ))
}

/// What would show the cookie to every process of the container, whatever file it is in.
fn exposed(config: &Config, own_settings: &OwnSettings, cookie: &Cookie) -> Option<String> {
    let arguments = own_settings.command_line.cookies.iter();
    let in_files = own_settings.files.cookies.iter();
    // A file that is rewritten loses its own claims, and keeps those of the files that it includes.
    let in_files = in_files.filter(|claim| !own_settings.rewritten || claim.span.is_none());
    let flag = arguments
        .chain(in_files)
        .find(|claim| claim.value.cookie.as_deref() == Some(cookie.reveal()))
        .map(|claim| claim.place.clone());
    let variable = || {
        let shell = own_settings.shell.as_ref()?;
        let shows = shell.assigns(RELEASE) && shell.value(RELEASE) == Some(cookie.reveal());
        shows.then(|| shell.place(RELEASE))
    };
    // What env or a shell assigns stays in the arguments of the process that was started with them.
    let has_cookie = |name: &&String| {
        let value = config.variable(name);
        value.is_some_and(|value| cookie.is_in(value))
    };
    if let Some(name) = config.assigned.iter().find(has_cookie) {
        return Some(format!(
            "BEAMINIT_COOKIE_VIA is \"file\", and the command line has the cookie in {name}, which every process could read there; take it out, and set ERLANG_COOKIE_FILE"
        ));
    }
    let place = flag.or_else(variable)?;
    Some(format!(
        "BEAMINIT_COOKIE_VIA is \"file\", and {place} has the cookie, which every process could read there; take it out, and set ERLANG_COOKIE_FILE"
    ))
}
