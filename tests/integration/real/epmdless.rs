//! BEAMINIT_EPMD=off: one port, no epmd, and the clients find the node all the same.

use super::*;

/// The pod of `clustered`, without epmd.
fn epmdless() -> (Pod, Dns) {
    let (pod, dns) = clustered();
    (pod.env("BEAMINIT_EPMD", "off"), dns)
}

/// The node is up as planned, and there is no epmd, not even one that nobody asked.
#[track_caller]
fn is_up_without_epmd(node: &Running) {
    is_as_planned(node);
    has_no_epmd(node);
}

#[track_caller]
fn has_no_epmd(node: &Running) {
    assert_eq!(node.inmate("epmd"), None, "{}", node.transcript());
}

#[track_caller]
fn client(node: &Running, command: &[&str]) -> Ended {
    let mut words = vec![BEAMINIT, "--"];
    words.extend(command);
    node.enter(words.as_slice()).ends()
}

#[test]
fn two_nodes_connect() {
    let (pod, dns) = epmdless();
    let mut other = Pod::with_addresses("app-1", &["10.1.2.4"]).in_namespace("prod");
    for (name, value) in [
        ("SNAME", "app"),
        ("CLUSTER_HOSTNAME", "app"),
        ("ERLANG_COOKIE", "chocolate"),
        ("ERL_PORT", "5555"),
        ("BEAMINIT_EPMD", "off"),
    ] {
        other = other.env(name, value);
    }
    let others_dns = other.nameserver(CLUSTER_DNS);
    for dns in [&dns, &others_dns] {
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        dns.publish_pod(SIBLING, "10.1.2.4");
    }
    pod.network().wire("10.1.2.3", other.network(), "10.1.2.4");
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    is_up_without_epmd(&node);
    let ping = format!(
        "pong = net_adm:ping('{NODE}'), Back = erpc:call('{NODE}', erlang, nodes, []), io:format(\"back=~p~n\", [Back])."
    );
    let second = other.run(["erl", "-noinput", "-eval", &ping]);
    second.says(&format!("back=['app@{SIBLING}']"));
    assert_eq!(second.listening(), BTreeSet::from([5555]));
    has_no_epmd(&second);
    has_no_epmd(&node);
}

#[test]
fn elixir_with_options_of_its_own() {
    let (pod, _dns) = epmdless();
    let pod = pod
        .copy(&fixtures::mix_project(), "/srv/project")
        .working_directory("/srv/project")
        .env("MIX_ENV", "prod")
        .env("ERL_ZFLAGS", "-start_epmd true -erl_epmd_port 7777");
    let node = pod.run([
        "elixir",
        "--erl",
        "+K true",
        "-S",
        "mix",
        "run",
        "--no-halt",
    ]);
    is_up_without_epmd(&node);
    stops_gracefully(&node);
}

const MIX: &str = "/srv/mixapp/bin/mixapp";
const RELX: &str = "/srv/relxapp/bin/relxapp";

#[test]
fn a_mix_release_that_does_so_itself() {
    let flags = "-start_epmd false\n-erl_epmd_port 5555\n";
    for both in [false, true] {
        let (pod, _dns) = epmdless();
        let files = "/srv/mixapp/releases/0.1.0";
        let mut pod = pod
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .file(&format!("{files}/vm.args"), flags);
        if both {
            let remote = format!("{flags}-dist_listen false\n");
            pod = pod.file(&format!("{files}/remote.vm.args"), remote);
        }
        let node = pod.without("ERL_PORT").run([MIX, "start"]);
        is_up_without_epmd(&node);
        let asked = client(&node, &[MIX, "rpc", "IO.puts(\"answer=#{node()}\")"]);
        assert!(asked.stdout.contains(&format!("answer={NODE}")), "{asked}");
        has_no_epmd(&node);
    }
}

#[test]
fn a_relx_release_and_its_clients() {
    let (pod, _dns) = epmdless();
    let vm_args = "-sname relxapp\n-setcookie own\n-start_epmd true\n-erl_epmd_port 6789\n";
    let pod = pod
        .copy(&fixtures::relx_release(), "/srv/relxapp")
        .file("/srv/relxapp/releases/0.1.0/vm.args", vm_args);
    let node = pod.env("TERM", "xterm").run([RELX, "foreground"]);
    is_up_without_epmd(&node);
    let asked = client(&node, &[RELX, "ping"]);
    assert!(asked.code == 0 && asked.stdout.contains("pong"), "{asked}");
    let asked = client(&node, &[RELX, "rpc", "erlang", "node"]);
    assert!(asked.code == 0 && asked.stdout.contains(NODE), "{asked}");
    let asked = client(&node, &[RELX, "eval", "io:format(\"~p\", [node()])."]);
    assert_eq!(asked.code, 0, "{asked}");
    let vm = node.inmate("beam.smp").expect("the VM").pid;
    let asked = client(&node, &[RELX, "pid"]);
    assert!(asked.stdout.contains(&vm.to_string()), "{asked}");
    let remote = [BEAMINIT, "--", RELX, "remote_console"];
    let (shell, typed) = node.enter_with(Input::Terminal, remote);
    shell.prompts(&format!("({NODE})1>"));
    type_at(typed, "io:format(\"sum=~p~n\", [40 + 2]).\n");
    shell.says("sum=42");
    has_no_epmd(&node);
    client(&node, &[RELX, "stop"]);
    let ended = node.ends_with(0);
    assert!(ended.stdout.contains("stopped"), "{ended}");
}

#[test]
fn it_tells_this_otp_by_its_files() {
    let (pod, _dns) = epmdless();
    let pod = pod.copy(&fixtures::mix_release(), "/srv/mixapp");
    let major = |plan: &Ended| {
        let line = plan
            .stdout
            .lines()
            .find(|line| line.starts_with("epmd "))
            .unwrap();
        let (_, rest) = line
            .split_once("; OTP ")
            .unwrap_or_else(|| panic!("{plan}"));
        rest.split(['.', ' ']).next().unwrap().to_owned()
    };
    let erl = major(&pod.plan("erl").ends_with(0));
    assert_eq!(major(&pod.plan("iex").ends_with(0)), erl);
    assert_eq!(major(&pod.plan([MIX, "start"]).ends_with(0)), erl);
    let say = "io:format(\"release=~s~n\", [erlang:system_info(otp_release)]), halt().";
    let ended = pod.first(["erl", "-noinput", "-eval", say]).ends_with(0);
    assert_eq!(ended.stdout, format!("release={erl}\n"));
}
