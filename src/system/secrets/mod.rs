//! Decides what is secret in a user's text, and what is shown of it. Nothing else does.
//!
//! A cookie looks like any other word. Only the word "cookie" near it marks it: in a flag, in a variable's name, in a path.
//! So this hides too much rather than too little: a text that a shell or the VM may read in more than one way is hidden from
//! the flag on, or completely.

mod reader;
mod text;

pub use text::Text;

use std::ffi::OsStr;

use reader::Reader;

/// What is shown in a secret's place.
pub const HIDDEN: &str = "<cookie>";

/// The end of a variable's name whose value is a file's path.
const FILE: &[u8] = b"_FILE";

/// A setting of ours: how the cookie is passed on.
const SETTING: &[u8] = b"BEAMINIT_COOKIE_VIA";
const WORDS: [&[u8]; 3] = [b"arg", b"file", b""];

/// Characters that only split words.
const BLANKS: [char; 2] = [' ', '\t'];

/// Does a text mention a cookie? Quotes, backslashes and line ends within the word do not matter: a shell removes them.
pub fn is_mentioned(text: &[u8]) -> bool {
    contains(text, b"cookie") || contains(text, b"erlcall")
}

/// May this variable contain a cookie, by its name or in its value? A value that is one plain word, such as a host's name or
/// a path, contains nothing else. Allocates nothing, because init calls it too.
pub fn is_in_variable(name: &[u8], value: &[u8]) -> bool {
    let one_word = || !value.starts_with(b"-") && value.iter().copied().all(is_path_byte);
    is_by_name(name, value) || is_mentioned(value) && !one_word()
}

/// A text as it may be shown: one word of a command line, or flags.
pub fn shown(text: impl AsRef<OsStr>) -> String {
    Reader::default().word(&text.as_ref().to_string_lossy())
}

/// A program's or variable's name as it may be shown: one plain word is a name, anything else may be a whole command.
pub fn shown_name(name: impl AsRef<OsStr>) -> String {
    let name = name.as_ref();
    if is_in_variable(b"", name.as_encoded_bytes()) {
        shown(name)
    } else {
        name.to_string_lossy().into()
    }
}

/// The value of a variable as it may be shown.
pub fn shown_value(name: &str, value: impl AsRef<OsStr>) -> String {
    let value = value.as_ref();
    if !value.is_empty() && is_by_name(name.as_bytes(), value.as_encoded_bytes()) {
        HIDDEN.into()
    } else {
        shown(value)
    }
}

/// The words of a command line as they may be shown.
pub fn shown_words(words: &[impl AsRef<OsStr>]) -> Vec<String> {
    let (mut shown, reader) = Reader::of_words(words);
    // The script may take its cookie from any of them.
    if reader.scripted {
        for word in &mut shown {
            if let Some((name, _)) = assignment(word) {
                *word = format!("{name}={HIDDEN}");
            }
        }
    }
    shown
}

/// Is there a script among these words that takes a cookie from a variable of any name?
pub fn is_in_any_variable(words: &[impl AsRef<OsStr>]) -> bool {
    Reader::of_words(words).1.scripted
}

/// A file of flags as it may be shown, line by line.
pub fn shown_file(text: &str) -> String {
    if !is_mentioned(text.as_bytes()) {
        return text.into();
    }
    let mut reader = Reader::default();
    let mut shown = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let mut line = line.to_owned();
        // A backslash takes the end of its line with it.
        while line.ends_with("\\\n")
            && let Some(next) = lines.next()
        {
            line += next;
        }
        let content = line.trim_end_matches(['\n', '\r']);
        shown += &reader.line(content);
        shown += line.get(content.len()..).unwrap_or_default();
    }
    shown
}

/// Is this word in a text, in upper or lower case, and with any characters between its letters but letters, digits and blanks?
fn contains(text: &[u8], word: &[u8]) -> bool {
    let first = word.first().copied();
    let mut matched = 0;
    for byte in text.iter().map(u8::to_ascii_lowercase) {
        if word.get(matched) == Some(&byte) {
            matched += 1;
            if matched == word.len() {
                return true;
            }
        } else if byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'\t' {
            matched = usize::from(Some(byte) == first);
        }
    }
    false
}

/// Is any value secret, because of its variable's name? A path in a variable for the cookie's file is not, and neither is a
/// word of our setting about the cookie. Anything else there may be the cookie itself, by mistake.
pub fn is_by_name(name: &[u8], value: &[u8]) -> bool {
    let ending = name.len().saturating_sub(FILE.len());
    let ending = name.get(ending..).unwrap_or_default();
    let names_file = ending.eq_ignore_ascii_case(FILE) && is_path(value);
    let is_setting = name == SETTING && WORDS.contains(&value);
    contains(name, b"cookie") && !names_file && !is_setting
}

fn is_path(text: &[u8]) -> bool {
    text.starts_with(b"/") && text.iter().copied().all(is_path_byte)
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.@/:+%,~-".contains(&byte)
}

/// Is it a flag alone, with its value in the next word: `-setcookie`, `--cookie`, `--erlang-cookie`?
fn is_cookie_flag(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
    word.starts_with('-') && word.chars().all(plain) && word.ends_with("cookie")
}

/// `NAME=VALUE`, `--option=VALUE`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    word.split_once('=')
        .filter(|(name, _)| !name.is_empty() && name.chars().all(plain))
}

/// May a shell or erlexec take it for something else than a character of a word?
fn is_doubtful(c: char) -> bool {
    let blank = BLANKS.contains(&c);
    (c.is_whitespace() || c.is_control()) && !blank || "'\"\\$`;&|<>()#".contains(c)
}

/// Compiles only for types without `Debug`: a derived one might show a cookie.
#[cfg(test)]
macro_rules! without_debug {
    ($($type:ty),+ $(,)?) => {$(
        const _: fn() = || {
            trait Ambiguous<Which> {
                fn one() {}
            }
            struct Formats;
            impl<T> Ambiguous<()> for T {}
            impl<T: std::fmt::Debug> Ambiguous<Formats> for T {}
            let _ = <$type as Ambiguous<_>>::one;
        };
    )+};
}
#[cfg(test)]
pub(crate) use without_debug;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
