//! docs/configuration.md, docs/command-line.md and docs/exit-status.md have each variable, option and exit status of the
//! program, and no other.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Literal, literals};
use crate::clusters::stateful_pod;
use crate::harness::*;

/// Literals that look like a variable of the environment.
const NO_VARIABLES: [&str; 7] = [
    // Of the build.
    "BEAMINIT_BUILD",
    "BEAMINIT_VERSION",
    "CARGO_PKG_NAME",
    // By these a start script is recognised.
    "DISTILLERY_TASK",
    "RELEASE_ROOT",
    // A file; and the start of a name.
    "OTP_VERSION",
    "ERL_OTP",
];

/// Literals of one word that are variables, by what they are an argument of.
const READERS: [&str; 4] = ["read", "text", "keyword", "variable"];

fn page(name: &str) -> String {
    let path = tests().join("../docs").join(name);
    std::fs::read_to_string(path).expect(name)
}

/// The cells of the rows of all tables of a page.
fn rows(page: &str) -> Vec<Vec<String>> {
    let lines = page.lines().filter(|line| line.starts_with('|'));
    let rows = lines.map(|line| {
        let cells = line.trim_matches('|').split(" | ");
        cells.map(|cell| cell.trim().to_owned()).collect()
    });
    rows.collect()
}

/// The code spans of a cell.
fn spans(cell: &str) -> Vec<String> {
    let spans = cell.split('`').skip(1).step_by(2);
    spans.map(ToOwned::to_owned).collect()
}

fn is_variable(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && text.len() > 3
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && !text.ends_with('_')
}

/// The variables of beaminit: those with a meaning, a default and an example.
fn ours() -> BTreeMap<String, Vec<String>> {
    let rows = rows(&page("configuration.md")).into_iter();
    let rows = rows.filter(|cells| cells.len() == 4);
    let named = rows.filter_map(|cells| Some((spans(&cells[0]).pop()?, cells)));
    named.collect()
}

#[test]
fn each_variable_is_on_the_page_and_no_other() {
    let literals = literals();
    let is_read = |one: &&Literal| {
        let by = one.within.last().map_or("", String::as_str);
        one.text.contains('_') || READERS.contains(&by)
    };
    let known: BTreeSet<&str> = literals
        .iter()
        .filter(|one| is_variable(&one.text) && !NO_VARIABLES.contains(&one.text.as_str()))
        .filter(is_read)
        .map(|one| one.text.as_str())
        .collect();
    let rows = rows(&page("configuration.md"));
    let documented: Vec<String> = rows.iter().flat_map(|cells| spans(&cells[0])).collect();
    let unique: BTreeSet<&str> = documented.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), documented.len(), "one is there twice");
    let missing: Vec<_> = known.difference(&unique).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    let texts: BTreeSet<&str> = literals.iter().map(|one| one.text.as_str()).collect();
    let unknown: Vec<_> = unique.difference(&texts).collect();
    assert!(unknown.is_empty(), "not in src: {unknown:?}");
}

#[test]
fn each_of_our_variables_has_a_meaning_a_default_and_an_example() {
    let ours = ours();
    // Those whose misspelling is an error, and the rest of the start's own.
    let literals = literals();
    let read = literals.iter().filter(|one| {
        let place = one.place.as_str();
        place.starts_with("src/config/") || place.starts_with("src/init/settings.rs")
    });
    let read: BTreeSet<&str> = read
        .map(|one| one.text.as_str())
        .filter(|text| is_variable(text) && text.starts_with("BEAMINIT_"))
        .collect();
    assert!(read.len() > 20, "{read:?}");
    let missing: Vec<_> = read
        .iter()
        .filter(|name| !ours.contains_key(**name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A pod in which a node is planned, by these variables.
fn pod(variables: &[(&str, &str)]) -> Pod {
    let mut pod = stateful_pod().env("POD_NAMESPACE", "prod");
    for (name, value) in variables {
        if *name == "ERLANG_COOKIE_FILE" {
            pod = pod.without("ERLANG_COOKIE").file(value, "secret");
        }
        pod = pod.env(name, value);
    }
    pod
}

/// The values of a plan, without where they come from and warnings.
fn plan(variables: &[(&str, &str)]) -> String {
    let plan = pod(variables).beaminit("plan erl").ends_with(0).stdout;
    let lines = plan.lines().filter(|line| !line.starts_with("warning "));
    let values = lines.map(|line| line.split("  # ").next());
    values.flatten().collect::<Vec<_>>().join("\n")
}

#[test]
fn each_default_is_the_default() {
    let unset = plan(&[]);
    let mut tried = 0;
    for (name, cells) in ours() {
        if let [default] = spans(&cells[2]).as_slice()
            && cells[2].starts_with('`')
        {
            assert_eq!(plan(&[(&name, default)]), unset, "{name}={default}");
            tried += 1;
        }
    }
    assert!(tried > 12, "{tried}");
}

#[test]
fn each_example_is_accepted() {
    for (name, cells) in ours() {
        let [example] = spans(&cells[3]).try_into().expect(&name);
        let variables = [(name.as_str(), example.as_str())];
        pod(&variables).beaminit("plan erl").ends_with(0);
    }
}

#[test]
fn each_word_of_a_setting_is_on_the_page() {
    let ours = ours();
    let mut pod = stateful_pod();
    for name in ours.keys().filter(|name| name.starts_with("BEAMINIT_")) {
        pod = pod.env(name, "?");
    }
    let ended = pod.beaminit("plan erl").ends_with(78);
    let mut keywords = 0;
    for line in ended.stderr.lines() {
        // What might be a cookie is not shown.
        let Some((variable, words)) = line.split_once(": not one of ") else {
            continue;
        };
        let (variable, _) = variable.split_once(" is ").expect("its value");
        let name = variable.rsplit(' ').next().expect("a name");
        let words = words.split(';').next().expect("words");
        let documented = spans(&ours[name][1]);
        let missing = words
            .split(", ")
            .find(|word| !documented.iter().any(|span| span == word));
        assert_eq!(missing, None, "{name}");
        keywords += 1;
    }
    assert!(keywords > 9, "{}", ended.stderr);
}

/// The section of a page under a heading.
fn section(page: &str, heading: &str) -> String {
    let (_, behind) = page
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("no section {heading}"));
    behind.split("\n## ").next().unwrap_or_default().to_owned()
}

#[test]
fn each_option_is_on_the_page_and_no_other() {
    let literals = literals();
    let page = page("command-line.md");
    let is_option = |text: &str| {
        let name = text.trim_start_matches('-');
        let is_name = name.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
        text == "--" || text.starts_with('-') && !name.is_empty() && is_name
    };
    for (heading, files) in [
        ("beaminit", ["src/cli.rs"].as_slice()),
        ("beaminit peers", &["src/peers/options.rs"]),
        ("beaminit probe", &["src/probe/options.rs"]),
        ("beaminit node", &["src/local_node/info.rs"]),
        (
            "beaminit-attach",
            &["src/attach/options.rs", "src/attach/mod.rs"],
        ),
    ] {
        let in_files = |one: &&Literal| {
            let file = one.place.split(':').next().expect("a file");
            files.contains(&file)
        };
        let literals = literals.iter().filter(in_files);
        let texts = literals.map(|one| one.text.clone());
        // Of other programs: erl, iex and kubectl.
        let others = ["-remsh", "--remsh", "-i", "-it"];
        let mut known: BTreeSet<String> = texts
            .filter(|text| is_option(text) && !others.contains(&text.as_str()))
            .collect();
        if heading == "beaminit" {
            // By it `node` is told from Node.js.
            known.remove("--json");
            known.insert("--".to_owned());
        }
        let rows = rows(&section(&page, heading));
        let documented = rows.iter().flat_map(|cells| spans(&cells[0]));
        assert_eq!(documented.collect::<BTreeSet<_>>(), known, "{heading}");
    }
}

#[test]
fn each_exit_status_is_on_the_page_and_no_other() {
    let source = std::fs::read_to_string(tests().join("../src/exit.rs")).expect("exit.rs");
    let of_enum = source.lines().filter_map(|line| {
        let (_, number) = line.trim().strip_suffix(',')?.split_once(" = ")?;
        number.parse().ok()
    });
    let mut known: BTreeSet<u8> = of_enum.collect();
    assert!(known.contains(&69), "{known:?}");
    known.insert(0);
    let rows = rows(&page("exit-status.md"));
    let documented = rows.iter().filter_map(|cells| cells[0].parse().ok());
    assert_eq!(documented.collect::<BTreeSet<u8>>(), known);
}
