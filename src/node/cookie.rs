//! The cookie: a secret that cannot be printed.
//!
//! <https://www.erlang.org/doc/system/distributed.html#security>

use std::fmt;

use crate::system::secrets::{self, Text};

/// A cookie that OTP takes as it is. Its `Debug` and `Display` show a placeholder; [`Cookie::reveal`] is for the exec.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(String);

impl Cookie {
    /// # Errors
    /// What is wrong with it, without any of its characters.
    pub fn parse(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        let reason = if text.is_empty() {
            "it is empty"
        } else if length > 255 {
            return Err(format!(
                "it has {length} characters, and OTP takes at most 255"
            ));
        } else if text.chars().any(char::is_control) {
            "it has a control character (a line break?) in it, which no launcher hands on"
        } else if text.starts_with('\u{feff}') {
            "it begins with a byte order mark, which an editor left there: save it without"
        } else if !text.is_ascii() {
            "it has a character beyond ASCII, which the VM reads by its locale: nodes would not agree"
        } else if text.starts_with(['-', '+']) {
            "it starts with - or +, which the VM takes for an option: the cookie would be lost"
        } else {
            return Ok(Self(text.into()));
        };
        Err(reason.into())
    }

    /// Does a text have it: as all that it is, or among words about a cookie?
    pub fn is_in(&self, text: &str) -> bool {
        text == self.0 || secrets::is_mentioned(text.as_bytes()) && text.contains(&self.0)
    }

    /// The cookie itself, for the place where the command gets it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(secrets::HIDDEN)
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&Cookie> for Text {
    fn from(cookie: &Cookie) -> Self {
        Self::secret(&cookie.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cookies_and_never_shows_them() {
        let longest = "x".repeat(255);
        let too_long = "x".repeat(256);
        for (text, good) in [
            ("secret", true),
            ("with 'quotes\" and $pace #*", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("-name", false),
            ("+K", false),
            ("two\nlines", false),
            ("tab\t", false),
            ("nul\0", false),
            ("pässword", false),
            ("\u{feff}secret", false),
        ] {
            match Cookie::parse(text) {
                Ok(cookie) => {
                    assert!(good, "{text:?}");
                    assert_eq!(format!("{cookie} {cookie:?}"), "<cookie> <cookie>");
                    assert_eq!(cookie.reveal(), text);
                }
                Err(reason) => {
                    assert!(!good, "{text:?}: {reason}");
                    assert!(text.len() < 3 || !reason.contains(text), "{reason}");
                }
            }
        }
    }
}
