//! `${NAME}` and `${NAME:-default}`, as the start scripts of relx and distillery replace them in a release's files.

/// Looks up a variable.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces them line by line, until none is left; one that nobody sets, and that has no default, becomes `unset`.
pub fn expand(text: &str, variable: Variable, unset: &str) -> String {
    let lines = text.split('\n');
    let lines = lines.map(|line| expand_line(line, variable, unset));
    lines.collect::<Vec<_>>().join("\n")
}

fn expand_line(line: &str, variable: Variable, unset: &str) -> String {
    // A value may hold another `${…}`; one that holds itself must not go round for ever.
    const MOST: usize = 1000;
    let mut text = line.to_owned();
    for _ in 0..MOST {
        let Some((before, inside, after)) = first(&text) else {
            break;
        };
        let (name, default) = inside.split_once(":-").unwrap_or((inside, unset));
        let value = variable(name).filter(|value| !value.is_empty());
        let value = value.unwrap_or_else(|| default.to_owned());
        text = format!("{before}{value}{after}");
    }
    text
}

/// What stands before, in and behind the first `${…}`.
fn first(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

/// The variables that a text names and nobody sets, each once; those with a default are none of them.
pub fn unset(text: &str, variable: Variable) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for mut line in text.lines() {
        while let Some((_, name, after)) = first(line) {
            line = after;
            let is_set = variable(name).is_some_and(|value| !value.is_empty());
            if !is_set && !name.contains(":-") && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<String> {
        match name {
            "A" => Some("1".to_owned()),
            "B" => Some("${A}".to_owned()),
            "LOOP" => Some("${LOOP}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn expands_as_relx_does() {
        for (text, expected) in [
            ("-name app@${A}", "-name app@1"),
            ("${NONE:-x} ${NONE}", "x "),
            ("${A:-x}", "1"),
            ("${B}", "1"),
            ("${open\n}", "${open\n}"),
            ("${open\n${A}", "${open\n1"),
            ("$A {A}", "$A {A}"),
        ] {
            assert_eq!(expand(text, &variable, ""), expected, "{text}");
        }
        assert_eq!(expand("${LOOP}", &variable, ""), "${LOOP}");
        assert_eq!(expand("${NONE}@${A} ${EMPTY}", &variable, "?"), "?@1 ?");
    }

    #[test]
    fn finds_what_nobody_sets() {
        let text = "${A} ${NONE:-x} ${NONE} ${EMPTY}\n${NONE} ${open";
        assert_eq!(unset(text, &variable), ["NONE", "EMPTY"]);
    }
}
