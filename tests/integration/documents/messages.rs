//! docs/messages-*.md have each message of the program, and none that it does not print.
//!
//! Messages are made in many ways and of several parts. What they have in common is that they are prose: so each string
//! literal of src that has three plain words is a message, or a part of one, and so is each with a word that goes directly
//! to the log or into a failure ([`SINKS`]). Left out are tests, `debug!`, what `beaminit plan` prints, and [`CODE`].
//!
//! On the pages, each code span in the first column of a table is one such literal, with `<name>` for each value.

use std::collections::BTreeSet;

use super::source::{Literal, literals};
use crate::harness::tests;

/// What takes a message and nothing else.
const SINKS: [&str; 7] = [
    "error!",
    "warn!",
    "info!",
    "Failure::new",
    "Failure::config",
    "Failure::usage",
    "not_well",
];

/// Literals with words in them that are for other programs, by a part of them.
const CODE: [&str; 4] = [
    "# Kubernetes-managed hosts file",
    "a static binary for glibc needs RUSTFLAGS",
    "whereis(user_drv)",
    "inet:parse_strict_address",
];

fn words(text: &str) -> usize {
    let is_plain = |word: &str| {
        let word = word.trim_matches(|c| ".,;:?!()\"'`".contains(c));
        let word = word.replacen('\'', "", 1);
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase())
    };
    let text = text.replace("{}", " {} ");
    text.split_whitespace()
        .filter(|word| is_plain(word))
        .count()
}

fn is_message(literal: &Literal) -> bool {
    let Literal {
        place,
        text,
        within,
    } = literal;
    let mut around = within.iter().rev().filter(|name| *name != "format!");
    let direct = around.next().map_or("", String::as_str);
    let is_left_out = within.iter().any(|name| name == "debug!")
        || place.starts_with("src/plan/display.rs")
        || CODE.iter().any(|part| text.contains(part));
    let least = if SINKS.contains(&direct) { 1 } else { 3 };
    !is_left_out && words(text) >= least
}

/// Without what the log puts before it, and with one blank between two words.
fn plain(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for start in ["beaminit: error: ", "beaminit: warning: "] {
        text = text.strip_prefix(start).unwrap_or(&text).to_owned();
    }
    text
}

/// The pages, each with its name.
fn pages() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(tests().join("../docs"))
        .expect("docs")
        .flatten();
    let pages = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().expect("a name");
        let is_one = name.starts_with("messages-") && name.strip_suffix(".md").is_some();
        is_one.then(|| {
            let text = std::fs::read_to_string(entry.path()).expect("a page");
            (name, text)
        })
    });
    let mut pages: Vec<_> = pages.collect();
    pages.sort();
    pages
}

/// The rows of a page's tables, without their heads.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    let lines = page.lines().filter(|line| line.starts_with('|'));
    lines.filter(|line| !line.starts_with("| message |") && !line.starts_with("|--"))
}

/// The code spans of a text, in backticks or pairs of them.
fn spans(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let behind = &rest[start..];
        let fence = &behind[..behind.len() - behind.trim_start_matches('`').len()];
        let (span, behind) = behind[fence.len()..]
            .split_once(fence)
            .unwrap_or_else(|| panic!("a span without an end: {text}"));
        found.push(span.replace("\\|", "|"));
        rest = behind;
    }
    found
}

/// `<name>` becomes `{}`.
fn without_values(span: &str) -> String {
    let mut parts = span.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    let others = parts.map(|part| match part.split_once('>') {
        Some((_, behind)) => format!("{{}}{behind}"),
        None => format!("<{part}"),
    });
    plain(&(first + &others.collect::<String>()))
}

/// What the pages have: each message, and its page.
fn documented() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, page) in pages() {
        for row in rows(&page) {
            let message = row.split(" | ").next().expect("a cell");
            let spans = spans(message);
            assert!(!spans.is_empty(), "{name}: no message in {row}");
            all.extend(
                spans
                    .iter()
                    .map(|span| (without_values(span), name.clone())),
            );
        }
    }
    all
}

#[test]
fn each_message_is_on_a_page() {
    let documented: BTreeSet<String> = documented().into_iter().map(|(text, _)| text).collect();
    let literals = literals();
    let messages: Vec<_> = literals.iter().filter(|one| is_message(one)).collect();
    assert!(messages.len() > 300, "{} messages", messages.len());
    let missing: BTreeSet<String> = messages
        .iter()
        .filter(|one| !documented.contains(&plain(&one.text)))
        .map(|one| format!("{}: {}", one.place, plain(&one.text)))
        .collect();
    let list = missing.iter().cloned().collect::<Vec<_>>().join("\n");
    assert!(missing.is_empty(), "no page has these:\n{list}");
}

#[test]
fn each_message_of_a_page_is_the_programs() {
    let literals = literals();
    let texts: BTreeSet<String> = literals.iter().map(|one| plain(&one.text)).collect();
    let unknown: Vec<String> = documented()
        .into_iter()
        .filter(|(text, _)| !texts.iter().any(|one| one.contains(text.as_str())))
        .map(|(text, page)| format!("{page}: {text}"))
        .collect();
    let list = unknown.join("\n");
    assert!(unknown.is_empty(), "nothing in src says these:\n{list}");
}

#[test]
fn each_page_is_linked_and_each_row_is_whole() {
    let index = std::fs::read_to_string(tests().join("../docs/messages.md")).expect("the index");
    for (name, page) in pages() {
        let is_linked = index.contains(&format!("({name})"));
        assert!(is_linked, "messages.md does not link {name}");
        assert!(page.lines().count() <= 250, "{name} is too long");
        for row in rows(&page) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
            let is_whole = cells.len() == 3 && cells.iter().all(|cell| !cell.trim().is_empty());
            assert!(is_whole, "{name}: not message, why and what to do: {row}");
        }
    }
}
