//! `beaminit-attach --help`, its manual page, docs/attach.md and, of the variables, docs/configuration.md say the same.

use std::collections::BTreeSet;

use crate::harness::tests;

fn document(path: &str) -> String {
    std::fs::read_to_string(tests().join("..").join(path)).expect(path)
}

fn help() -> String {
    let program = env!("CARGO_BIN_EXE_beaminit-attach");
    let output = std::process::Command::new(program).arg("--help").output();
    String::from_utf8(output.expect("it runs").stdout).expect("text")
}

/// A section of the manual page, without roff's escapes.
fn section(name: &str) -> String {
    let page = document("docs/beaminit-attach.1").replace("\\-", "-");
    let mut sections = page.split("\n.SH ");
    let section = sections.find_map(|section| section.strip_prefix(&format!("{name}\n")));
    section.expect(name).to_owned()
}

/// The headings of its paragraphs.
fn headings(name: &str) -> String {
    let section = section(name);
    let paragraphs = section.split(".TP\n").skip(1);
    let headings = paragraphs.map(|paragraph| paragraph.lines().next().expect("a heading"));
    headings.collect::<Vec<_>>().join("\n")
}

fn words(text: &str, is_one: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
    let words = words.filter(|word| is_one(word));
    words.map(ToOwned::to_owned).collect()
}

fn options(text: &str) -> BTreeSet<String> {
    words(text, |word| word.len() > 1 && word.starts_with('-'))
}

fn statuses(text: &str) -> BTreeSet<String> {
    words(text, |word| word.len() > 1 && word.parse::<u8>().is_ok())
}

fn variables(text: &str) -> BTreeSet<String> {
    let is_capital = |c: char| c.is_ascii_uppercase() || c == '_';
    words(text, |word| {
        word.contains('_') && word.chars().all(is_capital)
    })
}

#[test]
fn all_give_the_same_options() {
    let help = help();
    let usage = help.split("\nFrom the environment:").next().expect("usage");
    let mut expected = options(usage);
    assert!(expected.contains("--docker"), "{expected:?}");
    let page = document("docs/attach.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let mut listed = options(&rows.collect::<Vec<_>>().join("\n"));
    listed.extend(["--help", "--version", "--json"].map(str::to_owned));
    assert_eq!(listed, expected, "docs/attach.md");
    // Their other spellings.
    expected.extend(["-h", "-V", "--namespace", "--container"].map(str::to_owned));
    assert_eq!(options(&headings("OPTIONS")), expected, "the manual page");
}

#[test]
fn all_give_the_same_variables() {
    let help = help();
    let environment = help.split("\nFrom the environment:\n").nth(1);
    let lines = environment.expect("variables").lines();
    let names = lines.take_while(|line| !line.is_empty());
    let names = names.filter_map(|line| line.split_whitespace().next());
    let expected = variables(&names.collect::<Vec<_>>().join(" "));
    assert!(expected.contains("ERL_PORT"), "{expected:?}");
    assert_eq!(variables(&headings("ENVIRONMENT")), expected);
    let page = document("docs/configuration.md");
    let (_, section) = page
        .split_once("\n## beaminit-attach\n")
        .expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    for name in expected {
        assert!(section.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn all_give_the_same_exit_statuses() {
    let help = help();
    let expected = statuses(help.split_once("\nExit status:").expect("statuses").1);
    assert!(expected.contains("69"), "{expected:?}");
    assert_eq!(statuses(&headings("EXIT STATUS")), expected);
    let page = document("docs/attach.md");
    for status in expected.iter().filter(|status| *status != "128") {
        assert!(page.contains(&format!("| {status} |")), "{status}");
    }
}

#[test]
fn the_manual_page_is_of_this_version_and_has_the_helps_first_line() {
    let page = document("docs/beaminit-attach.1");
    let version = format!("\"beaminit {}\"", env!("CARGO_PKG_VERSION"));
    let title = page.lines().next().expect("a title");
    assert!(title.contains(&version), "{title}");
    let help = help();
    let first = help.lines().next().expect("a line");
    assert_eq!(section("NAME").trim(), first.replace(':', " -"));
    assert!(help.lines().count() <= 24 && help.lines().all(|line| line.len() <= 80));
}
