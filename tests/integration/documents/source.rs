//! The string literals of src, without those of its tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use crate::harness::tests;

/// A string literal.
pub struct Literal {
    /// `src/config/mod.rs:12`.
    pub place: String,
    /// As it is printed, with `{}` for each value.
    pub text: String,
    /// What the brackets around it belong to, the innermost last: `warn!`, `Failure::config`.
    pub within: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Mark(char),
    Text(String),
}
use Token::{Mark, Text, Word};

/// All of them.
pub fn literals() -> &'static [Literal] {
    static ALL: LazyLock<Vec<Literal>> = LazyLock::new(|| {
        let mut all = Vec::new();
        read(&tests().join("../src"), "src", &mut all);
        assert!(all.len() > 1000, "{} literals", all.len());
        all
    });
    &ALL
}

fn read(folder: &Path, shown: &str, all: &mut Vec<Literal>) {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().expect("a name").to_string_lossy();
        let place = format!("{shown}/{name}");
        if path.is_dir() {
            read(&path, &place, all);
        } else if name.ends_with(".rs")
            && !["tests.rs", "properties.rs", "build.rs"].contains(&&*name)
        {
            let text = std::fs::read_to_string(&path).expect("a source");
            all.extend(literals_of(&place, &text));
        }
    }
}

fn literals_of(place: &str, source: &str) -> Vec<Literal> {
    let tokens = without_tests(tokens(source));
    let constants = constants(&tokens);
    let mut within: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        match token {
            Mark('(' | '[' | '{') => within.push(opened_by(&tokens[..at])),
            Mark(')' | ']' | '}') => drop(within.pop()),
            Text(text) => found.push(Literal {
                place: format!("{place}:{line}"),
                text: without_values(text, &constants),
                within: within.clone(),
            }),
            _ => {}
        }
    }
    found
}

/// `format!`, `Failure::new` or `push`, from what is before its bracket.
fn opened_by(before: &[(usize, Token)]) -> String {
    let tokens: Vec<&Token> = before
        .iter()
        .rev()
        .take(4)
        .map(|(_, token)| token)
        .collect();
    match tokens.as_slice() {
        [Mark('!'), Word(name), ..] => format!("{name}!"),
        [Word(name), Mark(':'), Mark(':'), Word(of)] => format!("{of}::{name}"),
        [Word(name), ..] => name.clone(),
        _ => String::new(),
    }
}

/// Those of one word: a message has the word itself, `ERLANG_COOKIE`.
fn constants(tokens: &[(usize, Token)]) -> BTreeMap<String, String> {
    let windows = tokens.windows(7).filter_map(|window| {
        let tokens: Vec<&Token> = window.iter().map(|(_, token)| token).collect();
        match tokens.as_slice() {
            [
                Word(keyword),
                Word(name),
                Mark(':'),
                Mark('&'),
                Word(_),
                Mark('='),
                Text(value),
            ] if keyword == "const" && !value.contains(char::is_whitespace) => {
                Some((name.clone(), value.clone()))
            }
            _ => None,
        }
    });
    windows.collect()
}

/// Puts constants in, and `{}` for any other value.
fn without_values(text: &str, constants: &BTreeMap<String, String>) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        plain += &rest[..at];
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            plain += &rest[..1];
            rest = &rest[2..];
        } else if let Some((value, behind)) = rest[1..].split_once('}') {
            let name = value.split(':').next().unwrap_or_default();
            plain += constants.get(name).map_or("{}", String::as_str);
            rest = behind;
        } else {
            plain += &rest[..1];
            rest = &rest[1..];
        }
    }
    plain + rest
}

/// Leaves out each item behind `#[cfg(test)]`.
fn without_tests(tokens: Vec<(usize, Token)>) -> Vec<(usize, Token)> {
    let mark: Vec<Token> = vec![
        Mark('#'),
        Mark('['),
        Word("cfg".into()),
        Mark('('),
        Word("test".into()),
        Mark(')'),
        Mark(']'),
    ];
    let mut kept = Vec::new();
    let mut rest = tokens.into_iter();
    while let Some(token) = rest.next() {
        kept.push(token);
        let start = kept.len().saturating_sub(mark.len());
        if !kept[start..].iter().map(|(_, token)| token).eq(&mark) {
            continue;
        }
        kept.truncate(start);
        let mut depth = 0;
        for (_, token) in rest.by_ref() {
            match token {
                Mark('(' | '[' | '{') => depth += 1,
                Mark(')' | ']') => depth -= 1,
                Mark('}') => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                Mark(';') if depth == 0 => break,
                _ => {}
            }
        }
    }
    kept
}

/// The words, marks and string literals of a source, each with its line; comments and characters are left out.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut found = Vec::new();
    let (mut rest, mut line, mut counted) = (source, 1, 0);
    while let Some(first) = rest.chars().next() {
        let at = source.len() - rest.len();
        line += source[counted..at].matches('\n').count();
        counted = at;
        let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '"' {
            let (text, behind) = string(&rest[1..]);
            found.push((line, Text(text)));
            rest = behind;
        } else if first == '\'' {
            rest = behind_character(rest);
        } else if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            let hashes = behind.len() - behind.trim_start_matches('#').len();
            if ["r", "br", "cr"].contains(&word) && behind[hashes..].starts_with('"') {
                let end = format!("\"{}", "#".repeat(hashes));
                let (text, behind) = behind[hashes + 1..].split_once(&end).expect("its end");
                found.push((line, Text(text.to_owned())));
                rest = behind;
            } else {
                // `b"…"` and `c"…"` are no words: what is behind is the literal.
                let is_prefix = ["b", "c"].contains(&word) && behind.starts_with(['"', '\'']);
                if !is_prefix {
                    found.push((line, Word(word.to_owned())));
                }
                rest = behind;
            }
        } else {
            found.push((line, Mark(first)));
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

/// What a string literal says, and the source behind it.
fn string(source: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = source.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (text, &source[at + 1..]),
            '\\' => match characters.next().expect("an escape").1 {
                'n' | 'r' | 't' => text.push(' '),
                // It goes on in the next line.
                '\n' => {
                    let behind = characters.as_str().trim_start();
                    characters = source.char_indices();
                    characters.nth(source[..source.len() - behind.len()].chars().count() - 1);
                }
                other => text.push(other),
            },
            _ => text.push(c),
        }
    }
    panic!("a string without an end: {source}");
}

/// Behind `'c'`, `'\u{a0}'` or the mark of a lifetime.
fn behind_character(source: &str) -> &str {
    let inner = &source[1..];
    if let Some(escape) = inner.strip_prefix('\\') {
        let end = escape[1..].find('\'').expect("its end");
        return &escape[end + 2..];
    }
    let mut characters = inner.chars();
    characters.next();
    characters.as_str().strip_prefix('\'').unwrap_or(inner)
}

#[test]
fn literals_are_read_as_the_compiler_reads_them() {
    let source = r##"
        const FILE: &str = "ERLANG_COOKIE_FILE"; // "no"
        fn f<'a>(c: char) -> Result<(), Failure> {
            if c == '"' || c == '\'' { warn!("{FILE} is {:?}, \"{{x}}\" and \
                    more", c) }
            Err(Failure::config(format!(r#"a "b" {c}"#)))
        }
        #[cfg(test)]
        mod tests { const A: &str = "no"; }
        const B: &[u8] = b"last";
    "##;
    let found = literals_of("a.rs", source);
    let found: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.place.as_str(),
                one.text.as_str(),
                one.within.last().map(String::as_str),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("a.rs:2", "ERLANG_COOKIE_FILE", None),
            (
                "a.rs:4",
                "ERLANG_COOKIE_FILE is {}, \"{x}\" and more",
                Some("warn!")
            ),
            ("a.rs:6", "a \"b\" {}", Some("format!")),
            ("a.rs:10", "last", None),
        ]
    );
}
