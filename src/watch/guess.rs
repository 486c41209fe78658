//! Where in the release's files a value of the node's seems to come from.

use std::path::PathBuf;

use crate::system::Place;
use crate::system::files::text_of;

/// The first line that sets one of these: a variable, a flag, or the node's name.
pub fn line_that_sets(texts: &[&str], files: &[PathBuf]) -> Option<Place> {
    let in_file = |file: &PathBuf, text: &str| {
        let lines = text_of(file).ok()?;
        let at = lines.lines().position(|line| sets(line, text))?;
        Some(Place::File(file.clone(), at + 1))
    };
    let mut texts = texts.iter();
    texts.find_map(|text| files.iter().find_map(|file| in_file(file, text)))
}

/// A name may be that of a program in the same line, so that it counts only behind a flag or in an assignment.
fn sets(line: &str, text: &str) -> bool {
    if line.trim_start().starts_with(['#', '%']) {
        return false;
    }
    let is_end = |c: char| c.is_whitespace() || "\"',;{}()".contains(c);
    let words: Vec<&str> = line.split(is_end).filter(|word| !word.is_empty()).collect();
    let is_assigned = |word: &&str| {
        word.strip_prefix(text)
            .is_some_and(|rest| rest.starts_with('='))
    };
    match text {
        "inet_dist_listen_min" => words.contains(&text),
        "-setcookie" => [text, "--cookie"].iter().any(|flag| words.contains(flag)),
        "ERL_AFLAGS" | "RELEASE_NODE" | "RELEASE_COOKIE" => {
            let is_unset =
                words.contains(&text) && words.iter().any(|word| ["unset", "-u"].contains(word));
            is_unset || words.iter().any(is_assigned)
        }
        _ => line.contains(text) && words.iter().any(|word| names(word)),
    }
}

/// Is this word a flag, or an assignment, of a node's name?
fn names(word: &str) -> bool {
    const FLAGS: [&str; 4] = ["-name", "-sname", "--name", "--sname"];
    const VARIABLES: [&str; 2] = ["RELEASE_NODE", "RELEASE_NAME"];
    let variable = word.split_once('=').map(|(name, _)| name);
    FLAGS.contains(&word) || variable.is_some_and(|name| VARIABLES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_has_a_text_by_chance_does_not_set_it() {
        for (text, line, expected) in [
            ("mixapp", "exec /srv/app/bin/mixapp start", false),
            ("mixapp", "RELEASE_TMP=/tmp exec bin/mixapp start", false),
            ("mixapp", "# -name mixapp", false),
            ("mixapp", "exec erl -sname mixapp", true),
            (
                "mixapp",
                "RELEASE_NAME=\"${RELEASE_NAME:-\"mixapp\"}\"",
                true,
            ),
            ("a@h.example", "-name a@h.example", true),
            ("a@h.example", "set -- --name 'a@h.example'", true),
            ("a@h.example", "export RELEASE_NODE=\"a@h.example\"", true),
            ("a@h.example", "echo the node is a@h.example", false),
            ("RELEASE_NODE", "export RELEASE_NODE=", true),
            ("RELEASE_NODE", "echo $RELEASE_NODE", false),
            ("ERL_AFLAGS", "export PORT=1 ERL_AFLAGS='+K true'", true),
            ("ERL_AFLAGS", "unset ERL_AFLAGS", true),
            ("ERL_AFLAGS", "exec env -u ERL_AFLAGS erl", true),
            ("ERL_AFLAGS", "exec erl $ERL_AFLAGS", false),
            ("ERL_AFLAGS", "MY_ERL_AFLAGS=1", false),
            (
                "inet_dist_listen_min",
                "[{kernel, [{inet_dist_listen_min, 9100}]}].",
                true,
            ),
            (
                "inet_dist_listen_min",
                "export F=\"-kernel inet_dist_listen_min 9100\"",
                true,
            ),
            (
                "inet_dist_listen_min",
                "%% inet_dist_listen_min 9100",
                false,
            ),
            ("-setcookie", "-setcookie secret", true),
            ("-setcookie", "exec iex --cookie secret", true),
            ("-setcookie", "echo no_-setcookie_here", false),
            ("RELEASE_COOKIE", "RELEASE_COOKIE=other", true),
        ] {
            assert_eq!(sets(line, text), expected, "{text} in {line}");
        }
    }
}
