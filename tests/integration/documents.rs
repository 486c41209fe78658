//! README.md shows what beaminit prints: the same comes when it is really run.

mod attach;
mod shown;
mod tree;

use crate::clusters::*;
use crate::harness::*;

/// The fenced blocks of README.md.
fn blocks() -> Vec<String> {
    let readme = std::fs::read_to_string(tests().join("../README.md")).expect("README.md");
    let fenced = readme.split("\n```").skip(1).step_by(2);
    // What stands behind the fence is the block's language.
    fenced
        .map(|block| block.split_once('\n').expect("a block").1.to_owned() + "\n")
        .collect()
}

#[test]
fn the_readmes_plan_is_a_plan() {
    let blocks = blocks();
    let block = blocks
        .iter()
        .find(|block| block.starts_with("$ SNAME="))
        .expect("a plan");
    let (command, plan) = block.split_once('\n').expect("a command and its output");
    let (env, arguments) = command[2..]
        .split_once(" beaminit ")
        .expect("a command line");
    // On some machine, with no cluster around it.
    let mut pod = Pod::new("laptop").without("HOSTNAME");
    for assignment in env.split(' ') {
        let (name, value) = assignment.split_once('=').expect("NAME=VALUE");
        pod = pod.env(name, value);
    }
    assert_eq!(pod.beaminit(arguments).ends_with(0).stdout, plan);
}

#[test]
fn the_readmes_start_is_a_start() {
    let blocks = blocks();
    let block = blocks
        .iter()
        .find(|block| block.contains("this pod (answered by"))
        .expect("a start");
    // As the manifest above it in README.md sets it.
    let mut pod = stateful_pod()
        .service_account("prod")
        .env("POD_IP", "10.1.2.3")
        .env("ERLANG_COOKIE", "secret")
        .release("mix-release", "/srv/app");
    std::fs::rename(
        pod.place("/srv/app/bin/app1"),
        pod.place("/srv/app/bin/app"),
    )
    .unwrap();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let ended = pod.run("/srv/app/bin/app start").ends_with(0);
    let seen = ended.stderr.replace("/srv/app/", "/app/");
    assert_eq!(without_times(&seen), without_times(block));
}

/// A log without what differs from start to start: `after 0.4s`.
fn without_times(log: &str) -> Vec<String> {
    let lines = log
        .lines()
        .map(|line| line.split(" after ").next().unwrap_or(line));
    lines.map(str::to_owned).collect()
}

/// Words in the messages of README.md that stand for the reader's own.
const EXAMPLES: [&str; 5] = ["app", "foo", "nginx", "dns,", "dns"];

#[test]
fn the_readmes_messages_are_those_of_the_program() {
    let readme = std::fs::read_to_string(tests().join("../README.md")).expect("README.md");
    let source = source(&tests().join("../src"));
    let (_, table) = readme
        .split_once("| message | what to do |\n|---|---|\n")
        .expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    for row in rows {
        let message = row.rsplit_once(" | ").expect("two cells").0;
        // What is neither a value nor an example. A message may be put together of parts: three words of one do.
        let is_literal = |word: &&str| {
            let word = word.trim_end_matches(['.', ',', ';', ':', '?']);
            !EXAMPLES.contains(&word)
                && !word.contains(|c: char| c.is_ascii_digit() || "\"@.`|()…=".contains(c))
        };
        let clauses = message.split(';');
        let words: Vec<Vec<&str>> = clauses.map(|clause| clause.split(' ').collect()).collect();
        let mut runs = words
            .iter()
            .flat_map(|words| words.split(|word| !is_literal(word)));
        let is_said = |run: &[&str]| {
            let parts: Vec<String> = run.windows(3).map(|part| part.join(" ")).collect();
            let said = parts.iter().filter(|part| source.contains(*part)).count();
            // At its seams there are parts that nothing says as they are.
            said > 0 && said * 3 >= parts.len() * 2
        };
        assert!(runs.any(is_said), "nothing says {message}");
    }
}

/// All of the program's sources, a string that goes on in the next line in one piece.
fn source(folder: &std::path::Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all += &source(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            let pieces = text.split("\\\n").map(str::trim_start);
            all += &pieces.collect::<String>();
        }
    }
    all
}

/// The tests of this program whose names have this in them.
fn tests_of(part: &str) -> std::collections::BTreeSet<String> {
    let this = std::env::current_exe().expect("this program");
    let listed = std::process::Command::new(this)
        .args(["--list", part])
        .output();
    let listed = String::from_utf8(listed.expect("its tests").stdout).expect("text");
    let tests = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    tests.map(ToOwned::to_owned).collect()
}

#[test]
fn the_readmes_table_of_what_is_supported_is_of_tests() {
    let readme = std::fs::read_to_string(tests().join("../README.md")).expect("README.md");
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim_matches(['|', ' ']);
        line.split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect()
    };
    let mut lines = readme
        .lines()
        .skip_while(|line| !line.starts_with("| `real::table` |"));
    let columns = cells(lines.next().expect("the table"));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let mut promised = std::collections::BTreeSet::new();
    for row in rows.map(cells) {
        if row[0].starts_with("tests/containers/") {
            let script = tests().join("..").join(&row[0]);
            assert!(script.exists(), "there is no {}", row[0]);
            continue;
        }
        let tested = row
            .iter()
            .zip(&columns)
            .skip(1)
            .filter(|(cell, _)| *cell != "–");
        promised.extend(tested.map(|(_, column)| format!("real::table::{}::{column}", row[0])));
    }
    assert_eq!(promised, tests_of("real::table::"));
}
