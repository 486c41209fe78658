//! What each word of a command line, or of a file of flags, may be in the light of those before it.

use std::ffi::OsStr;

use crate::system::secrets::{
    BLANKS, HIDDEN, assignment, is_by_name, is_cookie_flag, is_doubtful, is_mentioned, is_path,
};

/// A program of OTP's that takes the cookie behind `-c`.
const ERL_CALL: &str = "erl_call";

/// Reads words in their order, and knows which of them may be a cookie.
#[derive(Default)]
pub struct Reader {
    due: Due,
    /// A script takes it from a variable or an argument.
    pub scripted: bool,
    /// A comment speaks of it, and the next one may go on.
    comment: bool,
}

/// Which of the words to come may be a cookie.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Due {
    /// None.
    #[default]
    None,
    /// The next, if it is no flag.
    Value,
    /// The next, whatever it looks like.
    One,
    /// The next, and a value behind it: `-setcookie NODE COOKIE`.
    Two,
    /// All of them.
    Rest,
}

impl Reader {
    pub fn of_words(words: &[impl AsRef<OsStr>]) -> (Vec<String>, Self) {
        let mut reader = Self::default();
        let mut shown = Vec::new();
        for word in words {
            shown.push(reader.word(&word.as_ref().to_string_lossy()));
            if reader.scripted {
                reader.due = Due::Rest;
            }
        }
        (shown, reader)
    }

    pub fn word(&mut self, word: &str) -> String {
        let certain = matches!(self.due, Due::One | Due::Two | Due::Rest);
        let hidden = certain || self.due == Due::Value && !word.starts_with(['-', '+']);
        self.due = match self.due {
            Due::None | Due::Value | Due::One => Due::None,
            Due::Two => Due::Value,
            Due::Rest => Due::Rest,
        };
        let shown = if is_mentioned(word.as_bytes()) {
            self.mentioning(word, certain)
        } else {
            word.into()
        };
        if hidden { HIDDEN.into() } else { shown }
    }

    fn expect(&mut self, due: Due) {
        if self.due != Due::Rest {
            self.due = due;
        }
    }

    /// A word that speaks of a cookie. `certain`: it is the value of a flag before it.
    fn mentioning(&mut self, word: &str, certain: bool) -> String {
        let file = word.rsplit('/').next().unwrap_or(word);
        let file = Some(file).filter(|_| is_path(word.as_bytes()));
        if file.unwrap_or(word) == ERL_CALL {
            self.due = Due::Rest;
            word.into()
        } else if is_cookie_flag(word) {
            if word != "-nocookie" {
                let one = word.starts_with("--");
                self.expect(if one { Due::One } else { Due::Two });
            }
            word.into()
        } else if let Some(file) = file {
            // A program that gets the cookie, if it is one.
            if is_mentioned(file.as_bytes()) {
                self.expect(Due::Value);
            }
            word.into()
        } else if let Some((name, value)) = assignment(word) {
            format!("{name}={}", self.assigned(name, value))
        } else if word.contains(is_doubtful) {
            self.script(word)
        } else if word.contains(BLANKS) {
            self.words(word)
        } else {
            if !certain {
                // The name of a variable behind `-env`, or of a function: what it gets stands behind it.
                self.expect(Due::Two);
            }
            HIDDEN.into()
        }
    }

    /// The value of `NAME=VALUE`.
    fn assigned(&mut self, name: &str, value: &str) -> String {
        if value.is_empty() {
            String::new()
        } else if is_by_name(name.as_bytes(), value.as_bytes()) {
            if is_mentioned(value.as_bytes()) {
                self.expect(Due::Two);
            }
            HIDDEN.into()
        } else if value.contains(is_doubtful) {
            // It may as well be a script that begins with an assignment.
            self.script(value);
            HIDDEN.into()
        } else if value.contains('=') && !value.contains(BLANKS) {
            HIDDEN.into()
        } else {
            self.words(value)
        }
    }

    /// Words with blanks between them, and nothing else to split them.
    fn words(&mut self, text: &str) -> String {
        let pieces = text.split_inclusive(BLANKS).map(|piece| {
            let word = piece.trim_end_matches(BLANKS);
            let blank = piece.get(word.len()..).unwrap_or_default();
            let shown = if word.is_empty() {
                String::new()
            } else {
                self.word(word)
            };
            shown + blank
        });
        pieces.collect()
    }

    /// A text that a shell, or the VM, may read in other ways than word by word: only what stands before the flag is
    /// shown, and only where the cookie cannot come from there.
    fn script(&mut self, text: &str) -> String {
        self.scripted |= text.contains(['$', '`']);
        let speaks = |word: &&str| is_mentioned(word.as_bytes());
        if text.split_whitespace().last().as_ref().is_some_and(speaks) {
            // What a program like ssh puts the next word behind.
            self.expect(Due::Two);
        }
        let Some(word) = text.split_whitespace().find(speaks) else {
            return HIDDEN.into();
        };
        let before = text.split(word).next().unwrap_or_default();
        if before.contains(|c| is_doubtful(c) || c == '=') {
            HIDDEN.into()
        } else if is_cookie_flag(word) {
            format!("{before}{word} {HIDDEN}")
        } else {
            let named = assignment(word).filter(|(name, _)| is_by_name(name.as_bytes(), b""));
            named.map_or_else(
                || HIDDEN.into(),
                |(name, _)| format!("{before}{name}={HIDDEN}"),
            )
        }
    }

    /// A line of a file of flags. Values may stand in the next.
    pub fn line(&mut self, line: &str) -> String {
        let content = line.trim_start();
        if self.due == Due::Value && content.starts_with(['-', '+']) {
            self.due = Due::None;
        }
        let due = self.due != Due::None;
        let mentioned = is_mentioned(content.as_bytes());
        if content.starts_with('#') {
            self.comment |= mentioned || due;
            return if self.comment {
                format!("# {HIDDEN}")
            } else {
                line.into()
            };
        }
        if content.is_empty() {
            return line.into();
        }
        self.comment = false;
        if !content.contains(is_doubtful) || !mentioned && !due {
            return self.words(line);
        }
        let script = self.script(content);
        if due || content.contains('#') {
            self.expect(Due::Two);
        }
        // Where the text in an open quote ends is not known.
        let mut quotes = ['\'', '"'].into_iter();
        if quotes.any(|quote| content.matches(quote).count() % 2 == 1) {
            self.due = Due::Rest;
        }
        if due { HIDDEN.into() } else { script }
    }
}
