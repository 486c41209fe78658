//! A text that may hold a cookie: one form for the exec, one to be shown.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::ops::Range;

use crate::launch::flags::words::{Syntax, quote, split};
use crate::launch::node::Cookie;

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

    /// A secret of the user's, whole.
    pub fn hidden(secret: &str) -> Self {
        Self {
            real: secret.into(),
            shown: "<cookie>".into(),
        }
    }

    /// A text of the user's, in which whatever follows `-setcookie`, `--cookie` or `…COOKIE=` is a secret.
    pub fn concealing(text: &OsStr) -> Self {
        let Some(utf8) = text.to_str() else {
            return Self::plain(text);
        };
        // Nobody says here who will read it: a shell, or the VM.
        let mut secret: Vec<Range<usize>> = [Syntax::Blanks, Syntax::Variable, Syntax::File]
            .into_iter()
            .flat_map(|syntax| secrets(utf8, syntax))
            .collect();
        secret.sort_by_key(|range| range.start);
        Self {
            real: text.to_owned(),
            shown: hide(utf8, &secret),
        }
    }

    /// The arguments of the user's command: the one behind `-setcookie` or `--cookie` is a secret, and so is what stands
    /// behind them inside of one.
    pub fn arguments(words: &[OsString]) -> Vec<Self> {
        let is_flag = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
        let mut texts: Vec<Self> = words.iter().map(|word| Self::concealing(word)).collect();
        for (at, word) in words.iter().enumerate() {
            let values = || words.iter().enumerate().skip(at + 1);
            let secret = match word.to_str() {
                Some("-setcookie") => values()
                    .take_while(|(_, word)| !is_flag(word))
                    .take(2)
                    .last(),
                Some("--cookie") => values().next(),
                _ => None,
            };
            if let Some(text) = secret.and_then(|(at, _)| texts.get_mut(at)) {
                "<cookie>".clone_into(&mut text.shown);
            }
            // The value goes on to the end of the argument, blanks and all.
            let assigned = word.to_str().and_then(|word| word.split_once('='));
            if let Some((name, value)) = assigned
                && Self::is_of_cookie(name)
                && !value.is_empty()
                && let Some(text) = texts.get_mut(at)
            {
                text.shown = format!("{name}=<cookie>");
            }
        }
        texts
    }

    /// Is a variable of this name a cookie?
    pub fn is_of_cookie(name: &str) -> bool {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.ends_with("COOKIE") && name.chars().all(is_name)
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

    /// The text itself, for the exec.
    pub fn reveal(&self) -> &OsStr {
        &self.real
    }
}

/// Where cookies stand in a text.
fn secrets(text: &str, syntax: Syntax) -> Vec<Range<usize>> {
    let words = split(text, syntax);
    let mut secret = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let values = words
            .iter()
            .skip(at + 1)
            .take_while(|value| !value.text.starts_with(['-', '+']));
        match word.text.trim_start_matches(['\'', '"']) {
            "-setcookie" => {
                secret.extend(values.take(2).last().map(|value| value.span.clone()));
            }
            "--cookie" => secret.extend(words.get(at + 1).map(|value| value.span.clone())),
            _ => secret.extend(assigned(text, &word.span)),
        }
    }
    secret
}

/// Where the value stands in `ERLANG_COOKIE=…`, and all that is called like it.
fn assigned(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    const NAME: &str = "COOKIE=";
    let at = text.get(word.clone())?.find(NAME)?;
    let start = word.start + at + NAME.len();
    (start < word.end).then_some(start..word.end)
}

/// The text without its secrets, which are in order and may overlap.
fn hide(text: &str, secret: &[Range<usize>]) -> String {
    let mut shown = String::new();
    let mut from = 0;
    for range in secret {
        if range.start >= from {
            shown += text.get(from..range.start).unwrap_or_default();
            shown += "<cookie>";
        }
        from = from.max(range.end);
    }
    shown + text.get(from..).unwrap_or_default()
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

    #[test]
    fn conceals_cookies_in_arguments() {
        for (words, shown) in [
            (
                vec!["erl", "-setcookie", "c", "-x"],
                vec!["erl", "-setcookie", "<cookie>", "-x"],
            ),
            (
                vec!["erl", "-setcookie", "n@h", "c"],
                vec!["erl", "-setcookie", "n@h", "<cookie>"],
            ),
            (
                vec!["elixir", "--cookie", "c", "x"],
                vec!["elixir", "--cookie", "<cookie>", "x"],
            ),
            (
                vec!["elixir", "--erl", "-name a -setcookie c -x"],
                vec!["elixir", "--erl", "-name a -setcookie <cookie> -x"],
            ),
            (
                vec!["sh", "-c", "erl -setcookie 'c'"],
                vec!["sh", "-c", "erl -setcookie <cookie>"],
            ),
            (
                vec![
                    "elixir",
                    "--erl",
                    r#"-setcookie 'a b' "-setcookie" c\ d -x"#,
                ],
                vec![
                    "elixir",
                    "--erl",
                    r#"-setcookie <cookie> "-setcookie" <cookie> -x"#,
                ],
            ),
            (
                vec![
                    "env",
                    "-i",
                    "ERLANG_COOKIE=c",
                    "ERLANG_COOKIE_FILE=/c",
                    "erl",
                ],
                vec![
                    "env",
                    "-i",
                    "ERLANG_COOKIE=<cookie>",
                    "ERLANG_COOKIE_FILE=/c",
                    "erl",
                ],
            ),
            (
                vec!["sh", "-c", "cd /; RELEASE_COOKIE='a b' exec erl"],
                vec!["sh", "-c", "cd /; RELEASE_COOKIE=<cookie> exec erl"],
            ),
            (vec!["env", "COOKIE=a b"], vec!["env", "COOKIE=<cookie>"]),
            (vec!["env", "COOKIE="], vec!["env", "COOKIE="]),
            (vec!["erl", "-setcookie"], vec!["erl", "-setcookie"]),
            (vec!["echo", "c"], vec!["echo", "c"]),
        ] {
            let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
            let texts = Text::arguments(&words);
            assert_eq!(
                texts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                shown
            );
            assert_eq!(
                texts
                    .iter()
                    .map(|text| text.reveal().to_owned())
                    .collect::<Vec<_>>(),
                words
            );
        }
    }
}
