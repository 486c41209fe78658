//! A text that may hold a cookie: one form for the exec, one to be shown.

use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::beam::words::quote;
use crate::node::Cookie;
use crate::system::secrets;

/// An argument, a variable's value or a file's content. `Display` and `Debug` show placeholders for its secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    real: OsString,
    shown: String,
}

impl Text {
    /// A text without secrets.
    pub fn plain(text: impl AsRef<OsStr>) -> Self {
        Self {
            real: text.as_ref().to_owned(),
            shown: text.as_ref().to_string_lossy().into_owned(),
        }
    }

    /// A cookie alone.
    pub fn cookie(cookie: &Cookie) -> Self {
        Self {
            real: cookie.reveal().into(),
            shown: cookie.to_string(),
        }
    }

    /// A text of the user's, such as flags of the VM.
    pub fn concealing(text: &OsStr) -> Self {
        Self {
            real: text.to_owned(),
            shown: secrets::shown(text),
        }
    }

    /// A file of the user's flags.
    pub fn of_file(text: &str) -> Self {
        Self {
            real: text.into(),
            shown: secrets::shown_file(text),
        }
    }

    /// The value of a variable that the user's command assigns. `hidden`: it is secret whatever the variable is called.
    pub fn of_variable(name: &str, value: &OsStr, hidden: bool) -> Self {
        let shown = if hidden {
            secrets::HIDDEN.into()
        } else {
            secrets::shown_value(name, value)
        };
        Self {
            real: value.to_owned(),
            shown,
        }
    }

    /// Adds plain text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.real.push(text);
        self.shown += text;
        self
    }

    /// Adds another text.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.real.push(&other.real);
        self.shown += &other.shown;
        self
    }

    /// Adds a cookie as erlexec reads it.
    pub fn push_quoted(&mut self, cookie: &Cookie) -> &mut Self {
        self.real.push(quote(cookie.reveal()));
        self.shown += &cookie.to_string();
        self
    }

    /// Adds another text as one word for erlexec.
    pub fn append_quoted(&mut self, other: &Self) -> &mut Self {
        self.real.push(quote(&other.real.to_string_lossy()));
        self.shown += &quote(&other.shown);
        self
    }

    /// The text itself, for the exec.
    pub fn reveal(&self) -> &OsStr {
        &self.real
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    use crate::beam::words::{Syntax, Word, split};
    use crate::beam::{Claims, FlagVariables, VmArgs};
    use crate::config::{Config, Raw, Reading};
    use crate::launchers::Demands;
    use crate::plan::{Plan, Recipe};
    use crate::system::Place;
    use crate::system::account::Account;
    use crate::system::private_file::PrivateFile;
    use crate::system::program::Command;
    use crate::system::shell::Answer;

    secrets::without_debug!(
        Answer,
        Command,
        Config,
        Demands,
        FlagVariables,
        Plan,
        Raw,
        Reading,
        VmArgs,
        Word
    );

    const COOKIE: &str = "S3CRET";

    #[test]
    fn is_kept_for_the_exec() {
        let cookie = Cookie::parse("S3 CRET").unwrap();
        let users = Text::concealing("-extra -setcookie S3CRET".as_ref());
        let mut text = Text::plain("-setcookie ");
        text.push_quoted(&cookie).push(" -x ");
        text.append_quoted(&users).push(" ").append(&users);
        let real = "-setcookie 'S3 CRET' -x '-extra -setcookie S3CRET' -extra -setcookie S3CRET";
        assert_eq!(text.reveal(), real);
        let shown =
            "-setcookie <cookie> -x '-extra -setcookie <cookie>' -extra -setcookie <cookie>";
        assert_eq!(text.to_string(), shown);
        for text in [
            Text::of_variable("X_COOKIE", COOKIE.as_ref(), false),
            Text::of_variable("X", COOKIE.as_ref(), true),
        ] {
            assert_eq!(text.reveal(), COOKIE);
            assert_eq!(text.to_string(), secrets::HIDDEN);
        }
    }

    #[test]
    fn nothing_that_can_be_formatted_shows_a_cookie() {
        let cookie = Cookie::parse(COOKIE).unwrap();
        let flags = format!("-setcookie {COOKIE} | -setcookie n@h '{COOKIE}'");
        let account = Account::reachable("root");
        let mut recipe = Recipe::default();
        recipe.set("A", Text::cookie(&cookie));
        recipe.set("B", Text::concealing(flags.as_ref()));
        recipe.set("C", Text::of_variable("C_COOKIE", COOKIE.as_ref(), false));
        recipe
            .left_out
            .push(("D".into(), Text::concealing(flags.as_ref())));
        recipe.files.extend(account.map(|account| {
            PrivateFile::of_account(&account, "vm.args", 0o600, Text::of_file(&flags))
        }));
        let claims = Claims::of_text(&flags, Syntax::File, &|_| Place::CommandLine);
        assert_eq!(claims.cookies.len(), 2);
        assert_eq!(split(&flags, Syntax::File).len(), 6);
        let environment = vec![("ERLANG_COOKIE".into(), COOKIE.into())].into();
        let config = Reading::new(environment, None).config();
        let said = config.map(|config| config.cookie).unwrap();
        assert!(said.is_some());
        let formatted = format!("{cookie:?} {recipe:?} {recipe:#?} {claims:?} {said:?}");
        assert!(!formatted.contains(COOKIE), "{formatted}");
    }
}
