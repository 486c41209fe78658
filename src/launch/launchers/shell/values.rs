//! What a shell makes of a word, as far as it can be told without one.
//!
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_02>

/// The value, if it is one that no shell changes.
pub fn literal(word: &str) -> Option<String> {
    expanded(word, &|_| None)
}

/// The value, if nothing in it changes but variables that are known: `$NAME`, `${NAME}`.
pub fn expanded(word: &str, known: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let raw = word
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let text = raw.unwrap_or_else(|| unquoted(word));
    let changed = text.contains(['`', '\\', '"', '\'', ' ', '*', '~']);
    if changed || text.is_empty() || raw.is_some_and(|raw| raw.contains('$')) {
        return None;
    }
    let mut pieces = text.split('$');
    let mut value = pieces.next()?.to_owned();
    for piece in pieces {
        let (name, rest) = match piece.strip_prefix('{') {
            Some(inside) => inside.split_once('}')?,
            None => piece.split_at(piece.bytes().take_while(|c| is_of_name(*c)).count()),
        };
        value += &known(name)?;
        value += rest;
    }
    Some(value)
}

/// May it be in a variable's name?
fn is_of_name(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

/// Is it the value of this variable, if that has one: `$V`, `"${V:-…}"`?
pub fn keeps(word: &str, variable: &str) -> bool {
    let text = unquoted(word);
    if text.strip_prefix('$') == Some(variable) {
        return true;
    }
    let inside = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_prefix(variable));
    let Some(inside) = inside else {
        return false;
    };
    let mut depth = 1;
    let end = inside.find(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth == 0
    });
    let defaults = ["}", ":-", "-", ":=", "=", ":?", "?"];
    end.is_some_and(|end| end + 1 == inside.len())
        && defaults.iter().any(|mark| inside.starts_with(mark))
}

/// Is there something in it whenever this variable has a value?
pub fn refers(word: &str, variable: &str) -> bool {
    if word.starts_with('\'') {
        return false;
    }
    word.match_indices('$').any(|(at, _)| {
        let rest = word.get(at + 1..).unwrap_or_default();
        if let Some(rest) = rest.strip_prefix('{') {
            let rest = rest.strip_prefix(variable);
            rest.is_some_and(|rest| rest.starts_with(['}', ':', '-', '=', '?', '+']))
        } else {
            let rest = rest.strip_prefix(variable);
            rest.is_some_and(|rest| !rest.bytes().next().is_some_and(is_of_name))
        }
    })
}

/// Which word must be empty, for a test to come out like this: `[ -z "$V" ]` true, `test "$V"` false.
pub fn empty_for<'a>(test: &[&'a str], outcome: bool) -> Option<&'a str> {
    let (mut inside, mut outcome) = match test {
        ["[", inside @ .., "]"] | ["[[", inside @ .., "]]"] | ["test", inside @ ..] => {
            (inside, outcome)
        }
        _ => return None,
    };
    while let ["!", rest @ ..] = inside {
        (inside, outcome) = (rest, !outcome);
    }
    match (inside, outcome) {
        (["-z", word], true) | (["-n", word] | [word], false) => Some(word),
        ([word, "=" | "==", other], true) | ([word, "!=", other], false) => {
            // "x$V" = x
            let rest = unquoted(word).strip_prefix(unquoted(other))?;
            (other.starts_with(['"', '\'']) || !other.contains('$')).then_some(rest)
        }
        _ => None,
    }
}

/// Without the double quotes around it, or single ones with nothing in them.
pub fn unquoted(word: &str) -> &str {
    if word == "''" {
        return "";
    }
    let inside = word.strip_prefix('"');
    inside
        .and_then(|inside| inside.strip_suffix('"'))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_what_is_known() {
        let known = |name: &str| (name == "A").then(|| "/a".to_owned());
        for (word, expected) in [
            ("x", Some("x")),
            ("\"$A/b${A}c\"", Some("/a/b/ac")),
            ("$A", Some("/a")),
            ("$AB", None),
            ("${A:-x}", None),
            ("${A", None),
            ("'$A'", None),
            ("'a@b'", Some("a@b")),
            ("\"a b\"", None),
            ("$(x)", None),
            ("~/x", None),
            ("$", None),
            ("\"\"", None),
            ("", None),
        ] {
            assert_eq!(expanded(word, &known).as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn tells_whether_a_value_is_kept() {
        for (word, kept, within) in [
            ("$V", true, true),
            ("\"$V\"", true, true),
            ("${V}", true, true),
            ("\"${V:-a@b}\"", true, true),
            ("\"${V:-\"a@${X}\"}\"", true, true),
            ("${V-a}", true, true),
            ("${V:=a}", true, true),
            ("${V=a}", true, true),
            ("${V:?why}", true, true),
            ("${V:+a}", false, true),
            ("${V%@*}@b", false, false),
            ("${V:-a}@b", false, true),
            ("${V:-a}-${X}", false, true),
            ("pre$V", false, true),
            ("$V.x", false, true),
            ("$V_IP", false, false),
            ("app@$VX", false, false),
            ("${V_IP:-x}", false, false),
            ("${X:-$V}", false, true),
            ("'$V'", false, false),
            ("V", false, false),
            ("$", false, false),
            ("${", false, false),
            ("${V", false, false),
            ("", false, false),
        ] {
            let got = (keeps(word, "V"), refers(word, "V"));
            assert_eq!(got, (kept, within), "{word}");
        }
    }

    #[test]
    fn tells_what_a_test_wants_empty() {
        for (test, outcome, expected) in [
            ("[ -z $V ]", true, Some("$V")),
            ("[ -z $V ]", false, None),
            ("[ -n $V ]", false, Some("$V")),
            ("[ -n $V ]", true, None),
            ("test ! -n $V", true, Some("$V")),
            ("[[ $V ]]", false, Some("$V")),
            ("[ $V = \"\" ]", true, Some("$V")),
            ("[ $V != '' ]", false, Some("$V")),
            ("[ \"x$V\" = x ]", true, Some("$V")),
            ("[ $V = $V ]", true, None),
            ("[ $V = a@b ]", true, None),
            ("[ -z ]", false, Some("-z")),
            ("[ -z $V -o -n $X ]", true, None),
            ("grep -q $V", true, None),
        ] {
            let words: Vec<&str> = test.split(' ').collect();
            assert_eq!(empty_for(&words, outcome), expected, "{test} {outcome}");
        }
    }
}
