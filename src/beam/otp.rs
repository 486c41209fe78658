//! Which OTP a command will run, from the files of its release: no VM is started for that.
//!
//! An installed OTP and a release both have `releases/start_erl.data`, "ERTS VERSION"; the former also has
//! `releases/N/OTP_VERSION`. <https://www.erlang.org/doc/system/versions.html>

use std::fmt;
use std::path::{Path, PathBuf};

use crate::system::Environment;
use crate::system::files::text_of;
use crate::system::program::Command;

/// Versions of OTP are by this much ahead of erts: OTP 23.1 came with erts 11.1, 27.2 with 15.2.
const AHEAD: u16 = 12;

/// What `erl` takes for its root, whatever is in PATH.
const ROOT: &str = "ERL_ROOTDIR";

/// The root of the Erlang that a command finds in PATH.
pub fn erl_root(environment: &Environment) -> Option<PathBuf> {
    if let Some(root) = environment.variable(ROOT) {
        return Some(root.into());
    }
    Command::find(vec!["erl".into()], environment).ok()?.root()
}

/// A version of OTP, as far as it matters, and its name in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otp {
    major: u16,
    minor: u16,
    name: String,
}

impl Otp {
    /// That of the `erl` that a command is, or that it will find in PATH.
    pub fn of_erl(command: Option<&Command>, environment: &Environment) -> Option<Self> {
        let command = command.filter(|_| environment.variable(ROOT).is_none());
        let of_command = command.and_then(|command| Self::of_root(&command.root()?));
        of_command.or_else(|| Self::of_root(&erl_root(environment)?))
    }

    /// That of a release, or of an installed OTP, in this folder.
    pub fn of_root(root: &Path) -> Option<Self> {
        let data = root.join("releases/start_erl.data");
        let text = text_of(&data).unwrap_or_default();
        let mut words = text.split_whitespace();
        let (erts, release) = (words.next(), words.next());
        let installed = release.and_then(|release| {
            let by = root.join("releases").join(release).join("OTP_VERSION");
            let text = text_of(&by).ok()?;
            let (major, minor) = version(text.trim())?;
            let name = format!("OTP {} ({})", text.trim(), by.display());
            Some(Self { major, minor, name })
        });
        installed
            .or_else(|| Self::of_erts(erts?, &data))
            .or_else(|| Self::of_folder(root))
    }

    /// That of the newest `erts-N` in a folder.
    fn of_folder(root: &Path) -> Option<Self> {
        let entries = std::fs::read_dir(root).ok()?.flatten();
        let found = entries.filter_map(|entry| {
            let name = entry.file_name();
            Self::of_erts(name.to_str()?.strip_prefix("erts-")?, &entry.path())
        });
        found.max_by_key(|otp| (otp.major, otp.minor))
    }

    fn of_erts(text: &str, by: &Path) -> Option<Self> {
        let (major, minor) = version(text)?;
        let major = major.checked_add(AHEAD)?;
        let name = format!("OTP {major} (erts {text}, {})", by.display());
        Some(Self { major, minor, name })
    }

    /// Does its VM know `-setcookie C` alone? Before OTP 24.1 a `-setcookie NODE C` is a second one, and of two it takes
    /// neither; and with `-nocookie` the cookie is the word nocookie, whatever else is said.
    pub fn takes_one_cookie(&self) -> bool {
        !self.is_from(24, 1)
    }

    /// Is it this version, or a later one?
    pub fn is_from(&self, major: u16, minor: u16) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The first two numbers of a version like `25.2.3`, `26` or `27.0-rc2`.
fn version(text: &str) -> Option<(u16, u16)> {
    let number = |part: &str| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        part.get(..digits)?.parse().ok()
    };
    let mut parts = text.split('.');
    let major = number(parts.next()?)?;
    Some((major, parts.next().map_or(Some(0), number)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_versions() {
        for (text, expected) in [
            ("25.2.3", Some((25, 2))),
            ("26", Some((26, 0))),
            ("27.0-rc2", Some((27, 0))),
            ("27-rc1", Some((27, 0))),
            ("", None),
            ("x.1", None),
            ("1.x", None),
            ("99999.1", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }

    #[test]
    fn knows_the_versions_that_matter_by_their_erts() {
        for (erts, major, without_epmd, renamed) in [
            ("10.7", 22, false, false),
            ("11.0.4", 23, false, false),
            ("11.1", 23, true, false),
            ("13.1.5", 25, true, false),
            ("15.1.3", 27, true, false),
            ("15.2", 27, true, true),
            ("17.0.1", 29, true, true),
        ] {
            let found = Otp::of_erts(erts, Path::new("x")).unwrap();
            let tells = (found.is_from(23, 1), found.is_from(27, 2));
            assert_eq!(tells, (without_epmd, renamed), "{erts}");
            assert_eq!(found.to_string(), format!("OTP {major} (erts {erts}, x)"));
        }
    }
}
