//! How text becomes arguments, and back: erlexec's quoting in ERL_AFLAGS and in args files; a shell's bare splitting of
//! `ELIXIR_ERL_OPTIONS` and `--erl`.
//!
//! erts/etc/common/erlexec.c: `'…'` is raw, `"…"` nearly, a backslash escapes outside quotes, pieces that touch join.

use std::net::IpAddr;
use std::ops::Range;

use crate::node::Cookie;
use crate::system::secrets::Text;

/// How a text is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// ERL_AFLAGS, ERL_FLAGS, ERL_ZFLAGS.
    Variable,
    /// An args file: the same, and `#` starts a comment, even inside a word.
    File,
    /// Split at blanks by a shell that expanded a variable: quotes are characters.
    Blanks,
}

/// One argument, and where it stands in the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    /// The argument, quotes resolved.
    pub text: String,
    /// Its bytes in the source.
    pub span: Range<usize>,
    /// Its line there, from 1.
    pub line: usize,
}

/// Splits a text into arguments.
pub fn split(text: &str, syntax: Syntax) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open: Option<Word> = None;
    let mut quote = None;
    let mut line = 1;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\n' {
            line += 1;
        }
        let quotes = syntax != Syntax::Blanks;
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (None, '\'' | '"') if quotes => {
                push(&mut open, at, line, None);
                quote = Some(c);
            }
            (None, '\\') if quotes => {
                let escaped = characters.next().map(|(_, next)| next);
                push(&mut open, at, line, escaped);
                line += usize::from(escaped == Some('\n'));
            }
            (None, '#') if syntax == Syntax::File => {
                close(&mut words, &mut open, at);
                while characters.next_if(|(_, next)| *next != '\n').is_some() {}
            }
            (None, c) if c.is_ascii_whitespace() => close(&mut words, &mut open, at),
            (_, c) => push(&mut open, at, line, Some(c)),
        }
    }
    close(&mut words, &mut open, text.len());
    words
}

fn push(open: &mut Option<Word>, at: usize, line: usize, c: Option<char>) {
    let word = open.get_or_insert_with(|| Word {
        text: String::new(),
        span: at..at,
        line,
    });
    word.text.extend(c);
}

fn close(words: &mut Vec<Word>, open: &mut Option<Word>, at: usize) {
    if let Some(mut word) = open.take() {
        word.span.end = at;
        words.push(word);
    }
}

/// Writes one argument so that erlexec reads it back as it is.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._:,/=+%-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    // A relx script expands `${…}` in args files, quoted or not: two pieces that touch are one word to erlexec alone.
    format!("'{}'", word.replace('\'', r"'\''").replace("${", "$''{"))
}

/// A cookie as a word that erlexec reads.
pub fn quoted_cookie(cookie: &Cookie) -> Text {
    Text::secret(quote(cookie.reveal()))
}

/// An address as Erlang writes it, in decimal numbers: a `#` begins a comment in an args file.
pub fn address(address: IpAddr) -> String {
    let numbers = match address {
        IpAddr::V4(v4) => v4.octets().map(|number| number.to_string()).join(","),
        IpAddr::V6(v6) => v6.segments().map(|number| number.to_string()).join(","),
    };
    format!("{{{numbers}}}")
}

/// The text without some of its parts, which must be in order.
pub fn without(text: &str, parts: &[Range<usize>]) -> String {
    let mut kept = String::new();
    let mut from = 0;
    for part in parts {
        kept += text.get(from..part.start).unwrap_or_default();
        from = part.end.max(from);
    }
    kept + text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, syntax: Syntax) -> Vec<String> {
        split(text, syntax)
            .into_iter()
            .map(|word| word.text)
            .collect()
    }

    #[test]
    fn splits_as_erlexec_does() {
        for (text, expected) in [
            ("-name a@b  -x\t1", vec!["-name", "a@b", "-x", "1"]),
            ("'a b' \"c d\" e\\ f", vec!["a b", "c d", "e f"]),
            ("'a'b\"c\"", vec!["abc"]),
            ("'' x", vec!["", "x"]),
            (r"'it'\''s'", vec!["it's"]),
            ("$HOME *", vec!["$HOME", "*"]),
            ("", vec![]),
        ] {
            assert_eq!(texts(text, Syntax::Variable), expected, "{text}");
        }
        assert_eq!(
            texts("-name a@b#c\n# all\n-x", Syntax::File),
            ["-name", "a@b", "-x"]
        );
        assert_eq!(texts("-eval 'a b'", Syntax::Blanks), ["-eval", "'a", "b'"]);
    }

    #[test]
    fn knows_where_words_stand() {
        let text = "# one\n-name x\n 'a\nb' -y";
        let words = split(text, Syntax::File);
        let lines: Vec<usize> = words.iter().map(|word| word.line).collect();
        assert_eq!(lines, [2, 2, 3, 4]);
        let spans: Vec<_> = words
            .iter()
            .map(|word| text.get(word.span.clone()))
            .collect();
        assert_eq!(
            spans,
            [Some("-name"), Some("x"), Some("'a\nb'"), Some("-y")]
        );
        assert_eq!(without("abcdef", &[1..2, 4..6]), "acd");
    }

    #[test]
    fn quotes_what_splits_back() {
        for word in [
            "plain", "", "a b", "it's", "\"", "\\", "#", "$x *", "${x}", "a'${b}'c", "'", "a@b.c",
            "-x",
        ] {
            for syntax in [Syntax::Variable, Syntax::File] {
                assert_eq!(texts(&quote(word), syntax), [word], "{word}");
                assert!(!quote(word).contains("${"), "{word}");
            }
        }
    }
}
