//! The variables that erl and elixir take flags from: what they say, and what is left of them without it.
//!
//! A user's own flags survive; only what would fight with the Plan's name, cookie and port is taken out.

use std::collections::BTreeSet;

use super::flag::PortFlags;
use super::settings::FlagSettings;
use super::words::{Syntax, split, without};
use crate::error::{Failure, Failures};
use crate::system::Environment;
use crate::system::Place;
use crate::system::shell::ShellAnswer;

#[derive(Clone, Default)]
pub struct FlagVariables {
    all: Vec<FlagVariable>,
    /// The place where a release's own shell file drops what ERL_AFLAGS was before.
    pub dropped_at: Option<Place>,
    /// What such a file puts before our flags.
    pub before_ours: FlagSettings,
    /// Those that are not UTF-8.
    not_text: Vec<String>,
}

#[derive(Clone)]
struct FlagVariable {
    name: String,
    text: String,
    flags: FlagSettings,
    /// Does a release's own shell file assign it, whatever it is before?
    stays: bool,
}

/// A variable of which something is taken out.
pub struct Cut<'a> {
    pub name: &'a str,
    /// What is left, trimmed.
    pub rest: String,
    /// What is taken out.
    pub left_out: String,
}

impl FlagVariables {
    /// What stands in ERL_AFLAGS for our flags while a shell is asked: a flag that means nothing to a VM.
    pub const MARK: &str = "-beaminit asks";

    /// Reads ERL_AFLAGS, ERL_FLAGS, ERL_ZFLAGS, ELIXIR_ERL_OPTIONS and ERL_OTPnn_FLAGS, in the VM's order; `shell` is what
    /// a release's own file makes of them.
    pub fn read(environment: &Environment, shell: Option<&ShellAnswer>) -> Self {
        let set = environment.0.iter().filter_map(|(name, _)| name.to_str());
        let of_shell = shell.into_iter().flat_map(ShellAnswer::names);
        let versioned = set.chain(of_shell).filter(|name| is_versioned(name));
        let versioned: BTreeSet<&str> = versioned.collect();
        let names = ["ERL_AFLAGS", "ELIXIR_ERL_OPTIONS"].into_iter();
        let names = names.chain(versioned).chain(["ERL_FLAGS", "ERL_ZFLAGS"]);
        let mut read = Self::default();
        for name in names {
            let value = environment.get(name).unwrap_or_default();
            if value.to_str().is_none() {
                read.not_text.push(name.to_owned());
            }
            read.add(name, &value.to_string_lossy(), shell);
        }
        read
    }

    /// Refuses one that is not UTF-8: what is left of it could not be written.
    ///
    /// # Errors
    /// There is one.
    pub fn check_text(&self) -> Result<(), Failure> {
        let mut failures = Failures::default();
        for name in &self.not_text {
            failures.push(format!(
                "{name} is not UTF-8, and may name another node; write it in plain characters"
            ));
        }
        failures.or(())
    }

    fn add(&mut self, name: &str, users: &str, shell: Option<&ShellAnswer>) {
        let by_user = Place::Variable(name.to_owned());
        let Some(shell) = shell.filter(|shell| shell.assigns(name)) else {
            self.push(name, users, &by_user, false);
            return;
        };
        let place = shell.place(name);
        let text = shell.value(name).unwrap_or_default();
        // What the file puts before our flags comes before them; the user's own come after them.
        if let Some((before, behind)) = text.split_once(Self::MARK) {
            let added = behind.trim_start().strip_prefix(users).unwrap_or(behind);
            self.push(name, before, &place, true);
            self.before_ours = FlagSettings::of_text(before, Syntax::Variable, &|_| place.clone());
            self.push(name, users, &by_user, false);
            self.push(name, added, &place, true);
        } else {
            self.push(name, text, &place, true);
            let was_given = shell
                .value_before(name)
                .is_some_and(|was| was.contains(Self::MARK));
            self.dropped_at = self.dropped_at.take().or(was_given.then_some(place));
        }
    }

    fn push(&mut self, name: &str, text: &str, place: &Place, stays: bool) {
        if text.trim().is_empty() {
            return;
        }
        let syntax = if name == "ELIXIR_ERL_OPTIONS" {
            Syntax::Blanks
        } else {
            Syntax::Variable
        };
        let mut flags = FlagSettings::of_text(text, syntax, &|_| place.clone());
        if stays {
            flags.forget_spans();
        }
        self.all.push(FlagVariable {
            name: name.to_owned(),
            text: text.to_owned(),
            flags,
            stays,
        });
    }

    /// Does a release's own shell file assign this variable?
    pub fn stays(&self, name: &str) -> bool {
        let mut all = self.all.iter();
        all.any(|variable| variable.stays && variable.name == name)
    }

    pub fn flags(&self) -> FlagSettings {
        let flags = self.all.iter().flat_map(|variable| &variable.flags.0);
        FlagSettings(flags.cloned().collect())
    }

    /// The variables of which name, cookie and these port flags are taken out.
    pub fn cut(&self, ports: PortFlags) -> impl Iterator<Item = Cut<'_>> {
        self.all.iter().filter_map(move |variable| {
            let spans = variable.flags.spans(ports).into_iter();
            let taken: Vec<_> = spans.filter_map(|span| variable.text.get(span)).collect();
            (!taken.is_empty()).then(|| Cut {
                name: &variable.name,
                rest: variable.rest(ports),
                left_out: taken.join(" "),
            })
        })
    }

    /// What is left of one, trimmed.
    pub fn rest_of(&self, name: &str, ports: PortFlags) -> String {
        let mut all = self.all.iter();
        let variable = all.find(|variable| !variable.stays && variable.name == name);
        variable.map_or_else(String::new, |variable| variable.rest(ports))
    }
}

impl FlagVariable {
    fn rest(&self, ports: PortFlags) -> String {
        let rest = without(&self.text, &self.flags.spans(ports));
        // A `-kernel` that lost its last value, or blanks alone, are nothing to hand on.
        if split(&rest, Syntax::Variable).is_empty() {
            String::new()
        } else {
            rest.trim().to_owned()
        }
    }
}

fn is_versioned(name: &str) -> bool {
    let rest = name.strip_prefix("ERL_OTP").unwrap_or_default();
    let version = rest.strip_suffix("_FLAGS").unwrap_or_default();
    !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
}
