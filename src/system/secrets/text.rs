//! A text that may contain a cookie: one form for the exec, one for messages.

use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::system::secrets;

/// An argument, a variable's value or a file's content. `Display` and `Debug` show placeholders for its secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    real: OsString,
    shown: String,
}

impl Text {
    fn new(real: impl Into<OsString>, shown: impl Into<String>) -> Self {
        let (real, shown) = (real.into(), shown.into());
        Self { real, shown }
    }

    /// A text without secrets.
    pub fn plain(text: impl AsRef<OsStr>) -> Self {
        let text = text.as_ref();
        Self::new(text, text.to_string_lossy())
    }

    /// All of it is secret.
    pub fn secret(text: impl Into<OsString>) -> Self {
        Self::new(text, secrets::HIDDEN)
    }

    /// A user's text, such as flags of the VM.
    pub fn concealing(text: &OsStr) -> Self {
        Self::new(text, secrets::shown(text))
    }

    /// A file of the user's flags.
    pub fn of_file(text: &str) -> Self {
        Self::new(text, secrets::shown_file(text))
    }

    /// The value of a variable that the user's command assigns. `hidden`: it is secret under any name.
    pub fn of_variable(name: &str, value: &OsStr, hidden: bool) -> Self {
        if hidden {
            return Self::secret(value);
        }
        Self::new(value, secrets::shown_value(name, value))
    }

    /// Adds text without secrets.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.real.push(text);
        self.shown += text;
        self
    }

    pub fn append(&mut self, other: &Self) -> &mut Self {
        self.real.push(&other.real);
        self.shown += &other.shown;
        self
    }

    /// Changes both forms in the same way.
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self::new(change(&self.real.to_string_lossy()), change(&self.shown))
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
    use super::*;

    const COOKIE: &str = "S3CRET";

    #[test]
    fn is_kept_for_the_exec() {
        let quote = |text: &str| format!("'{text}'");
        let users = Text::concealing("-extra -setcookie S3CRET".as_ref());
        let mut text = Text::plain("-setcookie ");
        text.append(&Text::secret("'S3 CRET'")).push(" -x ");
        text.append(&users.map(quote)).push(" ").append(&users);
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
}
