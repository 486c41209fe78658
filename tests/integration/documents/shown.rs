//! What README.md and docs show is run by tests/run, or it is said that it is run by hand.

use std::collections::BTreeSet;

use super::tests_of;
use crate::harness::tests;

/// Who does what a document shows.
enum By {
    /// This file, which is a part of tests/run, by a line with this text in it.
    Line(&'static str, &'static str),
    /// This test of these.
    Test(&'static str),
    /// Only who reads it: its paragraph says "by hand".
    Hand,
}
use By::{Hand, Line, Test};

/// All that docker/podman/README.md shows at a prompt.
const PODMAN: By = Line(
    "tests/containers/podman",
    "eval \"$(sed -n '/^```console$/,/^```$/ s/^[$>] //p' README.md)\"",
);

/// What the documents show at a prompt and in their text, by its beginning; the first row that fits counts.
const SHOWN: &[(&str, By)] = &[
    (
        "docker/build",
        Line("tests/run", "check_from_nothing images docker/build"),
    ),
    (
        "docker/cluster",
        Line("tests/run", "check_from_nothing cluster docker/cluster"),
    ),
    (
        "docker/demo",
        Line("tests/run", "check_from_nothing demo docker/demo"),
    ),
    ("docker/oci", Line("tests/package", "docker/oci")),
    ("docker/release", Hand),
    (
        "docker/try",
        Line(
            "tests/containers/manifests",
            "`docker/try [^`]*`' README.md",
        ),
    ),
    (
        "FEATURES=full docker/build",
        Line("tests/manifests/start", "FEATURES=$features docker/build"),
    ),
    (
        "docker compose up",
        Line(
            "tests/containers/compose",
            "`docker compose up[^`]*`' docs/compose.md",
        ),
    ),
    (
        "docker swarm init",
        Line("tests/containers/swarm", "docker swarm init"),
    ),
    (
        "openssl rand -hex 32 | docker secret create",
        Line("tests/containers/swarm", "| docker secret create"),
    ),
    (
        "docker stack deploy",
        Line("tests/containers/swarm", "docker stack deploy"),
    ),
    (
        "docker service scale",
        Line("tests/containers/swarm", "docker service scale"),
    ),
    ("docker/base", Line("docker/build", "docker/base")),
    (
        "docker exec -it CONTAINER /beaminit bin/app remote",
        Line(
            "tests/containers/clients",
            "docker exec -it $node /beaminit bin/hello",
        ),
    ),
    (
        "docker exec CONTAINER /beaminit probe --ready",
        Line("tests/containers/probe", "/beaminit probe --ready"),
    ),
    (
        "docker exec CONTAINER /beaminit peers",
        Line("tests/containers/podman", "/beaminit peers"),
    ),
    (
        "docker exec CONTAINER /beaminit plan",
        Line("tests/containers/readme", "/beaminit plan"),
    ),
    (
        "docker run --rm --entrypoint /beaminit",
        Line("tests/containers/readme", "`docker run [^`]* plan"),
    ),
    (
        "docker run IMAGE bin/migrate",
        Line("tests/containers/migrations", "beaminit-elixir bin/migrate"),
    ),
    (
        "docker run --init",
        Line("tests/containers/under-an-init", "--init"),
    ),
    ("docker stop -t", Line("docker/lib", "docker stop -t")),
    ("docker load", Line("tests/package", "docker load --input")),
    ("docker save", PODMAN),
    ("openssl rand -hex 32 | podman secret create", PODMAN),
    ("podman", PODMAN),
    ("for n in 0 1 2", PODMAN),
    ("tests/run", Line(".ci/run", "tests/run")),
    (
        "tests/matrix",
        Line("tests/run", "check matrix tests/matrix"),
    ),
    (
        "tests/reproducible",
        Line("tests/run", "check reproducible tests/reproducible"),
    ),
    (
        "tests/containers/",
        Line("tests/run", "check containers/TEST tests/containers/TEST"),
    ),
    (
        "tests/package",
        Line("tests/run", "check package tests/package"),
    ),
    ("tests/release", Hand),
    ("tests/bench/", Hand),
    ("tests/book", Hand),
    ("tests/fuzz/", Hand),
    ("SUITE=trixie tests/containers/", Hand),
    (
        "cargo build --release",
        Line("docker/lib", "cargo build --release"),
    ),
    (
        "cargo deny check licenses",
        Line("tests/run", "cargo deny --locked check licenses"),
    ),
    ("cargo deny check advisories", Hand),
    ("cargo test", Line("tests/run", "cargo test --locked")),
    ("cargo install", Line("tests/static", "cargo install")),
    (
        "SNAME=",
        Test("documents::the_plan_that_is_shown_is_a_plan"),
    ),
    (
        "beaminit-attach app-0 -n prod",
        Test("attach::a_shell_of_iex_where_the_node_has_it"),
    ),
    // No cluster is here: what they apply is rendered, checked and run, and a stand-in forwards.
    (
        "kubectl create secret",
        Line(
            "tests/manifests/render.py",
            "^\\$ (kubectl create secret .*)$",
        ),
    ),
    (
        "kubectl apply",
        Line("tests/manifests/render.py", "kubectl kustomize"),
    ),
    (
        "kubectl kustomize",
        Line("tests/manifests/render.py", "kubectl kustomize"),
    ),
    ("kubectl exec", Line("tests/attach/kubectl", "exec")),
    (
        "kubectl port-forward",
        Line("tests/attach/kubectl", "port-forward"),
    ),
    (
        "oc create secret",
        Line("tests/manifests/run.py", "render.documented_secret(README)"),
    ),
    (
        "IMAGE=",
        Line("tests/containers/kubernetes", "tests/kubernetes stateful"),
    ),
    (
        "oc process",
        Line("tests/manifests/render.py", "In the place of `oc process`"),
    ),
];

#[test]
fn what_is_shown_is_run() {
    let root = tests().join("..");
    let of = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let known = tests_of("");
    let mut unused: BTreeSet<&str> = SHOWN.iter().map(|(start, _)| *start).collect();
    let set_ups = ["kubernetes", "podman", "swarm"].map(|name| {
        let path = format!("docker/{name}/README.md");
        let text = of(&path);
        (path, text)
    });
    for (document, text) in super::documents().into_iter().chain(set_ups) {
        let prompts = text.lines().filter_map(|line| line.strip_prefix("$ "));
        let mut shown: Vec<(String, String)> = prompts
            .map(|line| (line.to_owned(), String::new()))
            .collect();
        if !document.starts_with("docker/") {
            shown.extend(commands(&text, &root));
        }
        for (command, paragraph) in shown {
            let mut rows = SHOWN.iter().filter(|(start, _)| command.starts_with(start));
            let (start, by) = rows
                .next()
                .unwrap_or_else(|| panic!("{document}: nothing runs {command}"));
            match by {
                Line(file, text) => assert!(of(file).contains(text), "{command}: {file}"),
                Test(name) => assert!(known.contains(*name), "{command}: {name}"),
                Hand => assert!(paragraph.contains("by hand"), "{command}: by hand?"),
            }
            unused.remove(start);
        }
    }
    assert!(unused.is_empty(), "no document shows {unused:?}");
}

/// The command lines in the text of a document, outside its blocks, each with its paragraph.
fn commands(text: &str, root: &std::path::Path) -> Vec<(String, String)> {
    let outside: String = text.split("\n```").step_by(2).collect();
    let mut found = Vec::new();
    for paragraph in outside.split("\n\n") {
        // Messages have backticks of their own.
        let lines = paragraph.lines().filter(|line| !line.contains("``"));
        let paragraph = lines.collect::<Vec<_>>().join(" ");
        for span in paragraph.split('`').skip(1).step_by(2) {
            let is_variable = |word: &&str| word.contains('=') && !word.contains('/');
            let words: Vec<&str> = span.split(' ').skip_while(is_variable).collect();
            let program = words.first().copied().unwrap_or_default();
            let ours = ["docker/", "tests/"]
                .iter()
                .any(|at| program.starts_with(at))
                && is_program(&root.join(program));
            let others = ["docker", "cargo", "kubectl", "oc"].contains(&program);
            let is_option = words.get(1).is_some_and(|word| word.starts_with('-'));
            if ours || others && words.len() > 1 && !is_option {
                found.push((span.to_owned(), paragraph.clone()));
            }
        }
    }
    found
}

fn is_program(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
