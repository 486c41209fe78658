//! A release of rebar3 and relx: its vm.args, the template of one, and its clients.

use super::*;

const APP: &str = "/srv/relxapp/bin/relxapp";
const FILES: &str = "/srv/relxapp/releases/0.1.0";

fn with_release() -> (Pod, Dns) {
    let (pod, dns) = clustered();
    (pod.copy(&fixtures::relx_release(), "/srv/relxapp"), dns)
}

fn client(node: &Running, arguments: &[&str]) -> Ended {
    let mut command = vec![BEAMINIT, "--", APP];
    command.extend(arguments);
    node.enter(command.as_slice()).ends()
}

#[test]
fn a_vm_args_that_says_otherwise_is_beaten() {
    for flags in [
        "-name other@elsewhere.example.com\n-setcookie other",
        "-sname other\n-setcookie one\n-setcookie two",
        "-name other@elsewhere.example.com\n-setcookie other@elsewhere.example.com third",
        "-sname other\n-kernel inet_dist_listen_min 9999 inet_dist_listen_max 9999",
        "-sname other\n-kernel logger_level debug inet_dist_listen_min 9999",
        "+K true\n-sname other",
    ] {
        let (pod, _dns) = with_release();
        let vm_args = format!("{FILES}/vm.args");
        let node = pod
            .file(&vm_args, format!("{flags}\n"))
            .run([APP, "foreground"]);
        is_as_planned(&node);
    }
}

#[test]
fn a_vm_args_with_variables_that_nothing_replaces_is_refused() {
    let (pod, _dns) = with_release();
    let vm_args = format!("{FILES}/vm.args");
    let pod = pod.file(&vm_args, "-name ${X}@${Y}\n-setcookie ${Z}\n");
    is_refused(&pod.run([APP, "foreground"]), &format!("{vm_args}:1"));
}

#[test]
fn another_file_that_vm_args_names_is_beaten() {
    let (pod, _dns) = with_release();
    let node = pod
        .file(
            "/srv/more.args",
            "-setcookie other\n-kernel inet_dist_listen_min 9999\n",
        )
        .file(
            &format!("{FILES}/vm.args"),
            "-sname other\n-args_file /srv/more.args\n",
        )
        .run([APP, "foreground"]);
    is_as_planned(&node);
}

#[test]
fn flags_that_say_nothing_of_these_stay() {
    let (pod, _dns) = with_release();
    let vm_args = "-sname other # a comment\n## -setcookie of a comment\n-setcookie other\n-env KEPT 'a b'\n+K true\n";
    let node = pod
        .file(&format!("{FILES}/vm.args"), vm_args)
        .run([APP, "foreground"]);
    is_as_planned(&node);
    let asked = client(&node, &["rpc", "os", "getenv", "[\"KEPT\"]"]);
    assert!(asked.stdout.contains("a b"), "{asked}");
}

#[test]
fn a_template_gets_the_variables_that_it_names() {
    let template = "-name app@${HOST}\n-setcookie ${COOKIE}\n\
                    -kernel inet_dist_listen_min ${ERL_PORT} inet_dist_listen_max ${ERL_PORT}\n-env MINE ${MINE}\n";
    let (pod, _dns) = with_release();
    let pod = pod.env("BEAMINIT_HOST", "ip").env("MINE", "kept");
    let node = pod
        .file(&format!("{FILES}/vm.args.src"), template)
        .run([APP, "foreground"]);
    is_up(&node, "app@10.1.2.3", "chocolate", 5555);
    let asked = client(&node, &["rpc", "os", "getenv", "[\"MINE\"]"]);
    assert!(asked.stdout.contains("kept"), "{asked}");
}

#[test]
fn variables_in_vm_args_are_still_replaced() {
    let (pod, _dns) = with_release();
    let vm_args = "-name app@${HOST}\n-setcookie ${COOKIE}\n-env MINE ${MINE}\n";
    let pod = pod
        .env("RELX_REPLACE_OS_VARS", "true")
        .env("MINE", "kept")
        .env("ERLANG_COOKIE", "a${MINE}b");
    let node = pod
        .file(&format!("{FILES}/vm.args"), vm_args)
        .run([APP, "foreground"]);
    // And nothing is replaced in what is ours.
    is_up(&node, NODE, "a${MINE}b", 5555);
    let asked = client(&node, &["rpc", "os", "getenv", "[\"MINE\"]"]);
    assert!(asked.stdout.contains("kept"), "{asked}");
}

#[test]
fn a_console_is_a_node_at_a_terminal() {
    let (pod, _dns) = with_release();
    let node = pod
        .env("TERM", "xterm")
        .input(Input::Terminal)
        .run([APP, "console"]);
    is_as_planned(&node);
    node.signal(nix::sys::signal::Signal::SIGTERM);
    node.ends_with(0);
}

#[test]
fn without_a_cookie_of_ours_its_own_serves() {
    let (pod, _dns) = with_release();
    let node = pod.without("ERLANG_COOKIE").run([APP, "foreground"]);
    is_up(&node, NODE, "relxapp_cookie", 5555);
    let asked = client(&node, &["rpc", "erlang", "node"]);
    assert!(asked.code == 0 && asked.stdout.contains(NODE), "{asked}");
}

#[test]
fn the_release_itself_is_left_as_it_was() {
    let (pod, _dns) = with_release();
    let vm_args = pod.place(&format!("{FILES}/vm.args"));
    let before = std::fs::read_to_string(&vm_args).unwrap();
    let node = pod.run([APP, "foreground"]);
    is_as_planned(&node);
    assert_eq!(std::fs::read_to_string(&vm_args).unwrap(), before);
}

const TEMPLATE: &str = "-name ${NODE_PART}@${HOST}\n-setcookie ${COOKIE}\n\
    -kernel inet_dist_listen_min ${ERL_PORT} inet_dist_listen_max ${ERL_PORT}\n-env THERE ${HOST}\n";

#[test]
fn what_a_template_names_and_nobody_sets_stands_for_what_we_say() {
    let (pod, _dns) = with_release();
    let sys_config = "[{relxapp, [{url, \"http://${HOST}:${NOT_OURS}\"}, {port, ${ERL_PORT}}]}].\n";
    let node = pod
        .without("ERL_PORT")
        .file(&format!("{FILES}/vm.args.src"), TEMPLATE)
        .file(&format!("{FILES}/sys.config.src"), sys_config)
        .run([APP, "foreground"]);
    let host = NODE.split('@').next_back().unwrap();
    node.says("sys.config.src names NOT_OURS, which nobody sets");
    is_up(&node, NODE, "chocolate", 43691);
    let asked = client(&node, &["eval", "application:get_all_env(relxapp)."]);
    let url = format!("\"http://{host}:\"");
    assert!(asked.stdout.contains(&url), "{asked}");
    // erl_call writes a blank there, nodetool none.
    let plain = asked.stdout.replace(' ', "");
    assert!(plain.contains("{port,43691}"), "{asked}");
    let asked = client(&node, &["eval", "os:getenv(\"THERE\")."]);
    assert!(asked.stdout.contains(host), "{asked}");
}

#[test]
fn templates_of_a_release_that_this_user_cannot_write() {
    let (pod, _dns) = with_release();
    let sys_config = "[{relxapp, [{port, ${ERL_PORT}}]}].\n";
    let node = pod
        .file(&format!("{FILES}/vm.args.src"), TEMPLATE)
        .file(&format!("{FILES}/sys.config.src"), sys_config)
        .user(1_000_660_000)
        .run([APP, "foreground"]);
    is_as_planned(&node);
    // A client's script expands them as well.
    let asked = client(&node, &["eval", "application:get_all_env(relxapp)."]);
    let plain = asked.stdout.replace(' ', "");
    assert!(plain.contains("{port,5555}"), "{asked}");
}

#[test]
fn no_folder_where_the_script_must_write() {
    let script = format!(
        "for folder in /dev/shm /run /tmp; do mount -o remount,ro $folder; done; \
         mount --bind /var/tmp /var/tmp; mount -o remount,bind,ro /var/tmp; \
         exec {BEAMINIT} -- {APP} foreground"
    );
    let (pod, _dns) = with_release();
    let node = pod.first(["sh", "-c", &script]);
    is_as_planned(&node);
    drop(node);
    // Its script would write the file that it expands beside our copy of vm.args.
    let pod = pod.env("RELX_REPLACE_OS_VARS", "true");
    let ended = pod.first(["sh", "-c", &script]).ends_with(71);
    let part = "no folder to write relxapp.vm.args in";
    assert!(ended.stderr.contains(part), "{ended}");
}

#[test]
fn a_sys_config_that_has_a_port() {
    let kernel = "[{kernel, [{inet_dist_listen_min, 9100}, {inet_dist_listen_max, 9100}]}].\n";
    for (ours, port) in [("", 9100), ("5555", 5555)] {
        let (pod, _dns) = with_release();
        let node = pod
            .env("ERL_PORT", ours)
            .file(&format!("{FILES}/sys.config"), kernel)
            .run([APP, "foreground"]);
        is_up(&node, NODE, "chocolate", port);
    }
}

#[test]
fn what_its_command_line_says_is_what_it_is() {
    let (pod, dns) = with_release();
    dns.publish("mine.example.com", "10.1.2.3");
    let pod = ["SNAME", "CLUSTER_HOSTNAME", "ERLANG_COOKIE", "ERL_PORT"]
        .iter()
        .fold(pod, Pod::without)
        .env("BEAMINIT_DNS", "own");
    let mut command = vec![APP, "foreground", "-name", "me@mine.example.com"];
    command.extend(["-setcookie", "vanilla", "-kernel"]);
    command.extend([
        "inet_dist_listen_min",
        "7777",
        "inet_dist_listen_max",
        "7777",
    ]);
    let node = pod.run(command.as_slice());
    is_up(&node, "me@mine.example.com", "vanilla", 7777);
}

#[test]
fn a_command_line_that_says_otherwise_is_refused() {
    for (flags, place) in [
        (["-sname", "other"], "SNAME"),
        (["-setcookie", "other"], "ERLANG_COOKIE"),
        (["-erl_epmd_port", "9999"], "ERL_PORT"),
    ] {
        let (pod, _dns) = with_release();
        let ended = pod
            .run([APP, "foreground", flags[0], flags[1]])
            .ends_with(78);
        assert!(ended.stderr.contains(place), "{ended}");
    }
}

#[test]
fn a_key_stops_it_as_well() {
    // Its foreground has +Bd, with which a VM dies of an INT.
    for signal in [
        nix::sys::signal::Signal::SIGINT,
        nix::sys::signal::Signal::SIGHUP,
    ] {
        let (pod, _dns) = with_release();
        let node = pod.input(Input::Open).run([APP, "foreground"]);
        is_as_planned(&node);
        // It says its name while it starts, and is shut down in order once it has started.
        super::watch::reported(&node);
        node.signal(signal);
        let ended = node.ends_with(0);
        assert!(ended.stdout.contains("stopped"), "{ended}");
    }
}

#[test]
fn a_port_without_epmd_of_its_own() {
    let (pod, _dns) = with_release();
    let node = pod
        .without("ERL_PORT")
        .env("ERL_DIST_PORT", "6789")
        .run([APP, "foreground"]);
    is_up(&node, NODE, "chocolate", 6789);
    let asked = client(&node, &["ping"]);
    assert!(asked.code == 0 && asked.stdout.contains("pong"), "{asked}");
    assert_eq!(node.inmate("epmd"), None, "{}", node.transcript());
}
