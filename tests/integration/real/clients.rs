//! Shells on a node, and names that nobody planned: what they are called, whom they let in, and by which flags they speak.

use super::*;

/// A node that has Elixir.
const ELIXIR: [&str; 4] = [
    "elixir",
    "--no-halt",
    "--eval",
    "IO.puts(\"node=#{node()} cookie=#{Node.get_cookie()}\")",
];

/// Does a VM of another name, with this cookie, reach a node?
#[track_caller]
fn lets_in(pod: &Running, cookie: &str, name: &str) -> bool {
    let ping = format!("io:format(\"it says ~p~n\", [net_adm:ping('{name}')]), halt().");
    let (flag, peer) = if name.contains('.') {
        ("-name", "peer@10.1.2.3")
    } else {
        ("-sname", "peer")
    };
    let peer = ["erl", "-noinput", flag, peer, "-setcookie", cookie];
    let command = [&["env", "-u", "ERL_FLAGS"], &peer[..], &["-eval", &ping]].concat();
    let ended = pod.enter(command.as_slice()).ends_with(0);
    ended.stdout.contains("it says pong")
}

/// A shell in the pod, when it is there.
#[track_caller]
fn shell(node: &Running, command: &[&str], prompt: &str) -> (Process, Option<std::fs::File>) {
    let words = [&["env", "TERM=xterm", BEAMINIT, "--"], command].concat();
    let (shell, keyboard) = node.enter_with(Input::Terminal, words.as_slice());
    shell.prompts(prompt);
    (shell, keyboard)
}

#[test]
fn a_shell_listens_nowhere() {
    let (pod, _dns) = clustered();
    let node = pod.run(ELIXIR);
    is_as_planned(&node);
    for command in [
        &["erl", "-remsh", NODE][..],
        &["iex", "--remsh", NODE],
        // Both complete a name by their own host.
        &["erl", "-remsh", "app"],
        &["iex", "--remsh", "app"],
    ] {
        let _shell = shell(&node, command, &format!("({NODE})1>"));
        // The node's, and nobody else's.
        assert_eq!(node.listening(), BTreeSet::from([5555]), "{command:?}");
        let known = node.enter(["epmd", "-names"]).ends();
        assert!(!known.stdout.contains("name rem-"), "{command:?}: {known}");
    }
}

#[test]
fn two_shells_on_a_node_with_a_short_name() {
    let pod = Pod::new("laptop")
        .env("SNAME", "me")
        .env("ERLANG_COOKIE", "mine");
    let node = pod.env("LANG", "C.UTF-8").run(ELIXIR);
    is_up(&node, "me@laptop", "mine", 43691);
    let _first = shell(&node, &["erl", "-remsh", "me@laptop"], "(me@laptop)1>");
    let _second = shell(&node, &["iex", "--remsh", "me"], "iex(me@laptop)1>");
}

#[test]
fn a_shell_may_have_a_name_of_its_own() {
    let (pod, _dns) = clustered();
    let node = pod.run(ELIXIR);
    is_as_planned(&node);
    for command in [
        &["iex", "--name", "dbg@10.1.2.3", "--remsh", NODE][..],
        &["erl", "-name", "dbg@10.1.2.3", "-remsh", NODE],
    ] {
        let _shell = shell(&node, command, &format!("({NODE})1>"));
        // It is called by that name, with the cluster's cookie and no other.
        assert!(lets_in(&node, "chocolate", "dbg@10.1.2.3"), "{command:?}");
        assert!(!lets_in(&node, "nocookie", "dbg@10.1.2.3"), "{command:?}");
    }
}

#[test]
fn elixir_evaluates_on_a_node() {
    let (pod, _dns) = clustered();
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    is_as_planned(&node);
    // Without Elixir there, the answer is the node's own error: it was reached.
    let code = ":erlang.halt(7)";
    let asked = node
        .enter([BEAMINIT, "--", "elixir", "--rpc-eval", NODE, code])
        .ends();
    assert!(!asked.stderr.contains("is taken"), "{asked}");
    assert!(
        asked.stderr.contains("undef") || asked.stdout.contains("undef"),
        "{asked}"
    );
}

#[test]
fn a_vm_of_a_name_that_nobody_planned_has_the_cookie() {
    let (pod, _dns) = clustered();
    let flags = "-sname foo -noinput";
    let script = format!("#!/bin/sh\nFLAGS='{flags}'\nexec erl $FLAGS -eval '{SPEAK}'\n");
    let node = pod
        .env("BEAMINIT_LAUNCHER", "erl")
        .env("BEAMINIT_CHECK", "warn")
        .file_with_mode("/srv/run.sh", script, 0o755)
        .run("/srv/run.sh");
    is_up(&node, "foo@app-0", "chocolate", 5555);
    assert!(!lets_in(&node, "nocookie", "foo@app-0"));
    assert!(lets_in(&node, "chocolate", "foo@app-0"));
}

const MIX: &str = "/srv/mixapp/bin/mixapp";
const MIX_FILES: &str = "/srv/mixapp/releases/0.1.0";
const RELX: &str = "/srv/relxapp/bin/relxapp";
const RELX_FILES: &str = "/srv/relxapp/releases/0.1.0";

fn mix(pod: Pod) -> Pod {
    pod.copy(&fixtures::mix_release(), "/srv/mixapp")
}

fn relx(pod: Pod) -> Pod {
    pod.copy(&fixtures::relx_release(), "/srv/relxapp")
}

#[test]
fn no_flag_keeps_the_vm_from_its_cookie() {
    let erl = ["erl", "-noinput", "-eval", SPEAK];
    for via in ["arg", "file"] {
        let pod = || {
            let (pod, dns) = clustered();
            (pod.env("BEAMINIT_COOKIE_VIA", via), dns)
        };
        for variable in ["ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS"] {
            let (pod, _dns) = pod();
            is_as_planned(&pod.env(variable, "-nocookie").run(erl));
        }
        // It matters where the VM is to read a file, and to a VM from before OTP 24.1 always.
        let matters = via == "file" || fixtures::otp() < 25;
        let comes_out = |node: &Running, place: &str| {
            if matters {
                is_refused(node, &format!("{place} has -nocookie"));
            } else {
                is_as_planned(node);
            }
        };
        let (here, _dns) = pod();
        let node = here.run([&erl[..], &["-nocookie"]].concat().as_slice());
        comes_out(&node, "the command line");
        for (file, line) in [
            ("vm.args", "-nocookie"),
            ("env.sh", "export ERL_FLAGS=\"-nocookie $ERL_FLAGS\""),
        ] {
            let (pod, _dns) = pod();
            let file = format!("{MIX_FILES}/{file}");
            let pod = mix(pod).file(&file, format!("# mine\n{line}\n"));
            comes_out(&pod.run([MIX, "start"]), &format!("{file}:2"));
        }
        let (pod, _dns) = pod();
        let pod = relx(pod).file(&format!("{RELX_FILES}/vm.args"), "-sname x\n-nocookie\n");
        is_as_planned(&pod.run([RELX, "foreground"]));
    }
}

/// Does the node listen over IPv6, and there alone?
fn over_ipv6(node: &Running) -> bool {
    let listens = |file| {
        let table = node.enter(["cat", file]).ends_with(0).stdout;
        let mut lines = table.lines().map(|line| line.split_whitespace().nth(1));
        lines.any(|local| local.is_some_and(|local| local.ends_with(":15B3")))
    };
    listens("/proc/net/tcp6") && !listens("/proc/net/tcp")
}

#[test]
fn one_proto_dist_is_enough() {
    const FLAG: &str = "-proto_dist inet6_tcp";
    const NAME: &str = "app@fd00:10::3";
    let pod = || {
        Pod::with_addresses("app-0", &["fd00:10::3"])
            .env("SNAME", "app")
            .env("BEAMINIT_HOST", "ip")
            .env("ERLANG_COOKIE", "chocolate")
            .env("ERL_PORT", "5555")
            .env("LANG", "C.UTF-8")
    };
    let is_up_over_ipv6 = |what: &str, node: Running| {
        is_up(&node, NAME, "chocolate", 5555);
        assert!(over_ipv6(&node), "{what}: {}", node.transcript());
    };
    let erl = ["erl", "-noinput", "-eval", SPEAK];
    for variable in ["ERL_AFLAGS", "ERL_ZFLAGS", "ELIXIR_ERL_OPTIONS"] {
        is_up_over_ipv6(variable, pod().env(variable, FLAG).run(erl));
        let node = relx(pod()).env(variable, FLAG).run([RELX, "foreground"]);
        is_up_over_ipv6(variable, node);
    }
    let options = pod().env("ELIXIR_ERL_OPTIONS", FLAG);
    is_up_over_ipv6("elixir", options.run(ELIXIR));
    let command_line = [&erl[..], &["-proto_dist", "inet6_tcp"]].concat();
    is_up_over_ipv6("the command line", pod().run(command_line.as_slice()));
    for (file, text) in [
        ("vm.args", format!("{FLAG}\n")),
        (
            "env.sh",
            format!("export ERL_AFLAGS=\"{FLAG} $ERL_AFLAGS\"\n"),
        ),
    ] {
        let pod = mix(pod()).file(&format!("{MIX_FILES}/{file}"), text);
        is_up_over_ipv6(file, pod.run([MIX, "start"]));
    }
    let args = format!("-name x@y\n-setcookie x\n{FLAG}\n");
    let pod = relx(pod()).file(&format!("{RELX_FILES}/vm.args"), args);
    is_up_over_ipv6("relx's vm.args", pod.run([RELX, "foreground"]));
}

#[test]
fn nodetool_has_any_cookie() {
    let odd = "it's a \"c #${HOME}";
    let (pod, _dns) = clustered();
    let pod = relx(pod.env("ERLANG_COOKIE", odd)).env("USE_NODETOOL", "true");
    let node = pod.run([RELX, "foreground"]);
    is_up(&node, NODE, odd, 5555);
    for (command, answer) in [(&["ping"][..], "pong"), (&["eval", "node()."], NODE)] {
        let asked = node.enter([&[BEAMINIT, "--", RELX], command].concat().as_slice());
        let ended = asked.ends_with(0);
        assert!(ended.stdout.contains(answer), "{command:?}: {ended}");
    }
    let _shell = shell(&node, &[RELX, "remote_console"], &format!("({NODE})1>"));
}

#[test]
fn two_of_the_users_own_are_refused() {
    let (pod, _dns) = clustered();
    let tls = "-proto_dist inet_tls -ssl_dist_optfile /nonexistent";
    let node = pod
        .env("ERL_FLAGS", tls)
        .run(["erl", "-noinput", "-proto_dist", "inet6_tcp"]);
    let ended = node.ends_with(78);
    let told = "the command line and ERL_FLAGS have a -proto_dist each";
    assert!(ended.stderr.contains(told), "{ended}");
}
