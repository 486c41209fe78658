//! Finds the words of a command line, or of a file of flags, that may be a cookie after the words before them.

use std::ffi::OsStr;

use crate::system::secrets::{
    BLANKS, HIDDEN, assignment, is_by_name, is_cookie_flag, is_doubtful, is_mentioned, is_path,
};

/// A program of OTP that takes the cookie after `-c`.
const ERL_CALL: &str = "erl_call";

/// Reads words in their order.
#[derive(Default)]
pub struct Reader {
    due: Due,
    /// A script takes it from a variable or an argument.
    pub scripted: bool,
    /// A comment mentions it, and the next one may continue.
    comment: bool,
}

/// Which of the next words may be a cookie.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Due {
    #[default]
    None,
    /// The next, if it is not a flag.
    Value,
    /// The next, even a flag.
    One,
    /// The next, and a value after it: `-setcookie NODE COOKIE`.
    Two,
    /// All.
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

    /// A word that mentions a cookie. `certain`: it is the value of a flag before it.
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
                // The name of a variable after `-env`, or of a function: its value follows.
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
            // It may be a script that begins with an assignment.
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

    /// A text that a shell or the VM may split otherwise than at blanks: only the part before the flag is shown, and only
    /// where the cookie cannot come from it.
    fn script(&mut self, text: &str) -> String {
        self.scripted |= text.contains(['$', '`']);
        let mentions = |word: &&str| is_mentioned(word.as_bytes());
        let last = text.split_whitespace().last();
        if last.as_ref().is_some_and(mentions) {
            // A program like ssh appends the next word to it.
            self.expect(Due::Two);
        }
        let Some(word) = text.split_whitespace().find(mentions) else {
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

    /// A line of a file of flags. Values may be in the next one.
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
        // The end of the text in an open quote is not known.
        let mut quotes = ['\'', '"'].into_iter();
        if quotes.any(|quote| content.matches(quote).count() % 2 == 1) {
            self.due = Due::Rest;
        }
        if due { HIDDEN.into() } else { script }
    }
}
