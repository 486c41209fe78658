//! Programs that run the words behind their options, as another user or as an init does.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use super::Wrapper;

/// Their names, and those options that have a value in the next word.
const RUNNERS: [(&str, &str); 8] = [
    ("catatonit", ""),
    ("dumb-init", "-r --rewrite"),
    ("gosu", ""),
    ("runuser", "-u --user -g --group -G --supp-group"),
    ("setpriv", SETPRIV),
    ("su-exec", ""),
    ("tini", "-e -p"),
    ("tini-static", "-e -p"),
];
const SETPRIV: &str = "--reuid --regid --groups --inh-caps --bounding-set --pdeathsig";
/// The first word of these is a user.
const BY_USER: [&str; 2] = ["gosu", "su-exec"];
/// A user is the value of these.
const USER_OPTIONS: [&str; 3] = ["--reuid", "--user", "-u"];

impl Wrapper {
    /// `[OPTION…] [--] [USER] COMMAND…`
    pub fn of_runner(name: &str, arguments: &[OsString]) -> Option<Self> {
        let (_, valued) = RUNNERS.iter().find(|(runner, _)| *runner == name)?;
        let mut user = None;
        let mut words = arguments;
        while let Some(option) = words
            .first()
            .filter(|word| word.as_bytes().starts_with(b"-"))
        {
            words = words.get(1..)?;
            let (option, mut value) = match option.to_str()?.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (option.to_str()?, None),
            };
            if option == "--" {
                break;
            }
            if value.is_none() && valued.split(' ').any(|one| one == option) {
                let (next, rest) = words.split_first()?;
                (value, words) = (next.to_str(), rest);
            }
            if USER_OPTIONS.contains(&option) {
                user = value;
            }
        }
        if BY_USER.contains(&name) {
            let (first, rest) = words.split_first()?;
            (user, words) = (first.to_str(), rest);
        }
        Some(Self {
            user: user.map(ToOwned::to_owned),
            words: words.to_vec(),
            ..Self::default()
        })
    }
}
