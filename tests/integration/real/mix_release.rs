//! A release of `mix release`: its start, its own files that say otherwise, and its clients.

use super::*;

const APP: &str = "/srv/mixapp/bin/mixapp";
const FILES: &str = "/srv/mixapp/releases/0.1.0";

fn with_release() -> (Pod, Dns) {
    let (pod, dns) = clustered();
    (pod.copy(&fixtures::mix_release(), "/srv/mixapp"), dns)
}

fn client(node: &Running, arguments: &[&str]) -> Ended {
    let mut command = vec![BEAMINIT, "--", APP];
    command.extend(arguments);
    node.enter(command.as_slice()).ends()
}

#[test]
fn its_own_cookie_serves_where_none_is_set() {
    let (pod, _dns) = with_release();
    let cookie = std::fs::read_to_string(fixtures::mix_release().join("releases/COOKIE")).unwrap();
    let node = pod.without("ERLANG_COOKIE").run([APP, "start"]);
    is_up(&node, NODE, &cookie, 5555);
    let asked = client(&node, &["rpc", "IO.puts(\"answer=#{node()}\")"]);
    assert!(asked.stdout.contains(&format!("answer={NODE}")), "{asked}");
}

#[test]
fn a_vm_args_that_says_otherwise() {
    for flags in [
        "-name other@elsewhere.example.com",
        "-sname other",
        "-setcookie other",
        "-setcookie one\n-setcookie two",
        "-setcookie",
        "-kernel inet_dist_listen_min 9999 inet_dist_listen_max 9999",
        "-kernel inet_dist_listen_min 9999",
    ] {
        let (pod, _dns) = with_release();
        let vm_args = format!("{FILES}/vm.args");
        let node = pod
            .file(&vm_args, format!("## mine\n{flags}\n"))
            .run([APP, "start"]);
        is_as_planned_or_refused(&node, &format!("{vm_args}:2"));
    }
}

#[test]
fn another_vm_args_that_says_otherwise() {
    let (pod, _dns) = with_release();
    let pod = pod
        .file("/srv/mine.args", "-sname other\n")
        .env("RELEASE_VM_ARGS", "/srv/mine.args");
    is_as_planned_or_refused(&pod.run([APP, "start"]), "/srv/mine.args:1");
}

#[test]
fn an_env_sh_that_says_otherwise() {
    for line in [
        "export RELEASE_NODE=other@elsewhere.example.com",
        "RELEASE_NODE=other@elsewhere.example.com",
        "export RELEASE_DISTRIBUTION=sname",
        "export RELEASE_COOKIE=other",
        "export ERL_AFLAGS='-sname other'",
        "export ELIXIR_ERL_OPTIONS='-sname other'",
        "case $RELEASE_COMMAND in start*) RELEASE_NODE=other@elsewhere.example.com;; esac",
        "RELEASE_NODE=\"app@${RELEASE_NODE_IP:-127.0.0.9}\"",
        "RELEASE_NODE=\"${RELEASE_NODE%@*}@127.0.0.9\"",
        "export RELEASE_NODE=\"canary-$RELEASE_NODE\"",
        "export \"RELEASE_NODE=app@127.0.0.9\"",
        "if [ -n \"$RELEASE_NODE\" ]; then RELEASE_NODE=app@127.0.0.9; fi",
        "if [ -z \"$RELEASE_NODE\" ]; then :; fi; export RELEASE_NODE=app@127.0.0.9",
        "RELEASE_COOKIE=\"pre$RELEASE_COOKIE\"",
        "export ELIXIR_ERL_OPTIONS='-name app@127.0.0.9'",
        "export ERL_OTP25_FLAGS='-sname other' ERL_OTP27_FLAGS='-sname other' ERL_OTP29_FLAGS='-sname other'",
        "export ERL_FLAGS='-sname other'",
    ] {
        let (pod, _dns) = with_release();
        let env_sh = format!("{FILES}/env.sh");
        let node = pod
            .file(&env_sh, format!("#!/bin/sh\n{line}\n"))
            .run([APP, "start"]);
        is_as_planned_or_refused(&node, &format!("{env_sh}:2"));
    }
}

#[test]
fn an_env_sh_that_leads_to_another_vm_args() {
    let (pod, _dns) = with_release();
    let env_sh = "export RELEASE_VM_ARGS=\"$RELEASE_ROOT/mine.args\"\n";
    let node = pod
        .file("/srv/mixapp/mine.args", "-sname other\n")
        .file(&format!("{FILES}/env.sh"), env_sh)
        .run([APP, "start"]);
    is_as_planned_or_refused(&node, "/srv/mixapp/mine.args:1");
}

#[test]
fn an_env_sh_that_has_a_port() {
    let env_sh =
        "export ELIXIR_ERL_OPTIONS='-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9100'\n";
    for (ours, port) in [("", 9100), ("5555", 5555)] {
        let (pod, _dns) = with_release();
        let node = pod
            .env("ERL_PORT", ours)
            .file(&format!("{FILES}/env.sh"), env_sh)
            .run([APP, "start"]);
        is_up(&node, NODE, "chocolate", port);
        let asked = client(&node, &["rpc", "IO.puts(\"answer=#{node()}\")"]);
        assert!(asked.stdout.contains(&format!("answer={NODE}")), "{asked}");
    }
}

#[test]
fn an_env_sh_that_names_every_vm() {
    let (pod, _dns) = with_release();
    let env_sh = "export ELIXIR_ERL_OPTIONS='-name app@127.0.0.9'\n";
    let node = pod
        .file(&format!("{FILES}/env.sh"), env_sh)
        .run([APP, "start"]);
    is_as_planned(&node);
    let asked = client(&node, &["rpc", "IO.puts(\"answer=#{node()}\")"]);
    assert!(asked.stdout.contains(&format!("answer={NODE}")), "{asked}");
}

#[test]
fn an_env_sh_that_only_gives_defaults_is_no_obstacle() {
    let (pod, _dns) = with_release();
    let defaults = "export RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE=\"${RELEASE_NODE:-other@elsewhere.example.com}\"\n";
    let node = pod
        .file(&format!("{FILES}/env.sh"), defaults)
        .run([APP, "start"]);
    is_as_planned(&node);
}

#[test]
fn its_clients_find_the_name_that_the_records_gave() {
    // In a plain Deployment only the dashed name has a record; nothing but the records says so to the client.
    let (pod, dns) = with_release();
    dns.withdraw(OWN_NAME);
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    let node = pod.run([APP, "start"]);
    is_up(&node, &format!("app@{DASHED_NAME}"), "chocolate", 5555);
    let asked = client(&node, &["rpc", "IO.puts(\"answer=#{node()}\")"]);
    assert!(
        asked.stdout.contains(&format!("answer=app@{DASHED_NAME}")),
        "{asked}"
    );
}

#[test]
fn start_iex_is_a_node_at_a_terminal() {
    let (pod, _dns) = with_release();
    let node = pod
        .env("TERM", "xterm")
        .input(Input::Terminal)
        .run([APP, "start_iex"]);
    is_as_planned(&node);
    node.prompts("iex(");
    node.signal(nix::sys::signal::Signal::SIGTERM);
    node.ends_with(0);
}

#[test]
fn what_needs_no_node_gets_none() {
    let (pod, _dns) = with_release();
    let ended = pod
        .run([APP, "eval", "IO.puts(\"alive=#{Node.alive?()}\")"])
        .ends_with(0);
    assert!(ended.stdout.contains("alive=false"), "{ended}");
    let ended = pod.run([APP, "version"]).ends_with(0);
    assert_eq!(ended.stdout, "mixapp 0.1.0\n");
}

#[test]
fn a_sys_config_that_has_a_port() {
    let kernel = "[{kernel, [{inet_dist_listen_min, 9100}, {inet_dist_listen_max, 9100}]}].\n";
    for (ours, port) in [("", 9100), ("5555", 5555)] {
        let (pod, _dns) = with_release();
        let node = pod
            .env("ERL_PORT", ours)
            .file(&format!("{FILES}/sys.config"), kernel)
            .run([APP, "start"]);
        is_up(&node, NODE, "chocolate", port);
    }
}

#[test]
fn a_remote_vm_args_that_says_otherwise() {
    for flags in [
        "-setcookie other",
        "-setcookie one\n-setcookie two",
        "-setcookie",
    ] {
        let (pod, _dns) = with_release();
        let node = pod
            .file(&format!("{FILES}/remote.vm.args"), format!("{flags}\n"))
            .run([APP, "start"]);
        is_as_planned(&node);
        let asked = client(&node, &["rpc", "IO.puts(\"answer=#{node()}\")"]);
        assert!(asked.stdout.contains(&format!("answer={NODE}")), "{asked}");
    }
}
