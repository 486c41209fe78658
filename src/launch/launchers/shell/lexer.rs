//! A script's words and operators. What stands in quotes, in `$(…)`, `${…}` or `` `…` `` belongs to its word, and what is
//! in a here-document to none.
//!
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_03>

/// A word as written, and its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// From 1.
    pub line: usize,
    /// Its quotes are still on.
    pub text: &'a str,
}

/// One or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A word.
    Word(Word<'a>),
    /// `;`, `;;`, `&`, `&&`, `|`, `||`, `(`, `)` or a line break.
    Operator(&'a str),
}

/// Takes a script apart.
pub fn tokens(script: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = script;
    let mut line = 1;
    // The ends of here-documents that begin behind this line.
    let mut documents: Vec<String> = Vec::new();
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\n' => 1,
            '#' => rest.find('\n').unwrap_or(rest.len()),
            ' ' | '\t' | '\r' => c.len_utf8(),
            '\\' if rest.starts_with("\\\n") => 2,
            _ => operator(rest).unwrap_or_else(|| word(rest)),
        };
        let (text, behind) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        rest = behind;
        match c {
            '#' | ' ' | '\t' | '\r' => {}
            '\n' => {
                found.push(Token::Operator("\n"));
                for end in documents.drain(..) {
                    let (lines, behind) = document(rest, &end);
                    line += lines;
                    rest = behind;
                }
            }
            _ if operator(text).is_some() => found.push(Token::Operator(text)),
            _ if text == "\\\n" => {}
            _ => {
                let opens = matches!(found.last(), Some(Token::Word(word)) if matches!(word.text, "<<" | "<<-"));
                let end = if opens {
                    Some(text)
                } else {
                    document_end(text)
                };
                documents.extend(end.map(|end| end.replace(['\'', '"', '\\'], "")));
                found.push(Token::Word(Word { line, text }));
            }
        }
        line += text.matches('\n').count();
    }
    found
}

/// The length of the operator that a text begins with.
fn operator(text: &str) -> Option<usize> {
    let operators = [";;", "&&", "||", ";", "&", "|", "(", ")"];
    let found = operators.iter().find(|one| text.starts_with(**one));
    found.map(|one| one.len())
}

/// The length of the word that a text begins with.
fn word(text: &str) -> usize {
    let mut open: Vec<char> = Vec::new();
    let mut before = ' ';
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let innermost = open.last().copied();
        // A single quote is one, unless a double one is around it, nearer than any command.
        let quoted = open.iter().rfind(|one| !matches!(one, '}')) == Some(&'"');
        match c {
            '\'' if innermost == Some('\'') => drop(open.pop()),
            _ if innermost == Some('\'') => {}
            '\\' => drop(characters.next()),
            _ if innermost == Some(c) => drop(open.pop()),
            '\'' if !quoted => open.push('\''),
            '"' | '`' => open.push(c),
            '(' if before == '$' || innermost == Some(')') => open.push(')'),
            '{' if before == '$' => open.push('}'),
            // `>&2`
            '&' if matches!(before, '<' | '>') => {}
            _ if innermost.is_none() && (c.is_ascii_whitespace() || ";&|()".contains(c)) => {
                return at;
            }
            _ => {}
        }
        before = c;
    }
    text.len()
}

/// The word that ends the here-document which a word begins.
fn document_end(word: &str) -> Option<&str> {
    let (number, end) = word.split_once("<<")?;
    let end = end.strip_prefix('-').unwrap_or(end);
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !end.is_empty() && !end.starts_with('<')).then_some(end)
}

/// The lines of a here-document, and what is behind it.
fn document<'a>(text: &'a str, end: &str) -> (usize, &'a str) {
    let mut rest = text;
    let mut lines = 0;
    while !rest.is_empty() {
        let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = behind;
        lines += 1;
        if line.trim_start_matches('\t') == end {
            break;
        }
    }
    (lines, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_scripts_apart() {
        for (script, expected) in [
            ("A=1 b;c", "1:A=1 1:b ; 1:c"),
            (
                "a&&b||c|d&e;;(f)",
                "1:a && 1:b || 1:c | 1:d & 1:e ;; ( 1:f )",
            ),
            ("a # it's\n'b ;\n c'd\te", "1:a \n 2:'b ;\n c'd 3:e"),
            ("a#b \\\n c", "1:a#b 2:c"),
            (r#"A="${B:-"c d"}" e"#, r#"1:A="${B:-"c d"}" 1:e"#),
            (r#"A="${B:-it's}" e"#, r#"1:A="${B:-it's}" 1:e"#),
            (r#"A="$(b "c (d)" ')')" e"#, r#"1:A="$(b "c (d)" ')')" 1:e"#),
            ("A=$((1 + (2))) `b c`", "1:A=$((1 + (2))) 1:`b c`"),
            (r#"a\ b "c\"d" 'e\' f"#, r#"1:a\ b 1:"c\"d" 1:'e\' 1:f"#),
            ("a >&2 2>&1 b", "1:a 1:>&2 1:2>&1 1:b"),
            ("a <<X b\nit's\nX\nc", "1:a 1:<<X 1:b \n 4:c"),
            ("a <<- 'X'\n\t;\n\tX\nc", "1:a 1:<<- 1:'X' \n 4:c"),
            ("a <<<X\nc", "1:a 1:<<<X \n 2:c"),
            ("a 'b\nc", "1:a 1:'b\nc"),
            ("a \\", "1:a 1:\\"),
            ("", ""),
        ] {
            let shown = tokens(script).into_iter().map(|token| match token {
                Token::Word(Word { line, text }) => format!("{line}:{text}"),
                Token::Operator(text) => text.to_owned(),
            });
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{script}");
        }
    }
}
