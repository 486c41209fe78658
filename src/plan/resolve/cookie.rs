//! The cookie: the command line's, ours, or the release's.

use super::Sources;
use crate::beam::{Flag, FlagSetting, FlagSettings};
use crate::config::{CookieVia, Setting};
use crate::error::{Failure, Failures};
use crate::node::{Cookie, NodeName};
use crate::system::Place;

/// What a mix release's script takes its cookie from.
const RELEASE: &str = "RELEASE_COOKIE";

/// The cookie, if one is wanted and there is one.
///
/// # Errors
/// Two that differ, or one that cannot be beaten.
pub fn resolve(sources: &Sources, node: &NodeName) -> Result<Option<Setting<Cookie>>, Failure> {
    let Sources { config, own, .. } = sources;
    if !config.wants_cookie {
        return Ok(None);
    }
    let mut failures = Failures::default();
    let node = node.to_string();
    let mut given = cookies(&own.command_line, &node);
    let first = given.next();
    if let Some(first) = &first {
        if given.any(|other| other.value != first.value) {
            failures.push(
                "the command line gives two cookies, and the VM would take neither; leave one",
            );
        }
        if let Some(ours) = config
            .cookie
            .as_ref()
            .filter(|ours| ours.value != first.value)
        {
            failures.push(format!(
                "the command line has another cookie than {}; leave one of them out",
                ours.by
            ));
        }
    }
    let of_environment = || {
        // Its launcher has read it already.
        let is_read = own.elixir && own.shell.is_some();
        let value = config.release_cookie.clone().filter(|_| !is_read)?;
        let by = RELEASE.into();
        Some(Setting { value, by })
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
        let value = Cookie::parse(&flag.text).ok()?;
        let by = flag.place.to_string();
        Some(Setting { value, by })
    })
}

/// Why the first that there is for a cookie is none.
pub fn left_out(sources: &Sources) -> Option<String> {
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
pub fn beside(sources: &Sources, cookie: &Cookie) -> Option<Place> {
    let Sources { own, variables, .. } = sources;
    let flags = own.command_line.cookies().chain(own.files.cookies());
    let mut flags = flags.filter(|flag| flag.stays()).peekable();
    // A release's own script, or its args file, gives one as it is.
    if own.shell.is_none() && !own.rewritten {
        flags.next_if(|flag| flag.towards.is_none() && flag.text == cookie.reveal());
    }
    let is_ours = |value: Option<&str>| value == Some(cookie.reveal());
    let shell = own.shell.as_ref();
    if let Some(shell) =
        shell.filter(|shell| shell.assigns(RELEASE) && !is_ours(shell.value(RELEASE)))
    {
        return Some(shell.place(RELEASE));
    }
    let mut flags = flags.chain(variables.cookies().filter(|flag| flag.stays()));
    flags.next().map(|flag| flag.place.clone())
}

/// Refuses what would keep the VM from looking into any file for its cookie, and let in whoever has none.
pub fn check_nocookie(sources: &Sources) -> Result<(), Failure> {
    let mut flags = sources.flags(&[Flag::NoCookie]);
    flags.find(|flag| flag.stays()).map_or(Ok(()), |flag| {
        Err(Failure::config(format!(
            "{} has -nocookie, with which the VM reads its cookie in no file and lets in whoever has none; remove that flag",
            flag.place
        )))
    })
}

/// Refuses what would show the cookie to every process of the container, whatever file it is in.
fn check_exposure(sources: &Sources, cookie: &Cookie) -> Result<(), Failure> {
    let Sources { config, own, .. } = sources;
    // What env or a shell assigns stays in the arguments of the process that was started with them.
    let mut assigned = config.assigned.iter();
    let assigned = assigned.find(|name| {
        config
            .variable(name)
            .is_some_and(|value| cookie.is_in(value))
    });
    let flag = || {
        let mut flags = sources.flags(&[Flag::Cookie]);
        flags
            .find(|flag| flag.stays() && flag.text == cookie.reveal())
            .map(|flag| flag.place.clone())
    };
    let variable = || {
        let shell = own.shell.as_ref().filter(|shell| shell.assigns(RELEASE))?;
        (shell.value(RELEASE) == Some(cookie.reveal())).then(|| shell.place(RELEASE))
    };
    let shown = match assigned {
        Some(name) => format!("the command line has the cookie in {name}"),
        None => match flag().or_else(variable) {
            Some(place) => format!("{place} has the cookie"),
            None => return Ok(()),
        },
    };
    Err(Failure::config(format!(
        "BEAMINIT_COOKIE_VIA is \"file\", and {shown}, which every process could read there; take it out, and set ERLANG_COOKIE_FILE"
    )))
}
