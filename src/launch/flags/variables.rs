//! The variables that erl and elixir take flags from: what they claim, and what is left of them without it.
//!
//! A user's own flags survive; only what would fight with the Plan's name, cookie and port is taken out.

use super::claim::Place;
use super::claims::Claims;
use super::ports::PortFlags;
use super::words::{Syntax, split, without};
use crate::launch::config::Config;
use crate::launch::failure::Failure;

/// All of them, as found.
#[derive(Clone, Debug, Default)]
pub struct FlagVariables(Vec<Variable>);

#[derive(Clone, Debug)]
struct Variable {
    name: String,
    text: String,
    claims: Claims,
}

impl FlagVariables {
    /// Those that a VM of any version reads.
    pub const NAMES: [&str; 4] = [
        "ERL_AFLAGS",
        "ELIXIR_ERL_OPTIONS",
        "ERL_FLAGS",
        "ERL_ZFLAGS",
    ];

    /// Is it one of them, or one that a VM of a certain version reads?
    pub fn is_one(name: &str) -> bool {
        Self::NAMES.contains(&name) || is_versioned(name)
    }

    /// Reads ERL_AFLAGS, ERL_FLAGS, ERL_ZFLAGS, ELIXIR_ERL_OPTIONS and ERL_OTPnn_FLAGS, in the VM's order.
    ///
    /// # Errors
    /// One that is not UTF-8: what it claims cannot be told, and the VM would read it all the same.
    pub fn read(config: &Config) -> Result<Self, Failure> {
        let ordered = ["ERL_AFLAGS", "ELIXIR_ERL_OPTIONS"].map(ToOwned::to_owned);
        let versioned = config
            .environment
            .iter()
            .filter_map(|(name, _)| name.to_str())
            .filter(|name| is_versioned(name));
        let after = ["ERL_FLAGS", "ERL_ZFLAGS"].map(ToOwned::to_owned);
        let names: Vec<String> = ordered
            .into_iter()
            .chain(versioned.map(ToOwned::to_owned))
            .chain(after)
            .collect();
        let unreadable = config.environment.iter().filter(|(name, value)| {
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
        let read = |name| Variable::read(config, name);
        Ok(Self(names.into_iter().filter_map(read).collect()))
    }

    /// What they claim together.
    pub fn claims(&self) -> Claims {
        let mut all = Claims::default();
        for variable in &self.0 {
            all.extend(variable.claims.clone());
        }
        all
    }

    /// The variables that change, and what is left of each without name, cookie and these port flags.
    pub fn cleansed(&self, ports: PortFlags) -> Vec<(&str, String)> {
        let changed = self
            .0
            .iter()
            .filter(|variable| !variable.claims.spans(ports).is_empty());
        changed
            .map(|variable| (variable.name.as_str(), variable.rest(ports)))
            .collect()
    }

    /// What is taken out of them, by variable.
    pub fn left_out(&self, ports: PortFlags) -> Vec<(&str, String)> {
        let taken = self.0.iter().map(|variable| {
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
        self.0
            .iter()
            .find(|variable| variable.name == name)
            .map(|variable| variable.rest(ports))
            .unwrap_or_default()
    }
}

impl Variable {
    fn read(config: &Config, name: String) -> Option<Self> {
        let text = config.variable(&name)?.to_owned();
        let syntax = if name == "ELIXIR_ERL_OPTIONS" {
            Syntax::Blanks
        } else {
            Syntax::Variable
        };
        let claims = Claims::of_text(&text, syntax, &|_| Place::Variable(name.clone()));
        Some(Self { name, text, claims })
    }

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
