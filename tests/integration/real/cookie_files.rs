//! Cookies that only the VM knows: no process of the container shows one, in its arguments or in its environment.

use super::cookies::cookies;
use super::*;

const MIX: &str = "/srv/mixapp/bin/mixapp";
const RELX: &str = "/srv/relxapp/bin/relxapp";

/// Speaks, and has a port: a program that the VM starts gets its environment.
fn speak_with_a_port() -> String {
    format!("open_port({{spawn, \"sleep 1000\"}}, []), {SPEAK}")
}

/// The pod of `clustered`, its cookie in a mounted Secret as fsGroup leaves it.
pub fn with_secret() -> (Pod, Dns) {
    let (pod, dns) = clustered();
    let pod = pod
        .without("ERLANG_COOKIE")
        .file_with_mode("/run/secrets/cookie", "chocolate\n", 0o444)
        .env("ERLANG_COOKIE_FILE", "/run/secrets/cookie");
    (pod.env("BEAMINIT_COOKIE_VIA", "file"), dns)
}

/// What of /proc/PID shows this text, for all processes of the pod.
pub fn shows(node: &Running, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for inmate in node.inmates() {
        for file in ["cmdline", "environ"] {
            let path = format!("/proc/{}/root/proc/{}/{file}", node.pid(), inmate.pid);
            let content = std::fs::read(path).unwrap_or_default();
            let content = String::from_utf8_lossy(&content).replace('\0', " ");
            if content.contains(text) {
                found.push(format!("{file} of {}: {content}", inmate.name));
            }
        }
    }
    found
}

/// The node is as planned, and nobody shows its cookie.
#[track_caller]
pub fn is_secret(node: &Running) {
    is_as_planned(node);
    let names: Vec<String> = node.inmates().into_iter().map(|one| one.name).collect();
    for name in ["beaminit", "beam.smp", "epmd"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    assert_eq!(shows(node, "chocolate"), Vec::<String>::new());
}

/// Runs a client in the pod, looks at every process again and again until it has ended, and gives its end.
#[track_caller]
fn secret_client(node: &Running, command: &[&str]) -> Ended {
    let mut words = vec![BEAMINIT, "--"];
    words.extend(command);
    let client = node.enter(words.as_slice());
    let mut found = Vec::new();
    while !client.is_over() && !node.is_over() {
        found.extend(shows(node, "chocolate"));
    }
    let ended = client.ends();
    assert_eq!(found, Vec::<String>::new(), "{ended}");
    ended
}

#[test]
fn of_erl() {
    let (pod, _dns) = with_secret();
    let speak = speak_with_a_port();
    let node = pod.run(["erl", "-noinput", "-eval", &speak]);
    is_secret(&node);
    eventually("its port runs", || node.inmate("sleep").is_some());
    // Before OTP 25 there is no place but HOME.
    let folder = if fixtures::otp() < 25 { "" } else { "/erlang" };
    let file = format!("/run/beaminit-0/{NODE}{folder}/.erlang.cookie");
    let found = node
        .enter(["stat", "-L", "-c", "%a %F", &file])
        .ends_with(0);
    assert_eq!(found.stdout, "400 regular file\n");
}

#[test]
fn of_a_variable() {
    let (pod, _dns) = clustered();
    let pod = pod.env("BEAMINIT_COOKIE_VIA", "file");
    let node = pod.run(["erl", "-noinput", "-eval", &speak_with_a_port()]);
    // Not even in what the container itself was given, as long as it runs.
    is_secret(&node);
}

#[test]
fn of_the_users_flags() {
    for variable in ["ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS"] {
        let (pod, _dns) = clustered();
        let pod = pod
            .without("ERLANG_COOKIE")
            .env("BEAMINIT_COOKIE_VIA", "file");
        let node = pod
            .env(variable, "-setcookie chocolate +K true")
            .run(["erl", "-noinput", "-eval", SPEAK]);
        is_secret(&node);
    }
}

#[test]
fn before_the_start() {
    let (pod, dns) = clustered();
    dns.withdraw(OWN_NAME);
    let pod = pod.env("BEAMINIT_COOKIE_VIA", "file");
    let node = pod.env("BEAMINIT_HOST", "pod").run("erl");
    node.says("waiting");
    assert_eq!(shows(&node, "chocolate"), Vec::<String>::new());
}

#[test]
fn of_a_mix_release_and_its_clients() {
    let (pod, _dns) = with_secret();
    let pod = pod.copy(&fixtures::mix_release(), "/srv/mixapp");
    let node = pod.run([MIX, "start"]);
    is_secret(&node);
    let asked = secret_client(&node, &[MIX, "rpc", "IO.puts(\"answer=#{node()}\")"]);
    let answer = format!("answer={NODE}");
    assert!(asked.code == 0 && asked.stdout.contains(&answer), "{asked}");
    secret_client(&node, &[MIX, "stop"]);
    let ended = node.ends_with(0);
    assert!(ended.stdout.contains("stopped"), "{ended}");
}

#[test]
fn of_a_mix_release_that_has_its_own() {
    let (pod, _dns) = with_secret();
    let pod = pod
        .without("ERLANG_COOKIE_FILE")
        .copy(&fixtures::mix_release(), "/srv/mixapp")
        .file("/srv/mixapp/releases/COOKIE", "chocolate");
    is_secret(&pod.run([MIX, "start"]));
}

#[test]
fn of_a_relx_release_and_its_clients() {
    let (pod, _dns) = with_secret();
    let pod = pod.copy(&fixtures::relx_release(), "/srv/relxapp");
    let node = pod.run([RELX, "foreground"]);
    is_secret(&node);
    let asked = secret_client(&node, &[RELX, "ping"]);
    assert!(asked.code == 0 && asked.stdout.contains("pong"), "{asked}");
    let asked = secret_client(&node, &[RELX, "rpc", "erlang", "node"]);
    assert!(asked.code == 0 && asked.stdout.contains(NODE), "{asked}");
    let asked = secret_client(&node, &[RELX, "eval", "io:format(\"~p\", [node()])."]);
    assert_eq!(asked.code, 0, "{asked}");
    let vm = node.inmate("beam.smp").expect("the VM").pid.to_string();
    let asked = secret_client(&node, &[RELX, "pid"]);
    assert!(asked.code == 0 && asked.stdout.contains(&vm), "{asked}");
    secret_client(&node, &[RELX, "stop"]);
    let ended = node.ends_with(0);
    assert!(ended.stdout.contains("stopped"), "{ended}");
}

#[test]
fn of_a_relx_release_that_has_its_own() {
    let (pod, _dns) = with_secret();
    let pod = pod
        .without("ERLANG_COOKIE_FILE")
        .copy(&fixtures::relx_release(), "/srv/relxapp")
        .file(
            "/srv/relxapp/releases/0.1.0/vm.args",
            "-sname other\n-setcookie chocolate\n",
        );
    is_secret(&pod.run([RELX, "foreground"]));
}

#[test]
fn of_remote_shells() {
    let (pod, _dns) = with_secret();
    let pod = pod
        .copy(&fixtures::mix_release(), "/srv/mixapp")
        .copy(&fixtures::relx_release(), "/srv/relxapp")
        .env("TERM", "xterm");
    for (start, shell, prompt, typed, answer) in [
        (
            [MIX, "start"],
            vec![BEAMINIT, "--", MIX, "remote"],
            "iex(".to_owned(),
            "IO.puts(\"sum=#{40 + 2}\")\n",
            "sum=42",
        ),
        (
            [RELX, "foreground"],
            vec![BEAMINIT, "--", RELX, "remote_console"],
            format!("({NODE})1>"),
            "io:format(\"sum=~p~n\", [40 + 2]).\n",
            "sum=42",
        ),
        (
            [RELX, "foreground"],
            vec![BEAMINIT, "--", "erl", "-remsh", NODE],
            format!("({NODE})1>"),
            "io:format(\"sum=~p~n\", [40 + 2]).\n",
            "sum=42",
        ),
    ] {
        let node = pod.run(start);
        is_as_planned(&node);
        let (remote, terminal) = node.enter_with(Input::Terminal, shell.as_slice());
        remote.prompts(&prompt);
        assert_eq!(shows(&node, "chocolate"), Vec::<String>::new());
        type_at(terminal, typed);
        remote.says(answer);
    }
}

#[test]
fn for_users_that_have_no_home() {
    for home in [None, Some("/"), Some("/srv/nowhere"), Some("/root")] {
        let (pod, _dns) = with_secret();
        let pod = pod.user(1_000_660_000).without("HOME");
        let pod = home
            .into_iter()
            .fold(pod, |pod, home| pod.env("HOME", home));
        let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
        is_secret(&node);
    }
}

#[test]
fn for_a_user_whom_no_passwd_has() {
    let (pod, _dns) = with_secret();
    let setpriv = ["setpriv", "--reuid=4711", "--clear-groups"];
    let erl = ["erl", "-noinput", "-eval", SPEAK];
    let node = pod.run([&setpriv[..], &erl].concat().as_slice());
    node.says("HOME is another for the command: user 4711 has no home in this image");
    is_secret(&node);
}

#[test]
fn beside_one_in_the_users_home() {
    let (pod, _dns) = with_secret();
    let pod = pod.file_with_mode("/srv/.erlang.cookie", "at_home", 0o400);
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    let why = if fixtures::otp() < 25 {
        "OTP before 25 reads a cookie only there"
    } else {
        "/srv/.erlang.cookie is there"
    };
    node.says(&format!("HOME is another for the command: {why}"));
    is_secret(&node);
}

#[test]
fn with_home_as_it_was_from_otp_25_on() {
    let (pod, _dns) = with_secret();
    let home = "io:format(\"home=~ts~n\", [os:getenv(\"HOME\")]).";
    let node = pod.run(["erl", "-noinput", "-eval", home, "-eval", SPEAK]);
    let home = if fixtures::otp() < 25 {
        format!("home=/run/beaminit-0/{NODE}")
    } else {
        "home=/srv".into()
    };
    node.says(&home);
    is_secret(&node);
}

#[test]
fn of_every_kind() {
    for cookie in cookies() {
        let (pod, _dns) = clustered();
        let pod = pod
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .copy(&fixtures::relx_release(), "/srv/relxapp")
            .env("BEAMINIT_COOKIE_VIA", "file")
            .env("ERLANG_COOKIE", &cookie);
        for command in [
            ["erl", "-noinput", "-eval", SPEAK].as_slice(),
            &[MIX, "start"],
            &[RELX, "foreground"],
        ] {
            let node = pod.run(command);
            is_up(&node, NODE, &cookie, 5555);
        }
    }
}

#[test]
fn beside_flags_that_say_otherwise() {
    for (variable, other) in [
        ("ERL_AFLAGS", "-setcookie other"),
        ("ERL_ZFLAGS", "-setcookie one -setcookie two"),
        ("ERL_FLAGS", "-setcookie"),
    ] {
        let (pod, _dns) = with_secret();
        let pod = pod
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .file("/srv/mixapp/releases/0.1.0/vm.args", "-setcookie third\n")
            .env(variable, other);
        is_secret(&pod.run([MIX, "start"]));
    }
}

#[test]
fn are_refused_where_the_command_shows_them() {
    let (pod, _dns) = clustered();
    let pod = pod.env("BEAMINIT_COOKIE_VIA", "file");
    let ended = pod.run(["erl", "-setcookie", "chocolate"]).ends_with(78);
    assert!(
        ended.stderr.contains("the command line has the cookie"),
        "{ended}"
    );
}

/// Its own clients, without beaminit, make their cookie of the variable, where the container has that.
#[test]
fn an_env_sh_that_makes_its_cookie_of_ours() {
    for (is_variable, (pod, _dns)) in [(true, clustered()), (false, with_secret())] {
        let node = pod
            .env("BEAMINIT_COOKIE_VIA", "file")
            .env("RELEASE_NODE", NODE)
            .env("RELEASE_DISTRIBUTION", "name")
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .file(
                "/srv/mixapp/releases/0.1.0/env.sh",
                "export RELEASE_COOKIE=\"$ERLANG_COOKIE\"\n",
            )
            .run([MIX, "start"]);
        is_secret(&node);
        let plain = node.enter([MIX, "rpc", "IO.puts(node())"]).ends();
        assert_eq!(plain.code == 0, is_variable, "{plain}");
        let ours = [BEAMINIT, "--", MIX, "rpc", "IO.puts(node())"];
        node.enter(ours).ends_with(0);
        node.signal(nix::sys::signal::Signal::SIGTERM);
        let ended = node.ends_with(0);
        let warned = ended
            .stderr
            .contains("rpc and remote do not reach the node");
        assert_eq!(warned, !is_variable, "{ended}");
    }
}
