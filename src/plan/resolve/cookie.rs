//! The cookie: the command line's, ours, or the release's.

use super::Sources;
use crate::beam::{Flag, FlagSetting, FlagSettings};
use crate::config::{CookieVia, Setting};
use crate::error::{Failure, Failures};
use crate::node::{Cookie, NodeName};
use crate::plan::OwnSettings;
use crate::system::Place;

/// What a mix release's script takes its cookie from.
const RELEASE: &str = "RELEASE_COOKIE";

/// The cookie, if one is wanted and there is one.
///
/// # Errors
/// Two that differ, or one that cannot be beaten.
pub fn resolve(sources: &Sources, node: &NodeName) -> Result<Option<Setting<Cookie>>, Failure> {
    let (config, own) = (sources.config, sources.own);
    if !config.wants_cookie {
        return Ok(None);
    }
    let mut failures = Failures::default();
    let node = node.to_string();
    let mut given = cookies(&own.command_line, &node);
    let first = given.next();
    let differs = |other: &Setting<Cookie>| {
        let first = first.as_ref();
        first.is_some_and(|first| first.value != other.value)
    };
    if given.any(|other| differs(&other)) {
        let line = "the command line gives two cookies, and the VM would take neither; leave one";
        failures.push(line);
    }
    if let Some(ours) = config.cookie.as_ref().filter(|ours| differs(ours)) {
        let by = &ours.by;
        failures.push(format!(
            "the command line has another cookie than {by}; leave one of them out"
        ));
    }
    let of_environment = || {
        // Its launcher has read it already.
        let is_read = own.elixir && own.shell.is_some();
        config.release_cookie.clone().filter(|_| !is_read)
    };
    let cookie = first
        .or_else(|| config.cookie.clone())
        .or_else(|| cookies(&sources.variables, &node).next())
        .or_else(|| own.cookie.clone())
        .or_else(of_environment)
        .or_else(|| cookies(&own.files, &node).next());
    if let (CookieVia::File, Some(cookie)) = (config.cookie_via, &cookie) {
        failures.take(check_exposure(sources, &cookie.value));
    }
    let is_own = |flag: &&FlagSetting| flag.stays() && flag.towards.as_ref() == Some(&node);
    // Two cookies towards the own node are none, and one of them is ours.
    if let Some(flag) = own.files.cookies().find(is_own) {
        failures.push(format!(
            "{} has a -setcookie for {node} itself, which takes ours away; remove that line",
            flag.place
        ));
    }
    failures.or(cookie)
}

/// Those that the node would take for its own.
fn cookies<'a>(flags: &'a FlagSettings, node: &'a str) -> impl Iterator<Item = Setting<Cookie>> {
    let is_own =
        move |flag: &&FlagSetting| flag.towards.as_ref().is_none_or(|towards| towards == node);
    flags.cookies().filter(is_own).filter_map(|flag| {
        let cookie = Cookie::parse(&flag.text).ok()?;
        Some(Setting::new(cookie, flag.place.to_string()))
    })
}

/// Why the first that there is for a cookie is none.
pub fn rejection(sources: &Sources) -> Option<String> {
    let mut flags = sources
        .variables
        .cookies()
        .chain(sources.own.files.cookies());
    let reason = |FlagSetting { text, place, .. }: &FlagSetting| {
        if text.is_empty() {
            return Some(format!("{place} has a -setcookie with no cookie behind it"));
        }
        let reason = Cookie::parse(text).err()?;
        Some(format!("that of {place} cannot be one: {reason}"))
    };
    let own = sources.own.no_cookie.clone();
    own.or_else(|| flags.find_map(reason))
}

/// Where another `-setcookie` stays beside ours; one that says the same may stay alone.
pub fn find_other(sources: &Sources, cookie: &Cookie) -> Option<Place> {
    let (own, variables) = (sources.own, &sources.variables);
    let of_shell = of_shell(own).filter(|flag| flag.text != cookie.reveal());
    let flags = own.command_line.cookies().chain(own.files.cookies());
    let mut flags = flags.filter(|flag| flag.stays()).peekable();
    // A release's own script, or its args file, gives one as it is.
    if own.shell.is_none() && !own.rewritten {
        flags.next_if(|flag| flag.towards.is_none() && flag.text == cookie.reveal());
    }
    let flags = flags.chain(variables.cookies().filter(|flag| flag.stays()));
    let mut all = of_shell.iter().chain(flags);
    all.next().map(|flag| flag.place.clone())
}

/// The cookie that a release's own shell file assigns, which its script gives the VM.
fn of_shell(own: &OwnSettings) -> Option<FlagSetting> {
    let shell = own.shell.as_ref().filter(|shell| shell.assigns(RELEASE))?;
    let cookie = shell.value(RELEASE).unwrap_or_default();
    Some(FlagSetting::new(Flag::Cookie, cookie, shell.place(RELEASE)))
}

/// Refuses what would keep the VM from looking into any file for its cookie, and lets in a node that has none.
pub fn check_nocookie(sources: &Sources) -> Result<(), Failure> {
    let flag = sources.staying(&[Flag::NoCookie]).next();
    flag.map_or(Ok(()), |flag| {
        Err(Failure::config(format!(
            "{} has -nocookie, with which the VM reads its cookie in no file and lets in whoever has none; remove that flag",
            flag.place
        )))
    })
}

/// Refuses what would show the cookie to every process of the container, whatever file it is in.
fn check_exposure(sources: &Sources, cookie: &Cookie) -> Result<(), Failure> {
    let config = sources.config;
    let is_exposed = |variable: &&String| {
        let value = config.variable(variable);
        value.is_some_and(|value| cookie.is_in(value))
    };
    let of_shell = of_shell(sources.own);
    let mut flags = sources.staying(&[Flag::Cookie]).chain(&of_shell);
    // What env or a shell assigns stays in the arguments of the process that was started with them.
    let shown = if let Some(name) = config.assigned.iter().find(is_exposed) {
        format!("the command line has the cookie in {name}")
    } else if let Some(flag) = flags.find(|flag| flag.text == cookie.reveal()) {
        format!("{} has the cookie", flag.place)
    } else {
        return Ok(());
    };
    Err(Failure::config(format!(
        "BEAMINIT_COOKIE_VIA is \"file\", and {shown}, which every process could read there; take it out, and set ERLANG_COOKIE_FILE"
    )))
}
