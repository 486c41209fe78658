//! Launchers that cannot be installed here, as fakes that do with name, cookie and port what the real scripts do.

use std::os::unix::fs::symlink;

use crate::clusters::*;
use crate::harness::*;
use crate::started::Started;

fn pod() -> Pod {
    Pod::new("app-0")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "ip")
        .env("ERLANG_COOKIE", "chocolate")
        .env("ERL_PORT", "5555")
}

fn distillery() -> Pod {
    pod().release("distillery-release", "/srv/seedapp")
}

const SEEDAPP: &str = "/srv/seedapp/bin/seedapp";

#[test]
fn a_byte_that_is_no_utf_8_hides_nothing() {
    let config =
        b"%% caf\xe9\n[{kernel, [{inet_dist_listen_min, 9100}, {inet_dist_listen_max, 9100}]}].\n";
    let args = b"# caf\xe9\n-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9100\n";
    for (name, content, words) in [
        ("/srv/x.config", config.as_slice(), ["-config", "/srv/x"]),
        ("/srv/x.args", args, ["-args_file", "/srv/x.args"]),
    ] {
        let pod = pod().env("ERL_PORT", "").file(name, content);
        let plan = pod.first(
            [[BEAMINIT, "plan", "erl"].as_slice(), &words]
                .concat()
                .as_slice(),
        );
        let plan = plan.ends_with(0).stdout;
        assert!(plan.contains(&format!("9100  # {name}:2")), "{plan}");
    }
}

#[test]
fn the_command_of_its_shell() {
    let release = |name: &str| pod().release(name, "/srv/app");
    for (pod, command, shell) in [
        (
            distillery(),
            &[SEEDAPP, "foreground"][..],
            &[SEEDAPP, "remote_console"][..],
        ),
        (
            release("mix-release"),
            &["sh", "-c", "exec env A=b /srv/app/bin/app1 start"],
            &["/srv/app/bin/app1", "remote"],
        ),
        (
            release("relx-release").env("BEAMINIT_LAUNCHER", "erl"),
            &["setpriv", "--", "/srv/app/bin/relxapp", "foreground"],
            &["/srv/app/bin/relxapp", "remote_console"],
        ),
        (
            pod().program("rabbitmq-server", "prints-args"),
            &["rabbitmq-server"],
            &["rabbitmq-diagnostics", "remote_shell"],
        ),
        (
            pod().program("ejabberdctl", "prints-args"),
            &["ejabberdctl", "foreground"],
            &["/srv/bin/ejabberdctl", "debug"],
        ),
        (
            pod().program("mix", "prints-args"),
            &["mix", "run"],
            &["iex", "--remsh", "app@10.1.2.3"],
        ),
        (
            pod().program("erl", "prints-args"),
            &["erl"],
            &["erl", "-remsh", "app@10.1.2.3"],
        ),
    ] {
        let words = [&[BEAMINIT, "node", "--json", "--"], command].concat();
        let told = pod.first(words.as_slice()).ends_with(0);
        let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("an object");
        assert_eq!(told["shell"], serde_json::json!(shell), "{command:?}");
    }
}

/// The lines of the vm.args that the VM of a fake would read.
fn vm_args(ended: &Ended) -> Vec<&str> {
    let lines = ended.stdout.lines();
    lines
        .filter_map(|line| line.strip_prefix("vm.args "))
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .collect()
}

#[test]
fn distillery_reads_its_name_cookie_and_port_in_vm_args() {
    let ended = distillery()
        .env("MINE", "kept")
        .env("ERL_AFLAGS", "-name other@example.com +K true")
        .run([SEEDAPP, "foreground"])
        .ends_with(0);
    assert_eq!(
        vm_args(&ended),
        [
            "-name app@10.1.2.3",
            "-setcookie chocolate",
            "-kernel inet_dist_listen_min 5555 inet_dist_listen_max 5555",
            "-env MINE kept",
        ],
        "{ended}"
    );
    // The VMs that its script starts beside the node.
    assert!(
        ended
            .stdout
            .contains("looks around with ERL_AFLAGS=+K true\n"),
        "{ended}"
    );
    // For its sys.config, which may name it too.
    assert_eq!(Started::from(&ended).env["HOST"], "10.1.2.3");
    assert!(!Started::from(&ended).env.contains_key("COOKIE"), "{ended}");
}

#[test]
fn a_distillery_release_keeps_what_a_cookie_would_expand_to() {
    let ended = distillery()
        .env("ERLANG_COOKIE", "a${MINE}b c")
        .env("MINE", "kept")
        .run([SEEDAPP, "foreground"])
        .ends_with(0);
    let cookie = "-setcookie 'a$''{MINE}b c'";
    assert!(vm_args(&ended).contains(&cookie), "{ended}");
}

#[test]
fn a_client_of_a_distillery_release_has_the_name_and_the_cookie_whole() {
    let ended = distillery()
        .env("ERLANG_COOKIE", "dark chocolate")
        .run([SEEDAPP, "rpc", "IO.puts(1)"])
        .ends_with(0);
    assert!(
        ended
            .stdout
            .contains("client of app@10.1.2.3 with dark chocolate\n"),
        "{ended}"
    );
}

#[test]
fn a_gleam_shipment_hands_its_environment_to_one_erl() {
    let ended = pod()
        .release("gleam-shipment", "/srv/app")
        .program("erl", "prints-args")
        .run(["/srv/app/entrypoint.sh", "run", "one", "two"])
        .ends_with(0);
    let started = Started::from(&ended);
    assert_eq!(started.node().as_deref(), Some("app@10.1.2.3"), "{ended}");
    assert!(started.is_pinned_to("5555"), "{ended}");
    assert_eq!(
        started.arguments[started.arguments.len() - 3..],
        ["-extra", "one", "two"]
    );
}

#[test]
fn what_is_not_known_runs_untouched_and_the_log_says_so() {
    let pod = pod()
        .program("server", "prints-args")
        .env("ERL_FLAGS", "-name own@example.com");
    let ended = pod.run(["/srv/bin/server", "-x"]).ends_with(0);
    let lines = [
        "beaminit: warning: BEAMINIT_HOST, SNAME, ERLANG_COOKIE, ERL_PORT are set, and /srv/bin/server is no BEAM known to beaminit, so it runs untouched; if it starts a node, set BEAMINIT_LAUNCHER to its kind (mix-release, relx, erl, …)",
        "beaminit: exec /srv/bin/server (no BEAM known to beaminit)",
    ];
    assert_eq!(ended.stderr.trim_end(), lines.join("\n"), "{ended}");
    let started = Started::from(&ended);
    assert_eq!(started.env["ERL_FLAGS"], "-name own@example.com");
    assert!(!started.env.contains_key("ERL_AFLAGS"), "{ended}");
    // Where nothing is asked for, there is nothing to be warned of.
    let ended = Pod::new("laptop").run("true").ends_with(0);
    let line = "(no BEAM known to beaminit, so it runs as under any init; if it starts a node, set BEAMINIT_LAUNCHER to its kind)";
    assert!(ended.stderr.trim_end().ends_with(line), "{ended}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
}

#[test]
fn a_tool_uses_no_variable_and_the_log_says_so() {
    let pod = pod().program("mix", "prints-args");
    for (task, said) in [("my.server", true), ("run", false)] {
        let ended = pod.run(["mix", task]).ends_with(0);
        let line = "exec /srv/bin/mix (mix, a tool and no node; if it starts one, set BEAMINIT_LAUNCHER=erl)";
        assert_eq!(ended.stderr.contains(line), said, "{ended}");
    }
    // Nobody asks for a node.
    let pod = Pod::new("laptop").program("mix", "prints-args");
    let ended = pod.run(["mix", "my.server"]).ends_with(0);
    assert!(ended.stderr.contains("exec /srv/bin/mix (mix)"), "{ended}");
}

#[test]
fn what_the_user_says_it_is_it_is() {
    let pod = pod().program("server", "prints-args");
    let ended = pod
        .env("BEAMINIT_LAUNCHER", "erl")
        .run("/srv/bin/server")
        .ends_with(0);
    assert_eq!(
        Started::from(&ended).node().as_deref(),
        Some("app@10.1.2.3"),
        "{ended}"
    );
    // And what is one is left alone.
    let pod = self::pod().program("erl", "prints-args");
    let ended = pod.env("BEAMINIT_LAUNCHER", "none").run("erl").ends_with(0);
    assert_eq!(Started::from(&ended).node(), None, "{ended}");
    assert_eq!(
        Started::from(&ended).env["ERLANG_COOKIE"],
        "chocolate",
        "{ended}"
    );
}

#[test]
fn a_release_is_called_as_its_own_script_says_whatever_that_is_renamed_to() {
    let pod = pod().without("SNAME").release("mix-release", "/srv/app");
    let bin = pod.place("/srv/app/bin");
    std::fs::rename(bin.join("app1"), bin.join("entrypoint")).unwrap();
    let ended = pod.run(["/srv/app/bin/entrypoint", "start"]).ends_with(0);
    let started = Started::from(&ended);
    assert_eq!(started.env["RELEASE_NODE"], "app1@10.1.2.3", "{ended}");
}

#[test]
fn a_link_to_a_launcher_is_one() {
    let pod = pod().program("erl", "prints-args");
    symlink("erl", pod.place("/srv/bin/node")).unwrap();
    let ended = pod.run("node").ends_with(0);
    assert_eq!(
        Started::from(&ended).node().as_deref(),
        Some("app@10.1.2.3"),
        "{ended}"
    );
}

#[test]
fn behind_env_and_a_shell_it_is_started_in_their_place() {
    for command in [
        &["env", "MINE=a b", "erl", "-x"][..],
        &["sh", "-c", "MINE='a b' exec erl -x"],
        &[
            "env",
            "LANG=C",
            "/bin/sh",
            "-c",
            "exec env 'MINE=a b' erl -x",
        ],
    ] {
        let pod = pod().program("erl", "prints-args").env("MINE", "other");
        let ended = pod.run(command).ends_with(0);
        let started = Started::from(&ended);
        assert_eq!(
            started.node().as_deref(),
            Some("app@10.1.2.3"),
            "{command:?} {ended}"
        );
        assert_eq!(started.env["MINE"], "a b", "{command:?} {ended}");
        assert_eq!(started.fact("ppid"), "1", "{command:?} {ended}");
    }
}

const RABBITMQ: &str = "#!/bin/sh
# su rabbitmq -s /bin/sh -c /usr/lib/rabbitmq/bin/rabbitmq-server
stat -c '%F %u:%g %a' /srv/mq/.erlang.cookie
cat /srv/mq/.erlang.cookie /srv/victim
";

#[test]
fn the_cookie_is_given_to_the_user_whom_rabbitmqs_script_becomes() {
    let pod = pod()
        .file("/etc/passwd", "rabbitmq:x:101:103::/srv/mq:/bin/false\n")
        .file("/srv/victim", "whole\n")
        .file("/srv/mq/.erlang.cookie.orig", "whole\n")
        .file_with_mode("/srv/bin/rabbitmq-server", RABBITMQ, 0o755);
    // Whose home it is may put links there.
    for link in [".erlang.cookie", ".erlang.new-1", ".erlang.new-2"] {
        symlink("/srv/victim", pod.place(&format!("/srv/mq/{link}"))).unwrap();
    }
    let ended = pod.run("rabbitmq-server").ends_with(0);
    assert_eq!(
        ended.stdout, "regular file 101:103 400\nchocolatewhole\n",
        "{ended}"
    );
}

/// With the line that says that the node is up, a start is five.
#[test]
fn a_start_is_told_in_few_lines() {
    let ejabberdctl = "#!/bin/sh\n# ERLANG_NODE=${ERLANG_NODE_ARG:-ejabberd@localhost}\n";
    let release = |name: &str| pod().release(name, "/srv/app");
    let program = |name: &str| pod().program(name, "prints-args");
    for (pod, command) in [
        (program("erl"), &["erl"][..]),
        (
            program("elixir"),
            &["elixir", "-S", "mix", "run", "--no-halt"],
        ),
        (program("iex"), &["iex"]),
        (program("mix"), &["mix", "run", "--no-halt"]),
        (release("mix-release"), &["/srv/app/bin/app1", "start"]),
        (
            release("relx-release"),
            &["/srv/app/bin/relxapp", "foreground"],
        ),
        (distillery(), &[SEEDAPP, "foreground"]),
        (
            release("gleam-shipment").program("erl", "prints-args"),
            &["/srv/app/entrypoint.sh", "run"],
        ),
        (program("rabbitmq-server"), &["rabbitmq-server"]),
        (
            pod().file_with_mode("/srv/bin/ejabberdctl", ejabberdctl, 0o755),
            &["ejabberdctl", "foreground"],
        ),
    ] {
        let mut pod = pod
            .in_namespace("prod")
            .env("BEAMINIT_HOST", "pod")
            .env("CLUSTER_HOSTNAME", "app");
        let dns = pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let ended = pod.run(command).ends_with(0);
        let lines = ended.stderr.lines();
        // Of a warning there is a reason: no OTP is here, or no terminal.
        let told = lines.filter(|line| {
            line.starts_with("beaminit: ") && !line.starts_with("beaminit: warning: ")
        });
        assert!((2..5).contains(&told.count()), "{command:?}: {ended}");
    }
}
