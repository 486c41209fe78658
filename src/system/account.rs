//! The user that a start script or a wrapper changes to: Debian's RabbitMQ and ejabberd start as root and continue as a user
//! of their own, whose HOME is in passwd(5).
//!
//! /etc/passwd is read without libc's NSS, because the binary is static.

use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, getegid, geteuid};

use crate::system::files::text_of;

/// A line of /etc/passwd, or a number that has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: Uid,
    pub gid: Gid,
    /// `None`: it has none.
    pub home: Option<PathBuf>,
}

impl Account {
    /// The account of that name, if this process has or may take its user id.
    pub fn reachable(name: &str) -> Option<Self> {
        let text = text_of("/etc/passwd").unwrap_or_default();
        let found = text.lines().find_map(|line| Self::parse(line, name))?;
        let own = geteuid();
        (own.is_root() || own == found.uid).then_some(found)
    }

    /// The account of that name or number, which need not be in /etc/passwd, for a program that starts as root. It has a home
    /// only where that is a folder.
    pub fn taken(user: &str) -> Option<Self> {
        let of_number = || {
            let number: u32 = user.parse().ok().filter(|_| geteuid().is_root())?;
            Some(Self {
                name: user.to_owned(),
                uid: Uid::from_raw(number),
                gid: getegid(),
                home: None,
            })
        };
        let found = Self::reachable(user).or_else(of_number)?;
        let home = found.home.filter(|home| home.is_dir());
        Some(Self { home, ..found })
    }

    fn parse(line: &str, name: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [found, _, uid, gid, _, home, ..] = fields.as_slice() else {
            return None;
        };
        let home = Path::new(home);
        let is_it = *found == name || *uid == name;
        (is_it && home.is_absolute()).then_some(())?;
        Some(Self {
            name: (*found).to_owned(),
            uid: Uid::from_raw(uid.parse().ok()?),
            gid: Gid::from_raw(gid.parse().ok()?),
            home: Some(home.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_the_line_of_that_name() {
        let line = "mq:x:101:103:a,b:/var/lib/mq:/bin/false";
        let found = Account::parse(line, "mq").unwrap();
        assert_eq!((found.uid.as_raw(), found.gid.as_raw()), (101, 103));
        assert_eq!(found.home.as_deref(), Some(Path::new("/var/lib/mq")));
        assert_eq!(Account::parse(line, "101"), Some(found));
        for line in [
            "",
            "mq",
            "mqs:x:101:103::/home:",
            "mq:x:-1:103::/home:",
            "mq:x:101:103:::",
            "mq:x:101:103::home:",
        ] {
            assert_eq!(Account::parse(line, "mq"), None, "{line}");
        }
    }
}
