//! What beaminit says of itself.

use crate::clusters::*;
use crate::harness::*;

#[test]
fn help_and_version_are_answers_not_errors() {
    let help = Pod::new("laptop").beaminit("--help").ends_with(0);
    assert_eq!(help.stderr, "");
    let version = Pod::new("laptop").beaminit("--version").ends_with(0);
    // The commit is behind it, where this is a checkout.
    let words: Vec<_> = version.stdout.split_whitespace().collect();
    assert_eq!(words[..2], ["beaminit", env!("CARGO_PKG_VERSION")]);
    assert!(words.len() <= 3 && version.stdout.ends_with('\n'));
    let json = Pod::new("laptop").beaminit("--version --json").ends_with(0);
    let build: serde_json::Value = serde_json::from_str(&json.stdout).expect("an object");
    assert_eq!(build["program"], "beaminit");
    assert_eq!(build["version"], words[1]);
    let commit = words.get(2).map(|word| word.trim_matches(['(', ')']));
    assert_eq!(build["commit"].as_str(), commit);
    let target = build["target"].as_str().expect("a target");
    assert!(target.contains("-linux-"), "{target}");
    let features: &[&str] = if cfg!(feature = "full") {
        &["full"]
    } else {
        &[]
    };
    assert_eq!(build["features"], serde_json::json!(features));
}

#[test]
fn help_fits_a_terminal_and_names_every_variable() {
    let help = Pod::new("laptop").beaminit("--help").ends_with(0).stdout;
    assert!(help.lines().all(|line| line.len() <= 80), "{help}");
    for name in [
        "SNAME",
        "HOSTNAME",
        "CLUSTER_HOSTNAME",
        "POD_NAMESPACE",
        "POD_IP",
        "ERLANG_COOKIE",
        "ERLANG_COOKIE_FILE",
        "ERL_PORT",
        "BEAMINIT_NODE",
        "BEAMINIT_HOST",
        "BEAMINIT_DNS",
        "BEAMINIT_DNS_TIMEOUT",
        "BEAMINIT_SIGNALS",
        "BEAMINIT_STOP_DELAY",
        "BEAMINIT_STOP_TIMEOUT",
        "BEAMINIT_LOG",
        "BEAMINIT_LOG_FORMAT",
        "BEAMINIT_TERMINATION_LOG",
    ] {
        assert!(help.contains(name), "no {name} in:\n{help}");
    }
}

#[test]
fn help_is_given_whatever_the_environment_holds() {
    let pod = Pod::new("laptop")
        .env("ERL_PORT", "4369l")
        .env("BEAMINIT_HSOT", "pod");
    pod.beaminit("--help").ends_with(0);
    pod.beaminit("--version").ends_with(0);
}

#[test]
fn the_commit_is_that_of_the_packages_own_repository() {
    let folder = Directory::new();
    let runs = |program: &str, words: &str| {
        let mut command = std::process::Command::new(program);
        command
            .args(words.split(' '))
            .current_dir(&folder.0)
            .env("CARGO_PKG_VERSION", "1.2.3");
        let output = command.output().expect(program);
        assert!(output.status.success(), "{program} {words}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let script = tests().join("../src/build.rs");
    let compile = format!("--edition 2024 -o {}/build", folder.0.display());
    runs("rustc", &format!("{compile} {}", script.display()));
    let commit = |repository: &str| {
        runs("git", &format!("init --quiet {repository}"));
        let author = "-c user.name=a -c user.email=a@b.c";
        let commit = "commit --quiet --allow-empty --message first";
        runs("git", &format!("-C {repository} {author} {commit}"));
    };
    let version = || runs("env", "-C outer/package ../../build");
    commit("outer");
    std::fs::create_dir(folder.0.join("outer/package")).expect("a folder");
    let of_another = version();
    let line = "cargo:rustc-env=BEAMINIT_VERSION=1.2.3\n";
    assert!(of_another.ends_with(line), "{of_another}");
    commit("outer/package");
    let own = runs("git", "-C outer/package rev-parse --short=12 --verify HEAD");
    let line = format!("=1.2.3 ({})\n", own.trim());
    assert!(version().ends_with(&line), "{}", version());
}

#[test]
fn the_plan_of_what_runs_here_needs_no_command() {
    let waits = "#!/bin/sh\necho ready\nexec sleep 1000\n";
    let pod = asking_laptop().file_with_mode("/srv/bin/erl", waits, 0o755);
    let node = pod.run("erl -noinput");
    node.says("ready");
    let plan = |words: &[&str]| {
        let words = [&[BEAMINIT, "plan"], words].concat();
        node.enter(words.as_slice()).ends_with(0).stdout
    };
    let given = plan(&["--", "erl", "-noinput"]);
    assert!(
        given.contains("exec     /srv/bin/erl -noinput\n"),
        "{given}"
    );
    assert_eq!(plan(&[]), given);
    let ended = pod.beaminit("plan").ends_with(64);
    let line = "beaminit: error: no command, and no beaminit runs one here; ";
    assert!(ended.stderr.starts_with(line), "{ended}");
}

#[test]
fn the_log_has_our_own_words_alone() {
    let mut pod = stateful_pod().env("BEAMINIT_LOG", "debug");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let ended = pod.run("erl").ends_with(0);
    assert!(ended.stderr.contains("beaminit: debug: "), "{ended}");
    for line in ended.stderr.lines() {
        assert!(line.starts_with("beaminit: "), "{line}: {ended}");
        assert!(!line.contains("hickory"), "{line}: {ended}");
    }
}
