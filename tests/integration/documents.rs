//! README.md and the pages of docs show what beaminit prints: the same comes when it is really run.

mod attach;
mod demo;
mod messages;
mod pages;
mod reference;
mod shown;
mod source;
mod tree;

use std::path::Path;

use crate::clusters::*;
use crate::harness::*;

/// README.md and the pages of docs, each with its path from the root.
fn documents() -> Vec<(String, String)> {
    let root = tests().join("..");
    let pages = std::fs::read_dir(root.join("docs")).expect("docs");
    let pages = pages.map(|entry| entry.expect("an entry").file_name());
    let names = pages.map(|name| name.into_string().expect("a name"));
    let pages = names.filter(|name| Path::new(name).extension() == Some("md".as_ref()));
    let mut paths: Vec<String> = pages.map(|name| format!("docs/{name}")).collect();
    paths.push("README.md".to_owned());
    paths.sort_unstable();
    let read = |path: &String| std::fs::read_to_string(root.join(path)).expect(path);
    let texts: Vec<String> = paths.iter().map(read).collect();
    paths.into_iter().zip(texts).collect()
}

/// The one fenced block of a document that this is true of.
fn block(document: &str, is_it: impl Fn(&str) -> bool) -> String {
    let text = std::fs::read_to_string(tests().join("..").join(document)).expect(document);
    let fenced = text.split("\n```").skip(1).step_by(2);
    // What stands behind the fence is the block's language.
    let mut blocks = fenced
        .map(|block| block.split_once('\n').expect("a block").1.to_owned() + "\n")
        .filter(|block| is_it(block));
    let found = blocks.next().expect("a block");
    assert_eq!(blocks.next(), None, "{document} has two of them");
    found
}

#[test]
fn the_plan_that_is_shown_is_a_plan() {
    let block = block("docs/settings.md", |block| block.starts_with("$ SNAME="));
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
    let block = block("README.md", |block| block.contains("this pod (answered by"));
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
    assert_eq!(without_times(&seen), without_times(&block));
}

/// A log without what differs from start to start: `after 0.4s`.
fn without_times(log: &str) -> Vec<String> {
    let lines = log
        .lines()
        .map(|line| line.split(" after ").next().unwrap_or(line));
    lines.map(str::to_owned).collect()
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
fn the_table_of_what_is_supported_is_of_tests() {
    let page = tests().join("../docs/launchers.md");
    let page = std::fs::read_to_string(page).expect("launchers.md");
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim_matches(['|', ' ']);
        line.split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect()
    };
    let mut lines = page
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
