//! Text as it may be written to a log or a terminal: process names, DNS answers, names of nodes and errors of libraries have
//! characters that others have chosen.

use std::fmt::Write as _;

/// Of a text that others have written, no more is shown, in characters.
const LONGEST: usize = 200;

/// A text on one line: line ends, control characters and what is invisible are written as JSON escapes them, so that a JSON
/// object stays one. What Rust's `{:?}` has escaped already gets the same form.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((escaped, behind)) = of_rust(rest) {
            push_escaped(&mut line, escaped);
            rest = behind;
            continue;
        }
        match c {
            '\n' => line += "\\n",
            '\r' => line += "\\r",
            '\t' | '"' | '\'' | '\\' => line.push(c),
            c if c.escape_debug().len() == 1 => line.push(c),
            c => push_escaped(&mut line, c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    line
}

fn push_escaped(line: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(line, "\\u{unit:04x}");
    }
}

/// The character of `\u{1b}` at the beginning of a text, and what follows.
fn of_rust(text: &str) -> Option<(char, &str)> {
    let (number, behind) = text.strip_prefix("\\u{")?.split_once('}')?;
    let number = u32::from_str_radix(number, 16).ok()?;
    Some((char::from_u32(number)?, behind))
}

/// Several lines, each of them as [`one_line`].
pub fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(one_line).collect();
    lines.join("\n")
}

/// The beginning of a text that others have written.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_line() {
        for (text, expected) in [
            ("a \"b\"\t'c' \\ é 語 …", "a \"b\"\t'c' \\ é 語 …"),
            ("\u{1b}[2J\u{7}", "\\u001b[2J\\u0007"),
            ("a\r\nbeaminit: b\n", "a\\r\\nbeaminit: b\\n"),
            // A terminal may take it for ESC and a bracket.
            ("\u{9b}2J\u{7f}", "\\u009b2J\\u007f"),
            // Right to left, a line separator, no width, a tag.
            (
                "\u{202e}\u{2028}\u{200b}\u{e0041}",
                "\\u202e\\u2028\\u200b\\udb40\\udc41",
            ),
        ] {
            assert_eq!(one_line(text), expected, "{text:?}");
            let json = serde_json::from_str::<String>(&format!(
                "\"{}\"",
                one_line(&text.replace(['"', '\\', '\t'], ""))
            ));
            assert_eq!(
                json.ok(),
                Some(text.replace(['"', '\\', '\t'], "")),
                "{text:?}"
            );
        }
        assert_eq!(lines("a\n\u{1b}b\n"), "a\n\\u001bb\n");
        let quoted = format!("{:?}", "\u{1b}[2J\u{e0041}é\n");
        assert_eq!(one_line(&quoted), r#""\u001b[2J\udb40\udc41é\n""#);
        for plain in [r"\u{}", r"\u{zz}", r"\u{110000}", r"\u{1b", r"\u001b"] {
            assert_eq!(one_line(plain), plain);
        }
    }

    #[test]
    fn shortens_at_a_character() {
        let short = "é".repeat(200);
        assert_eq!(shortened(&short), short);
        assert_eq!(shortened(&format!("{short}x")), format!("{short}…"));
    }
}
