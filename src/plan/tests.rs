//! Nothing that holds a cookie shows it when it is formatted.
#![allow(clippy::unwrap_used)]

use super::{Changes, OwnSettings, Plan};
use crate::beam::words::{Syntax, Word, split};
use crate::beam::{FlagSettings, FlagVariables, VmArgs};
use crate::config::Config;
use crate::node::Cookie;
use crate::system::Place;
use crate::system::account::Account;
use crate::system::private_file::{Keeper, PrivateFile, Reader};
use crate::system::program::Command;
use crate::system::secrets::{self, Text};
use crate::system::shell::ShellAnswer;

secrets::without_debug!(
    ShellAnswer,
    Command,
    Config,
    OwnSettings,
    FlagVariables,
    Plan,
    VmArgs,
    Word
);

const COOKIE: &str = "S3CRET";

#[test]
fn nothing_that_can_be_formatted_shows_a_cookie() {
    let cookie = Cookie::parse(COOKIE).unwrap();
    let flags = format!("-setcookie {COOKIE} | -setcookie n@h '{COOKIE}'");
    let account = Account::reachable("root");
    let mut changes = Changes::default();
    changes.set("A", Text::from(&cookie));
    changes.set("B", Text::concealing(flags.as_ref()));
    changes.set("C", Text::of_variable("C_COOKIE", COOKIE.as_ref(), false));
    changes
        .left_out
        .push(("D".into(), Text::concealing(flags.as_ref())));
    changes.files.extend(account.map(|account| {
        let reader = Reader {
            account: Some(&account),
            keeper: Keeper::Nobody,
        };
        let content = Text::of_file(&flags);
        PrivateFile::at("/root/vm.args".into(), 0o600, content, reader)
    }));
    let settings = FlagSettings::of_text(&flags, Syntax::File, &|_| Place::CommandLine);
    assert_eq!(settings.cookies().count(), 2);
    assert_eq!(split(&flags, Syntax::File).len(), 6);
    let environment = vec![("ERLANG_COOKIE".into(), COOKIE.into())].into();
    let config = Config::read(environment, true);
    let cookie_of_config = config.map(|config| config.cookie).unwrap();
    assert!(cookie_of_config.is_some());
    let formatted =
        format!("{cookie:?} {changes:?} {changes:#?} {settings:?} {cookie_of_config:?}");
    assert!(!formatted.contains(COOKIE), "{formatted}");
}
