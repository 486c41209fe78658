//! `beaminit node --json`: how the node of this container is reached; and Node.js, which is called `node` too.

use crate::clusters::*;
use crate::harness::*;
use crate::probe::with_vm_at;
use crate::real::{NODE, SPEAK, clustered};

/// The command that opens a shell on it.
const SHELL: &str = r#""shell":["erl","-remsh","app@app-0.app.prod.svc.cluster.local"]"#;

#[test]
fn the_node_that_runs_here_with_and_without_its_cookie() {
    let (pod, _dns) = clustered();
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    node.says("node=");
    let without = node.enter([BEAMINIT, "node", "--json"]).ends_with(0);
    let expected = format!("{{\"node\":\"{NODE}\",\"port\":5555,\"epmd\":4369,{SHELL}}}\n");
    assert_eq!(without.stdout, expected, "{without}");
    let with = node.enter([BEAMINIT, "node", "--json", "--cookie"]);
    let with = with.ends_with(0);
    let expected = expected.replace('}', ",\"cookie\":\"chocolate\"}");
    assert_eq!(with.stdout, expected, "{with}");
}

#[test]
fn the_cookie_is_not_told_where_another_process_has_the_nodes_port() {
    let (_pod, running) = with_vm_at(5555, 6666);
    let told = |flag: &[&str]| {
        let words = [&[BEAMINIT, "node", "--json"], flag].concat();
        running.enter(words.as_slice()).ends()
    };
    assert_eq!(told(&["--cookie"]).code, 0);
    let holder = running.enter("takes-port 127.0.0.1 43691");
    holder.says("ready");
    let ended = told(&["--cookie"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (69, ""), "{ended}");
    assert!(
        ended.stderr.contains("but that of takes-port (pid"),
        "{ended}"
    );
    assert_eq!(told(&[]).code, 0);
}

#[test]
fn the_cookie_is_written_to_no_terminal() {
    let pod = stateful_pod()
        .env("ERLANG_COOKIE", "chocolate")
        .input(Input::Terminal);
    let refused = pod.beaminit("node --json --cookie -- erl").ends_with(64);
    assert!(
        refused.stdout.contains("standard output is a terminal")
            && !refused.stdout.contains("chocolate"),
        "{refused}"
    );
    let shown = pod.beaminit("node --json -- erl").ends_with(0);
    assert!(shown.stdout.starts_with("{\"node\":\"app@"), "{shown}");
}

#[test]
fn the_node_that_a_command_would_be() {
    let pod = stateful_pod()
        .program("erl", "prints-args")
        .env("ERLANG_COOKIE", "with \"quotes\"")
        .env("ERL_PORT", "5555")
        .env("BEAMINIT_EPMD", "off");
    let ended = pod.beaminit("node --json --cookie -- erl -noinput");
    let ended = ended.ends_with(0);
    let expected = format!(
        "{{\"node\":\"app@{OWN_NAME}\",\"port\":5555,{SHELL},\"cookie\":\"with \\\"quotes\\\"\"}}\n"
    );
    assert_eq!((ended.stdout, ended.stderr), (expected, String::new()));
}

#[test]
fn a_node_that_nothing_names() {
    let ended = Pod::new("laptop").beaminit("node --json").ends_with(78);
    assert!(
        ended.stdout.is_empty() && ended.stderr.starts_with("beaminit: error: "),
        "{ended}"
    );
}

#[test]
fn one_that_still_waits_is_no_node() {
    let mut pod = stateful_pod().env("BEAMINIT_PEERS", "hosts:other.example.com");
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.run("erl");
    dns.is_asked_for(OWN_NAME);
    let told = format!(
        "app is not started yet: it still waits for DNS to have app@{OWN_NAME} or app@{DASHED_NAME}"
    );
    let ended = node.enter([BEAMINIT, "node", "--json"]).ends_with(69);
    let line = format!("beaminit: error: {told}\n");
    assert_eq!((ended.stdout, ended.stderr), (String::new(), line));
    let ended = node.enter([BEAMINIT, "peers"]).ends_with(1);
    let line = format!("beaminit: warning: no peer counts as joined: {told}\n");
    assert!(ended.stderr.contains(&line), "{ended}");
}

#[test]
fn what_it_does_not_understand() {
    let ended = stateful_pod()
        .beaminit("node --json --pretty")
        .ends_with(64);
    let line = "beaminit: error: node: \"--pretty\" is not understood (node --json [--cookie] [-- COMMAND])\n";
    assert_eq!(ended.stderr, line);
}

#[test]
fn node_js_is_run() {
    let pod = Pod::new("web-0").program("node", "prints-args");
    for (words, arguments) in [
        ("node server.js", "server.js"),
        ("node --version", "--version"),
        ("-- node --json", "--json"),
    ] {
        let ended = pod.beaminit(words).ends_with(0);
        let given = ended.stdout.lines().filter(|line| line.starts_with("arg "));
        assert_eq!(given.collect::<Vec<_>>(), [format!("arg {arguments}")]);
    }
}

#[test]
fn attach_says_where_it_is() {
    let pod = Pod::new("app-0").program("attach", "prints-args");
    let ended = pod.beaminit("attach app-0").ends_with(64);
    let line = "beaminit: error: attach is a program of its own: run beaminit-attach on your machine, it comes with each release; a command of this name follows `--`\n";
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", line));
    pod.beaminit("-- attach app-0").ends_with(0);
}
