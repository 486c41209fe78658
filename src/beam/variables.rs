//! The variables that erl and elixir take flags from: what they claim, and what is left of them without it.
//!
//! A user's own flags survive; only what would fight with the Plan's name, cookie and port is taken out.

use std::collections::BTreeSet;

use super::ports::PortFlags;
use super::settings::FlagSettings;
use super::words::{Syntax, split, without};
use crate::error::Failure;
use crate::system::Environment;
use crate::system::Place;
use crate::system::shell::ShellAnswer;

/// All of them, as found.
#[derive(Clone, Default)]
pub struct FlagVariables {
    all: Vec<Variable>,
    /// The variable that a release's own shell file takes our flags from, and where.
    lost: Option<Place>,
    /// What such a file puts before our flags.
    first: FlagSettings,
}

#[derive(Clone)]
struct Variable {
    name: String,
    text: String,
    claims: FlagSettings,
    /// A release's own shell file assigns it, whatever it is before.
    stays: bool,
}

impl FlagVariables {
    /// What stands in ERL_AFLAGS for our flags while a shell is asked: a flag that means nothing to a VM.
    pub const MARK: &str = "-beaminit asks";

    /// Reads ERL_AFLAGS, ERL_FLAGS, ERL_ZFLAGS, ELIXIR_ERL_OPTIONS and ERL_OTPnn_FLAGS, in the VM's order; `shell` is what
    /// a release's own file makes of them.
    ///
    /// # Errors
    /// One that is not UTF-8: what it claims cannot be told, and the VM would read it all the same.
    pub fn read(environment: &Environment, shell: Option<&ShellAnswer>) -> Result<Self, Failure> {
        let ordered = ["ERL_AFLAGS", "ELIXIR_ERL_OPTIONS"].map(ToOwned::to_owned);
        let set = environment.iter().filter_map(|(name, _)| name.to_str());
        let of_shell = shell.into_iter().flat_map(ShellAnswer::names);
        let versioned = set.chain(of_shell).filter(|name| is_versioned(name));
        let versioned: BTreeSet<&str> = versioned.collect();
        let after = ["ERL_FLAGS", "ERL_ZFLAGS"].map(ToOwned::to_owned);
        let names: Vec<String> = ordered
            .into_iter()
            .chain(versioned.into_iter().map(ToOwned::to_owned))
            .chain(after)
            .collect();
        let unreadable = environment.iter().filter(|(name, value)| {
            value.to_str().is_none() && names.iter().any(|known| name == known.as_str())
        });
        let lines: Vec<String> = unreadable
            .map(|(name, _)| {
                let name = name.display();
                format!(
                    "{name} is not UTF-8, and may name another node; write it in plain characters"
                )
            })
            .collect();
        if !lines.is_empty() {
            return Err(Failure::config_lines(lines));
        }
        let mut read = Self::default();
        for name in names {
            read.add(&name, environment, shell);
        }
        Ok(read)
    }

    fn add(&mut self, name: &str, environment: &Environment, shell: Option<&ShellAnswer>) {
        let Some(shell) = shell.filter(|shell| shell.assigns(name)) else {
            let text = environment.variable(name).unwrap_or_default().to_owned();
            let place = Place::Variable(name.to_owned());
            self.push(name, &text, &place, false);
            return;
        };
        let place = shell.place(name);
        let text = shell.value(name).unwrap_or_default();
        // What the file puts before our flags comes before them; the user's own follow upon them.
        if let Some((before, behind)) = text.split_once(Self::MARK) {
            let users = environment.variable(name).unwrap_or_default();
            let added = behind.trim_start().strip_prefix(users).unwrap_or(behind);
            let by_user = Place::Variable(name.to_owned());
            self.push(name, before, &place, true);
            self.first = FlagSettings::of_text(before, Syntax::Variable, &|_| place.clone());
            self.push(name, users, &by_user, false);
            self.push(name, added, &place, true);
        } else {
            self.push(name, text, &place, true);
            let was_given = shell.was(name).is_some_and(|was| was.contains(Self::MARK));
            self.lost = self.lost.take().or(was_given.then_some(place));
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
        let claims = FlagSettings::of_text(text, syntax, &|_| place.clone());
        self.all.push(Variable {
            name: name.to_owned(),
            text: text.to_owned(),
            claims,
            stays,
        });
    }

    /// Where a release's own shell file drops what ERL_AFLAGS was before.
    pub fn lost(&self) -> Option<&Place> {
        self.lost.as_ref()
    }

    /// What a release's own shell file puts before our flags.
    pub fn first(&self) -> &FlagSettings {
        &self.first
    }

    /// Do flags that cannot be taken out name the node?
    pub fn names_stay(&self) -> bool {
        let mut staying = self.all.iter().filter(|variable| variable.stays);
        staying.any(|variable| !variable.claims.names.is_empty())
    }

    /// Does a release's own shell file assign it, whatever it is before?
    pub fn stays(&self, name: &str) -> bool {
        let mut staying = self.all.iter().filter(|variable| variable.stays);
        staying.any(|variable| variable.name == name)
    }

    fn changeable(&self) -> impl Iterator<Item = &Variable> {
        self.all.iter().filter(|variable| !variable.stays)
    }

    /// What they claim together.
    pub fn claims(&self) -> FlagSettings {
        let mut all = FlagSettings::default();
        for variable in &self.all {
            let mut claims = variable.claims.clone();
            if variable.stays {
                claims.forget_spans();
            }
            all.extend(claims);
        }
        all
    }

    /// The variables that change, and what is left of each without name, cookie and these port flags.
    pub fn cleansed(&self, ports: PortFlags) -> Vec<(&str, String)> {
        let changed = self
            .changeable()
            .filter(|variable| !variable.claims.spans(ports).is_empty());
        changed
            .map(|variable| (variable.name.as_str(), variable.rest(ports)))
            .collect()
    }

    /// What is taken out of them, by variable.
    pub fn left_out(&self, ports: PortFlags) -> Vec<(&str, String)> {
        let taken = self.changeable().map(|variable| {
            let spans = variable.claims.spans(ports);
            let taken_out = spans.into_iter().filter_map(|span| variable.text.get(span));
            (
                variable.name.as_str(),
                taken_out.collect::<Vec<_>>().join(" "),
            )
        });
        taken.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// What is left of one, trimmed.
    pub fn rest_of(&self, name: &str, ports: PortFlags) -> String {
        self.changeable()
            .find(|variable| variable.name == name)
            .map(|variable| variable.rest(ports))
            .unwrap_or_default()
    }
}

impl Variable {
    fn rest(&self, ports: PortFlags) -> String {
        let rest = without(&self.text, &self.claims.spans(ports));
        // A `-kernel` that lost its last value, or blanks alone, are nothing to hand on.
        if split(&rest, Syntax::Variable).is_empty() {
            String::new()
        } else {
            rest.trim().to_owned()
        }
    }
}

fn is_versioned(name: &str) -> bool {
    name.strip_prefix("ERL_OTP")
        .and_then(|rest| rest.strip_suffix("_FLAGS"))
        .is_some_and(|version| {
            !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
        })
}
