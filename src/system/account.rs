//! The user that a start script changes to: Debian's RabbitMQ and ejabberd start as root and continue as a user of their own,
//! whose HOME is in passwd(5).
//!
//! /etc/passwd is read without libc's NSS, because the binary is static.

use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid, geteuid};

use crate::system::files::text_of;

/// A line of /etc/passwd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: Uid,
    pub gid: Gid,
    pub home: PathBuf,
}

impl Account {
    /// The account of that name, if this process has or may take its user id.
    pub fn reachable(name: &str) -> Option<Self> {
        let text = text_of("/etc/passwd").ok()?;
        let found = text.lines().find_map(|line| Self::parse(line, name))?;
        let own = geteuid();
        (own.is_root() || own == found.uid).then_some(found)
    }

    fn parse(line: &str, name: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [found, _, uid, gid, _, home, ..] = fields.as_slice() else {
            return None;
        };
        let home = Path::new(home);
        (*found == name && home.is_absolute()).then_some(())?;
        Some(Self {
            name: name.to_owned(),
            uid: Uid::from_raw(uid.parse().ok()?),
            gid: Gid::from_raw(gid.parse().ok()?),
            home: home.to_owned(),
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
        assert_eq!(found.home, Path::new("/var/lib/mq"));
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
