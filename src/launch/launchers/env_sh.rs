//! The env.sh of a mix release: its script sources it after our variables, and hands its flags to every VM.
//!
//! <https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-environment-variables>

use std::path::PathBuf;

use super::Fixed;
use super::sourced::Sourced;
use crate::launch::flags::words::Syntax;
use crate::launch::flags::{Claim, Claims, FlagVariables, Place, PortFlag, PortFlags, PortKind};

/// What it may assign of the release itself, and where its cookie's file is looked for.
const ASSIGNED: [&str; 5] = [
    "RELEASE_NODE",
    "RELEASE_DISTRIBUTION",
    "RELEASE_COOKIE",
    "HOME",
    "XDG_CONFIG_HOME",
];
const FIRST: &str = "ERL_AFLAGS";
const VM_ARGS: &str = "RELEASE_VM_ARGS";

/// What it says.
pub struct EnvSh {
    /// What cannot be beaten: values that are assigned whatever they were, and flags that come before ours.
    pub fixed: Vec<Fixed>,
    /// RELEASE_DISTRIBUTION, where it has a value.
    pub distribution: Option<String>,
    /// What its other flags ask for, the node's VM and those of its clients.
    pub flags: Claims,
    /// The args file that the VM gets instead of the release's own.
    pub vm_args: Option<VmArgsFile>,
    /// Where it reads another file.
    pub reads_on: Option<Place>,
}

/// Such a file.
pub enum VmArgsFile {
    /// Its path.
    At(PathBuf),
    /// Only a shell can tell.
    Unknown(Fixed),
}

impl EnvSh {
    /// Reads it. `off`: a port without epmd may not be in it, for two of those are none. `variable` says what the release's
    /// script itself has assigned by then.
    pub fn read(path: PathBuf, off: bool, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        Self::of(&Sourced::read(path), off, variable)
    }

    fn of(file: &Sourced, off: bool, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let assigned = ASSIGNED
            .into_iter()
            .flat_map(|variable| file.assignments(variable));
        let mut fixed: Vec<Fixed> = assigned.collect();
        fixed.extend(file.assignments(FIRST).into_iter().map(|fixed| Fixed {
            value: None,
            ..fixed
        }));
        let mut flags = Claims::default();
        for (variable, text, place) in file.all_flags(FlagVariables::is_one) {
            // A word that begins with a variable may be anything, and is no value of the flag before.
            let words = text.split_whitespace().map(|word| {
                let mark = if word.starts_with(['$', '`']) {
                    "-"
                } else {
                    ""
                };
                format!("{mark}{word}")
            });
            let text = words.collect::<Vec<_>>().join(" ");
            let claims = Claims::of_text(&text, Syntax::Blanks, &|_| place.clone());
            if loses(&variable, &claims, off) {
                if !fixed
                    .iter()
                    .any(|known| known.place == place && known.variable == variable)
                {
                    fixed.push(Fixed {
                        place,
                        variable,
                        value: None,
                    });
                }
            } else {
                flags.extend(told(claims));
            }
        }
        // Several are branches of a condition, of which one is taken.
        flags.proto_dist.truncate(1);
        fixed.sort_by_key(|fixed| match fixed.place {
            Place::File(_, line) => line,
            _ => 0,
        });
        let vm_args = file.path_in(VM_ARGS, variable).map(|(fixed, path)| {
            path.map_or(VmArgsFile::Unknown(fixed), |path| {
                VmArgsFile::At(path.into())
            })
        });
        let distribution = file.assigned("RELEASE_DISTRIBUTION");
        Self {
            fixed,
            distribution: distribution.and_then(|fixed| fixed.value),
            flags,
            vm_args,
            reads_on: file.reads_on(),
        }
    }
}

/// Do such flags win over ours, or do away with them?
fn loses(variable: &str, claims: &Claims, off: bool) -> bool {
    let first = variable == FIRST
        && (!claims.spans(PortFlags::Pins).is_empty() || !claims.names.is_empty());
    let epmdless = |claim: &Claim<PortFlag>| claim.value.kind == PortKind::Epmdless;
    let second = off && claims.ports.iter().any(epmdless);
    let restarts = off && claims.start_epmd.iter().any(|claim| claim.value != "false");
    first || second || restarts
}

/// Without the values that only a shell can tell. A name counts whatever it is: ours must come first.
fn told(mut claims: Claims) -> Claims {
    let is_told = |text: &str| !text.contains(['$', '`']);
    claims.ports.retain(|claim| is_told(&claim.value.text));
    for claim in &mut claims.cookies {
        claim.value.cookie = claim.value.cookie.take().filter(|cookie| is_told(cookie));
    }
    claims
}

#[cfg(test)]
mod tests;
