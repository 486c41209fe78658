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

/// The release with this text in one of its own files, started.
fn with_own(file: &str, text: &str) -> (Running, Dns) {
    let (pod, dns) = with_release();
    let pod = pod.file(&format!("{FILES}/{file}"), text);
    (pod.run([APP, "start"]), dns)
}

#[test]
fn a_vm_args_that_says_otherwise_is_beaten() {
    for flags in [
        "-name other@elsewhere.example.com",
        "-setcookie other",
        "-setcookie one\n-setcookie two",
        "-setcookie",
        "-kernel inet_dist_listen_min 9999 inet_dist_listen_max 9999",
        "-kernel inet_dist_listen_min 9999",
    ] {
        let (node, _dns) = with_own("vm.args", &format!("## mine\n{flags}\n"));
        is_as_planned(&node);
    }
}

// To the VM one -sname beats every -name, and the release's script passes both.
#[test]
fn a_vm_args_that_gives_a_short_name_is_refused() {
    let (node, _dns) = with_own("vm.args", "## mine\n-sname other\n");
    is_refused(&node, &format!("{FILES}/vm.args:2"));
}

#[test]
fn another_vm_args_that_gives_a_short_name_is_refused() {
    let (pod, _dns) = with_release();
    let pod = pod
        .file("/srv/mine.args", "-sname other\n")
        .env("RELEASE_VM_ARGS", "/srv/mine.args");
    is_refused(&pod.run([APP, "start"]), "/srv/mine.args:1");
}

#[test]
fn an_env_sh_that_says_otherwise_is_beaten() {
    for line in [
        "export RELEASE_NODE=other@elsewhere.example.com",
        "RELEASE_NODE=other@elsewhere.example.com",
        "export RELEASE_COOKIE=other",
        "case $RELEASE_COMMAND in start*) RELEASE_NODE=other@elsewhere.example.com;; esac",
        "RELEASE_NODE=\"app@${RELEASE_NODE_IP:-127.0.0.9}\"",
        "RELEASE_NODE=\"${RELEASE_NODE%@*}@127.0.0.9\"",
        "export RELEASE_NODE=\"canary-$RELEASE_NODE\"",
        "export \"RELEASE_NODE=app@127.0.0.9\"",
        "if [ -n \"$RELEASE_NODE\" ]; then RELEASE_NODE=app@127.0.0.9; fi",
        "if [ -z \"$RELEASE_NODE\" ]; then :; fi; export RELEASE_NODE=app@127.0.0.9",
        "RELEASE_COOKIE=\"pre$RELEASE_COOKIE\"",
        "export ELIXIR_ERL_OPTIONS='-name app@127.0.0.9'",
        "export ERL_AFLAGS='-proto_dist inet_tcp'",
        "export ERL_AFLAGS='-proto_dist inet_tcp' ELIXIR_ERL_OPTIONS='-hidden'",
    ] {
        let (node, _dns) = with_own("env.sh", &format!("#!/bin/sh\n{line}\n"));
        is_as_planned(&node);
    }
}

#[test]
fn an_env_sh_that_gives_a_short_name_is_refused() {
    let of_this_otp = format!("export ERL_OTP{}_FLAGS='-sname other'", fixtures::otp());
    for (line, place) in [
        (
            "export RELEASE_DISTRIBUTION=sname",
            "env.sh:2 sets RELEASE_DISTRIBUTION",
        ),
        ("export ERL_AFLAGS='-sname other'", "env.sh:2 has -sname"),
        ("export ERL_FLAGS='-sname other'", "env.sh:2 has -sname"),
        (
            "export ELIXIR_ERL_OPTIONS='-sname other'",
            "env.sh:2 has -sname",
        ),
        (&of_this_otp, "env.sh:2 has -sname"),
    ] {
        let (node, _dns) = with_own("env.sh", &format!("#!/bin/sh\n{line}\n"));
        is_refused(&node, &format!("{FILES}/{place}"));
    }
}

#[test]
fn an_env_sh_that_leads_to_a_short_name_is_refused() {
    let (pod, _dns) = with_release();
    let env_sh = "export RELEASE_VM_ARGS=\"$RELEASE_ROOT/mine.args\"\n";
    let node = pod
        .file("/srv/mixapp/mine.args", "-sname other\n")
        .file(&format!("{FILES}/env.sh"), env_sh)
        .run([APP, "start"]);
    is_refused(&node, "/srv/mixapp/mine.args:1");
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
    let env_sh = "export ELIXIR_ERL_OPTIONS='-name app@127.0.0.9'\n";
    let (node, _dns) = with_own("env.sh", env_sh);
    is_as_planned(&node);
    let asked = client(&node, &["rpc", "IO.puts(\"answer=#{node()}\")"]);
    assert!(asked.stdout.contains(&format!("answer={NODE}")), "{asked}");
}

#[test]
fn an_env_sh_that_only_gives_defaults_is_no_obstacle() {
    let defaults = "export RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE=\"${RELEASE_NODE:-other@elsewhere.example.com}\"\n";
    let (node, _dns) = with_own("env.sh", defaults);
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
        let (node, _dns) = with_own("remote.vm.args", &format!("{flags}\n"));
        is_as_planned(&node);
        let asked = client(&node, &["rpc", "IO.puts(\"answer=#{node()}\")"]);
        assert!(asked.stdout.contains(&format!("answer={NODE}")), "{asked}");
    }
}
