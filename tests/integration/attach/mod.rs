//! `beaminit-attach`: a shell on a real node in another network, of which the developer's machine reaches what its kubectl
//! forwards, and nothing else.

mod desk;

use std::io::Write as _;
use std::sync::Arc;

#[cfg(feature = "full")]
use crate::clusters::OWN_NAME;
use crate::harness::*;
use crate::real::fixtures::{mix_project, otp};
use crate::real::{NODE, SPEAK, clustered};
use desk::{Desk, at_desk, desk};

/// A node in the pod `app-0`, and a desk from where it is looked at.
fn running(pod: &Pod, command: impl Words) -> (Desk, Arc<Running>) {
    at(&desk(), pod, command)
}

fn at(machine: &Pod, pod: &Pod, command: impl Words) -> (Desk, Arc<Running>) {
    let node = Arc::new(pod.run(command));
    node.says("node=");
    (Desk::new(machine, pod, &node), node)
}

const ERL: [&str; 4] = ["erl", "-noinput", "-eval", SPEAK];

/// A shell at a terminal, and somebody who types there.
struct Shell {
    process: Process,
    typed: std::fs::File,
}

impl Shell {
    #[track_caller]
    fn at(desk: &Desk, words: impl Words, prompt: &str) -> Self {
        let (process, typed) = desk.attach(words);
        process.prompts(prompt);
        Self { process, typed }
    }

    /// One of erl's, on this node.
    #[track_caller]
    fn of_erl(desk: &Desk, words: impl Words, node: &str) -> Self {
        let mut shell = Self::at(desk, words, &format!("({node})1>"));
        shell.types("io:format(\"sum=~p at ~s~n\", [40 + 2, node()]).\n");
        shell.process.says(&format!("sum=42 at {node}"));
        shell
    }

    fn types(&mut self, text: &str) {
        self.typed
            .write_all(text.as_bytes())
            .expect("somebody reads");
    }

    /// Leaves it as one leaves a remote shell: the node runs on.
    #[track_caller]
    fn leaves(mut self, desk: &Desk) {
        self.types("\x07");
        self.process.prompts("-->");
        self.types("q\n");
        self.process.ends_with(0);
        desk.is_as_before();
    }
}

/// No process of the desk shows the cookie, though one may have it in its memory.
#[track_caller]
fn shows_no_cookie(desk: &Desk, cookie: &str) {
    let mut seen = 0;
    for inmate in desk.machine.inmates() {
        let process = format!("/proc/{}/root/proc/{}", desk.machine.pid(), inmate.pid);
        for file in ["cmdline", "environ"] {
            let shown = std::fs::read(format!("{process}/{file}")).unwrap_or_default();
            let shown = String::from_utf8_lossy(&shown);
            assert!(
                !shown.contains(cookie),
                "{file} of {}: {shown}",
                inmate.name
            );
            seen += usize::from(shown.contains("-dist_listen"));
        }
    }
    assert!(seen > 0, "the VM's own were not looked at");
}

#[test]
fn a_shell_of_erl_on_a_node_named_by_its_host() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let shell = Shell::of_erl(&desk, "app-0", NODE);
    let warning = "beaminit-attach: warning: any code on app@app-0.app.prod.svc.cluster.local can call back into this VM, and then runs on this machine with your rights; --in-pod opens the shell there instead";
    shell.process.says(warning);
    shows_no_cookie(&desk, "chocolate");
    assert_eq!(
        desk.machine.listening(),
        [].into(),
        "nothing listens but the forward, at 127.0.0.1"
    );
    shell.leaves(&desk);
}

#[test]
fn a_shell_of_iex_where_the_node_has_it() {
    let (pod, _dns) = clustered();
    let pod = pod
        .copy(&mix_project(), "/srv/project")
        .working_directory("/srv/project")
        .env("MIX_ENV", "prod");
    let (desk, _node) = running(&pod, "mix run --no-halt");
    let mut shell = Shell::at(&desk, "app-0", &format!("iex({NODE})1>"));
    shell.types("IO.puts(\"sum=#{40 + 2} at #{node()}\")\n");
    shell.process.says(&format!("sum=42 at {NODE}"));
    shows_no_cookie(&desk, "chocolate");
    shell.leaves(&desk);
    Shell::of_erl(&desk, "app-0 --erl", NODE).leaves(&desk);
    let typed = "IO.puts(\"sum=#{40 + 2} at #{node()}\")\n";
    is_the_nodes_or_none(&desk, "TERM=dumb", "", typed);
    is_the_nodes_or_none(&desk, "TERM=xterm", " | cat", typed);
}

#[test]
fn a_node_without_epmd() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod.env("BEAMINIT_EPMD", "off"), ERL);
    Shell::of_erl(&desk, "app-0", NODE).leaves(&desk);
}

#[test]
fn a_node_named_by_its_address() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod.env("BEAMINIT_HOST", "ip"), ERL);
    let shell = Shell::of_erl(&desk, "app-0", "app@10.1.2.3");
    shows_no_cookie(&desk, "chocolate");
    shell.leaves(&desk);
}

#[test]
fn a_node_named_by_its_ipv6_address() {
    let pod = Pod::with_addresses("app-0", &["fd00:10::3"])
        .env("SNAME", "app")
        .env("ERLANG_COOKIE", "chocolate")
        .env("BEAMINIT_HOST", "ip");
    let (desk, _node) = running(&pod, ERL);
    Shell::of_erl(&desk, "app-0", "app@fd00:10::3").leaves(&desk);
}

/// With what the pod tells: its own certificate.
#[cfg(feature = "full")]
#[test]
fn a_node_that_speaks_tls() {
    for (form, host) in [("auto", OWN_NAME), ("ip", "10.1.2.3")] {
        let (pod, _dns) = clustered();
        let pod = Authority::new().fill(pod, "/run/tls", &Certificate::of(&[host]));
        let pod = pod
            .env("BEAMINIT_TLS", "/run/tls")
            .env("BEAMINIT_HOST", form);
        let node = &format!("app@{host}");
        let (desk, _node) = running(&pod, ERL);
        let shell = Shell::of_erl(&desk, "app-0", node);
        shows_no_cookie(&desk, "chocolate");
        shell.leaves(&desk);
    }
}

/// With a certificate of this machine's; one of another authority is refused, in one line.
#[cfg(feature = "full")]
#[test]
fn a_node_that_speaks_tls_to_a_certificate_of_this_machine() {
    let authority = Authority::new();
    let (pod, _dns) = clustered();
    let pod = authority.fill(pod, "/run/tls", &Certificate::of(&[OWN_NAME]));
    let pod = pod.env("BEAMINIT_TLS", "/run/tls");
    let here = |authority: &Authority| {
        let machine = desk().env("BEAMINIT_TLS", "/srv/tls");
        authority.fill(machine, "/srv/tls", &Certificate::of(&["laptop"]))
    };
    let (desk, node) = at(&here(&authority), &pod, ERL);
    Shell::of_erl(&desk, "app-0", NODE).leaves(&desk);
    let stranger = Desk::new(&here(&Authority::new()), &pod, &node);
    let refused = stranger.run("app-0 -- true").ends_with(69);
    let line =
        format!("{NODE} is not taken for one of ours: its certificate is of another authority");
    assert!(refused.stderr.contains(&line), "{refused}");
}

#[test]
fn a_node_with_a_short_name() {
    let pod = Pod::new("app-0")
        .env("SNAME", "me")
        .env("ERLANG_COOKIE", "mine");
    let (desk, _node) = running(&pod, ERL);
    Shell::of_erl(&desk, "app-0", "me@app-0").leaves(&desk);
}

#[test]
fn a_node_that_was_not_started_by_beaminit() {
    // Its port is known to its epmd alone; its name and cookie come from the developer.
    let pod = Pod::new("app-0").hosts("10.1.2.3 app.example.com\n");
    let node = Arc::new(pod.first([
        "erl",
        "-noinput",
        "-name",
        "x@app.example.com",
        "-setcookie",
        "vanilla",
        "-eval",
        SPEAK,
    ]));
    node.says("node=");
    let machine = desk()
        .file("/srv/secret", "vanilla\n")
        .env("ERLANG_COOKIE_FILE", "/srv/secret");
    let desk = Desk::new(&machine, &pod, &node);
    Shell::of_erl(&desk, "app-0 x@app.example.com", "x@app.example.com").leaves(&desk);
    for (name, code, line) in [
        ("y@app.example.com", 69, "the epmd there knows no node y"),
        (
            "x@other.example.com",
            78,
            "the node there is x@app.example.com, not x@other.example.com",
        ),
    ] {
        let ended = desk.run(["app-0", name, "--", "true"]).ends();
        assert_eq!(ended.code, code, "{ended}");
        assert!(ended.stderr.contains(line), "{ended}");
    }
}

#[test]
fn the_ports_may_be_taken_on_the_developers_machine() {
    let (pod, _dns) = clustered();
    let pod = pod.without("ERL_PORT");
    let machine = desk().env("BEAMINIT_KUBECTL", "env CONTEXT=staging kubectl");
    let _own_epmd = machine.network().listen("0.0.0.0:4369");
    let _own_node = machine.network().listen("0.0.0.0:43691");
    let (desk, _node) = at(&machine, &pod, ERL);
    Shell::of_erl(&desk, "app-0", NODE).leaves(&desk);
}

#[test]
fn a_command_in_the_place_of_the_shell() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let eval = "pong = net_adm:ping(list_to_atom(os:getenv(\"BEAMINIT_NODE\"))), \
        io:format(\"~p ~s ~p~n\", [nodes(hidden) ++ nodes(), os:getenv(\"HOME\"), os:getenv(\"ERL_AFLAGS\")]), halt(7).";
    let ended = desk
        .run(["app-0", "--", "erl", "-noinput", "-eval", eval])
        .ends_with(7);
    assert_eq!(ended.stdout, format!("['{NODE}'] /srv []\n"), "{ended}");
    desk.is_as_before();
}

#[test]
fn what_is_piped_to_a_shell_is_not_run_here() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let script = "echo 'halt(7).' | beaminit-attach app-0 $1";
    for shell in ["", "--erl", "--iex"] {
        let refused = desk.machine.enter(["sh", "-c", script, "sh", shell]);
        let refused = refused.ends_with(64);
        let line = "beaminit-attach: error: standard input is no terminal, and beaminit-attach opens a shell for a person; ";
        assert!(
            refused.stdout.is_empty() && refused.stderr.starts_with(line),
            "{refused}"
        );
    }
}

#[test]
fn a_shell_that_would_be_a_local_one_ends_at_once() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let typed = "io:format(\"sum=~p at ~s~n\", [40 + 2, node()]).\n";
    is_the_nodes_or_none(&desk, "TERM=dumb", "", typed);
    is_the_nodes_or_none(&desk, "TERM=xterm", " | cat", typed);
}

/// What is typed, even ahead of the shell, is run at the node from OTP 26 on, and before that not at all.
#[track_caller]
fn is_the_nodes_or_none(desk: &Desk, variable: &str, behind: &str, typed: &str) {
    let script = format!("{variable} beaminit-attach app-0{behind}");
    let words = ["sh", "-c", &script];
    let (process, terminal) = desk.machine.enter_with(Input::Terminal, words);
    let mut shell = Shell {
        process,
        typed: terminal.expect("a terminal"),
    };
    shell.types(typed);
    let local =
        format!("beaminit-attach: error: {variable}, and for this Erlang that, or standard output");
    let said = shell.process.writes("where that is run", |line| {
        line.text.contains("sum=42 at ") || line.text.contains(&local)
    });
    let expected = match otp() {
        ..26 => local,
        _ => format!("sum=42 at {NODE}"),
    };
    assert!(said.text.contains(&expected), "{}", said.text);
}

#[test]
fn the_users_home_and_flags_stay_as_they_are() {
    let (pod, _dns) = clustered();
    let home = "/srv/o'neill's home";
    let machine = desk()
        .env("HOME", home)
        .env("ERL_AFLAGS", "-own 'of mine'")
        .file_with_mode(&format!("{home}/.erlang.cookie"), "the user's own", 0o400)
        .file(&format!("{home}/.tool-versions"), "erlang 25");
    let (desk, _node) = at(&machine, &pod, ERL);
    let eval = "io:format(\"~s ~p ~s ~p~n\", [os:getenv(\"HOME\"), init:get_argument(own), \
        os:getenv(\"ERL_AFLAGS\"), erlang:get_cookie()]), halt().";
    let script = "cat ~/.tool-versions; echo; exec erl -noinput -eval \"$1\"";
    let ended = desk
        .run(["app-0", "--", "sh", "-c", script, "sh", eval])
        .ends_with(0);
    let expected = format!("erlang 25\n{home} {{ok,[[\"of mine\"]]}} -own 'of mine' chocolate\n");
    assert_eq!(ended.stdout, expected, "{ended}");
    let own = std::fs::read_to_string(machine.place(&format!("{home}/.erlang.cookie")));
    assert_eq!(own.unwrap(), "the user's own");
}

#[test]
fn the_users_flags_name_no_other_node_and_no_other_cookie() {
    let (pod, _dns) = clustered();
    let machine = desk()
        .env("ERL_AFLAGS", "-sname mine -setcookie other -own 'of mine'")
        .env(
            "ERL_FLAGS",
            "-setcookie other -erl_epmd_port 1 -start_epmd true +P 70000",
        )
        .env("ERL_ZFLAGS", "-name mine@my.host -setcookie another")
        .env("ERL_OTP25_FLAGS", "-kernel inet_dist_listen_min 1")
        .env("ELIXIR_ERL_OPTIONS", "-sname mine");
    let (desk, _node) = at(&machine, &pod, ERL);
    let mut shell = Shell::of_erl(&desk, "app-0", NODE);
    shell.types("rpc:call(hd(nodes(hidden)), erlang, system_info, [process_limit]) < 140000.\n");
    shell.process.says("true");
    shell.leaves(&desk);
    let eval =
        "io:format(\"~p ~s~n\", [init:get_argument(own), os:getenv(\"ERL_AFLAGS\")]), halt().";
    let words = ["app-0", "--", "erl", "-noinput", "-eval", eval];
    let ended = desk.run(words).ends_with(0);
    let expected = "{ok,[[\"of mine\"]]} -own 'of mine'\n";
    assert_eq!(ended.stdout, expected, "{ended}");
}

/// A desk whose `docker` has a container `shop_app_1` in this state, and others at the pod's address, which is a wire away.
fn with_docker(pod: &Pod, state: &str) -> Pod {
    with_engine("docker", pod, state, ["10.1.2.3", "10.9.9.9"])
}

fn with_engine(program: &str, pod: &Pod, state: &str, [there, here]: [&str; 2]) -> Pod {
    let docker = format!(
        "#!/bin/sh\ncase $1$4 in inspectshop_app_1) echo {state} ;; inspect*) echo true bridge 10.1.2.3 ;; exec*) shift 2; exec kubectl exec app-0 -- \"$@\" ;; esac\n"
    );
    let machine = Pod::with_addresses("laptop", &[here]);
    let machine = at_desk(machine).file_with_mode(&format!("/srv/bin/{program}"), docker, 0o755);
    pod.network().wire(there, machine.network(), here);
    machine
}

#[test]
fn a_container_of_podman_whose_only_address_is_of_ipv6() {
    let [there, here] = ["fd00:10::3", "fd00:9::9"];
    for (variables, name) in [
        (
            [("BEAMINIT_HOST", "ip"), ("SNAME", "app")],
            "app@fd00:10::3",
        ),
        (
            [
                ("BEAMINIT_NODE", "app@six.example.com"),
                ("BEAMINIT_DNS", "off"),
            ],
            "app@six.example.com",
        ),
    ] {
        let pod = Pod::with_addresses("app-0", &[there]).env("ERLANG_COOKIE", "chocolate");
        let pod = variables
            .iter()
            .fold(pod, |pod, (name, value)| pod.env(name, value));
        let state = format!("true six {there}");
        let machine = with_engine("podman", &pod, &state, [there, here]);
        let machine = machine.env("BEAMINIT_DOCKER", "env CONTEXT=here podman");
        let (desk, _node) = at(&machine, &pod, ERL);
        Shell::of_erl(&desk, "--docker shop_app_1", name).leaves(&desk);
    }
}

#[test]
fn a_container_is_reached_directly() {
    for (variables, name, state) in [
        (["BEAMINIT_EPMD", "off"], NODE, "true bridge 10.1.2.3"),
        (
            ["BEAMINIT_HOST", "ip"],
            "app@10.1.2.3",
            "true shop 10.1.2.3",
        ),
        (["BEAMINIT_EPMD", "auto"], NODE, "true container:4f2a"),
    ] {
        let (pod, _dns) = clustered();
        let pod = pod.env(variables[0], variables[1]);
        let (desk, _node) = at(&with_docker(&pod, state), &pod, ERL);
        let shell = Shell::of_erl(&desk, "--docker shop_app_1", name);
        shows_no_cookie(&desk, "chocolate");
        assert!(
            !desk.running().contains(&"kubectl".to_owned()),
            "no forward is needed"
        );
        shell.leaves(&desk);
    }
}

#[test]
fn a_container_that_cannot_be_reached() {
    for (state, line) in [
        (
            "false bridge",
            "container shop_app_1 is not running (inspect: exit status: 0)",
        ),
        (
            "true none",
            "container shop_app_1 has no address that this machine reaches (its network is \"none\"); ",
        ),
        (
            "true host",
            "does this machine reach containers at 127.0.0.1:5555?",
        ),
        (
            "true bridge 10.9.9.9",
            "takes no connection: Connection refused (os error 111); is it running, and does this machine reach containers at 10.9.9.9:5555?",
        ),
    ] {
        let (pod, _dns) = clustered();
        let (desk, _node) = at(&with_docker(&pod, state), &pod, ERL);
        let ended = desk.run("--docker shop_app_1 -- true").ends_with(69);
        assert!(ended.stderr.contains(line), "{ended}");
        desk.is_as_before();
    }
}

/// A desk whose kubectl and docker write down what they are called with; a beaminit there says this of its node.
fn with_notes(told: &str) -> Pod {
    let script = format!(
        "#!/bin/sh\necho ${{0##*/}} \"$@\" >>/srv/notes\ncase \"$*\" in *node*) echo '{told}' ;; *) exit 7 ;; esac\n"
    );
    desk()
        .env("BEAMINIT_DOCKER", "podman")
        .file_with_mode("/srv/bin/kubectl", &*script, 0o755)
        .file_with_mode("/srv/bin/podman", &*script, 0o755)
}

#[test]
fn in_the_pod_a_client_of_the_release_is_run() {
    let told = r#"{"node":"app@a.b","shell":["bin/app","remote"]}"#;
    for (words, asks, runs) in [
        (
            "app-0 -n prod -c app --in-pod",
            "kubectl exec --namespace prod app-0 --container app -- /beaminit node --json",
            "kubectl exec --namespace prod app-0 -it --container app -- /beaminit -- bin/app remote",
        ),
        (
            "app-0 --in-pod app@a.b --erl",
            "kubectl exec app-0 -- /beaminit node --json",
            "kubectl exec app-0 -it -- /beaminit -- erl -remsh app@a.b",
        ),
        (
            "--docker shop_app_1 --in-pod --iex",
            "podman exec shop_app_1 /beaminit node --json",
            "podman exec -it shop_app_1 /beaminit -- iex --remsh app@a.b",
        ),
        (
            "app-0 --in-pod -- bin/app rpc x",
            "",
            "kubectl exec app-0 -it -- /beaminit -- bin/app rpc x",
        ),
    ] {
        let machine = with_notes(told);
        let desk = Desk::alone(&machine);
        let (process, _typed) = desk.attach(words);
        let ended = process.ends_with(7);
        let memory = "beaminit-attach: it runs there as a VM of its own, in the memory of that container: about 40 MiB";
        assert_eq!(ended.stdout.contains(memory), !asks.is_empty(), "{ended}");
        let notes = std::fs::read_to_string(machine.place("/srv/notes")).unwrap();
        let expected = [asks, runs].join("\n");
        assert_eq!(notes.trim(), expected.trim(), "{words}");
        desk.is_as_before();
    }
}

#[test]
fn in_the_pod_without_a_terminal() {
    let machine = with_notes("");
    let desk = Desk::alone(&machine);
    desk.run("app-0 --in-pod -- cat").ends_with(7);
    let notes = std::fs::read_to_string(machine.place("/srv/notes")).unwrap();
    assert_eq!(notes, "kubectl exec app-0 -i -- /beaminit -- cat\n");
    let refused = desk.run("app-0 --in-pod").ends_with(64);
    let line = "beaminit-attach: error: standard input is no terminal";
    assert!(refused.stderr.starts_with(line), "{refused}");
}

#[test]
fn in_the_pod_of_another_node_or_of_an_older_beaminit() {
    for (told, words, code, line) in [
        (
            r#"{"node":"app@a.b","shell":["bin/app","remote"]}"#,
            "app-0 --in-pod x@a.b",
            78,
            "the node there is app@a.b, not x@a.b; give that name",
        ),
        (
            r#"{"node":"app@a.b"}"#,
            "app-0 --in-pod",
            69,
            "`kubectl exec app-0 -- /beaminit node --json` printed no shell (exit status: 0); does the node run there, and is /beaminit of that image new enough? If not, give the command of a shell, as in --in-pod -- bin/app remote",
        ),
    ] {
        let desk = Desk::alone(&with_notes(told));
        let (process, _typed) = desk.attach(words);
        let ended = process.ends_with(code);
        assert!(ended.stdout.contains(line), "{ended}");
    }
}

#[test]
fn ctrl_c_is_for_the_shell_alone() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let mut shell = Shell::of_erl(&desk, "app-0", NODE);
    shell.types("\x03");
    shell.process.prompts("(a)bort");
    shell.types("c\n");
    shell.types("io:format(\"product=~p~n\", [6 * 7]).\n");
    shell.process.says("product=42");
    shell.leaves(&desk);
}

#[test]
fn ctrl_z_stops_the_job_and_fg_goes_on() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    // A shell of its own, whose job attach is.
    let command = [
        "beaminit-attach",
        "app-0",
        "--",
        "sh",
        "-c",
        "echo begun; read line; echo read=$line",
    ]
    .join("' '");
    let mut words = vec!["bash", "--norc", "-i"];
    words.splice(0..0, ["env", "PS1=> "]);
    let (process, typed) = desk.machine.enter_with(Input::Terminal, words.as_slice());
    let mut shell = Shell {
        process,
        typed: typed.expect("a terminal"),
    };
    shell.types(&format!("'{command}'\n"));
    shell
        .process
        .writes("what the command says", |line| line.text.ends_with("begun"));
    shell.types("\x1a");
    shell.process.says("Stopped");
    shell.types("fg\n");
    shell.types("again\n");
    shell.process.writes("what was typed then", |line| {
        line.text.ends_with("read=again")
    });
    shell.types("exit 0\n");
    shell.process.ends_with(0);
    desk.is_as_before();
}

#[test]
fn the_end_of_the_forward_is_the_end_of_the_shell() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let shell = Shell::of_erl(&desk, "app-0", NODE);
    desk.signal("kubectl", "-KILL");
    let said = shell.process.says("beaminit-attach: error: ");
    let line = "beaminit-attach: error: `kubectl port-forward app-0 --address 127.0.0.1 :5555` ended (signal: 9 (SIGKILL)); the shell ends with it";
    assert!(said.text.ends_with(line), "{}", said.text);
    shell.process.ends_with(69);
    desk.is_as_before();
}

#[test]
fn a_term_ends_it_and_nothing_is_left() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    for signal in ["-TERM", "-HUP", "-INT"] {
        let shell = Shell::of_erl(&desk, "app-0", NODE);
        desk.signal("beaminit-attach", signal);
        shell.process.ends_with(0);
        desk.is_as_before();
    }
}

#[test]
fn a_command_that_does_not_want_to_end_is_killed() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let shell = desk.run([
        "app-0",
        "--",
        "sh",
        "-c",
        "trap '' TERM; echo begun; sleep 1000 & wait; sleep 1000",
    ]);
    shell.says("begun");
    desk.signal("beaminit-attach", "-TERM");
    shell.ends_with(137);
    desk.is_as_before();
}

#[test]
fn killed_it_leaves_no_forward() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let shell = Shell::of_erl(&desk, "app-0", NODE);
    desk.signal("beaminit-attach", "-KILL");
    shell.process.ends();
    eventually("the forward and the VM have ended", || {
        desk.running() == ["sleep"]
    });
    let left = desk.folders();
    assert_eq!(left.len(), 1, "nobody could remove its files: {left:?}");
    // The next one does, and leaves those of one that lives.
    let shell = Shell::of_erl(&desk, "app-0", NODE);
    let own = desk.folders();
    assert!(own.len() == 1 && own != left, "{own:?}");
    desk.run("app-0 -- true").ends_with(0);
    assert_eq!(desk.folders(), own);
    shell.leaves(&desk);
}

/// What a stand-in for the beaminit in the pod prints.
const TELLS_PORT: &str = r#"echo '{"node":"a@b.c","port":1,"cookie":"x"}'"#;

#[test]
fn a_signal_is_heard_while_kubectl_thinks() {
    for (verb, tells) in [("exec", ":"), ("port-forward", TELLS_PORT)] {
        let script = format!(
            "#!/bin/sh\n[ $1 = {verb} ] || {{ {tells}; exit; }}\necho begun >&2\n: >/srv/begun\nexec sleep 1000\n"
        );
        let machine = desk().file_with_mode("/srv/bin/kubectl", script, 0o755);
        let desk = Desk::alone(&machine);
        let waiting = desk.run("app-0 -- true");
        eventually("kubectl thinks", || machine.place("/srv/begun").exists());
        desk.signal("beaminit-attach", "-TERM");
        waiting.ends_with(143);
        desk.is_as_before();
    }
}

#[test]
fn a_signal_is_heard_while_the_node_or_its_epmd_thinks() {
    for port in ["port", "epmd"] {
        let script = format!(
            "#!/bin/sh\n[ $1 = exec ] && {{ echo '{{\"node\":\"a@b.c\",\"{port}\":5555,\"cookie\":\"x\"}}'; exit; }}\necho 'Forwarding from 127.0.0.1:5432 -> 1'\nexec sleep 1000\n"
        );
        let machine = desk().file_with_mode("/srv/bin/kubectl", script, 0o755);
        let silent = machine.network().listen("127.0.0.1:5432");
        let desk = Desk::alone(&machine);
        for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
            let waiting = desk.run("app-0 -- true");
            let _connection = silent.accept().expect("somebody comes");
            desk.signal("beaminit-attach", signal);
            waiting.ends_with(code);
            desk.is_as_before();
        }
    }
}

#[test]
fn what_a_kubectl_leaves_behind_is_not_waited_for() {
    let script = format!("#!/bin/sh\n[ $1 = exec ] || exit 3\nsleep 1000 &\n{TELLS_PORT}\n");
    let machine = desk().file_with_mode("/srv/bin/kubectl", script, 0o755);
    let ended = Desk::alone(&machine).run("app-0 -- true").ends_with(69);
    let line = "beaminit-attach: error: `kubectl port-forward app-0 --address 127.0.0.1 :1` ended (exit status: 3)";
    assert!(ended.stderr.contains(line), "{ended}");
}

#[test]
fn no_thread_to_be_had_is_said() {
    let script =
        format!("#!/bin/sh\n[ $1 = exec ] && {{ {TELLS_PORT}; exit; }}\nexec sleep 1000\n");
    let machine = desk().file_with_mode("/srv/bin/kubectl", script, 0o755);
    let desk = Desk::alone(&machine);
    // A user of its own, who may have itself and kubectl.
    let user = "setpriv --reuid=54321 --clear-groups prlimit --nproc=2:2";
    let line = format!("{user} beaminit-attach app-0 -- true");
    let ended = desk.machine.enter(line.as_str()).ends_with(71);
    let line = "beaminit-attach: error: cannot start a thread: Resource temporarily unavailable (os error 11); ";
    assert!(ended.stderr.contains(line), "{ended}");
    desk.is_as_before();
}

#[test]
fn a_machine_without_erlang() {
    let (pod, _dns) = clustered();
    let (desk, _node) = running(&pod, ERL);
    let script = "PATH=/srv/bin beaminit-attach app-0 2>&1";
    // What kubectl's stand-in is, is not there either: so it is called by a wrapper that has another PATH.
    let kubectl = "BEAMINIT_KUBECTL=/usr/bin/env PATH=/srv/bin:/usr/bin:/bin kubectl";
    let words = ["env", kubectl, "sh", "-c", script];
    let (process, _typed) = desk.machine.enter_with(Input::Terminal, words);
    process.says("beaminit-attach: error: erl is not on this machine, where beaminit-attach runs it (PATH is /srv/bin); install it, or correct PATH");
    process.ends_with(127);
    desk.is_as_before();
}

#[test]
fn what_is_wrong_is_said_before_there_is_a_shell() {
    let (pod, _dns) = clustered();
    let (desk, node) = running(&pod, ERL);
    for (words, code, line) in [
        (
            "app-1 -n prod -c app -- true",
            69,
            "beaminit-attach: error: `kubectl exec --namespace prod app-1 --container app -- /beaminit node --json --cookie` printed no node name (exit status: ",
        ),
        (
            "app-0 -n prod -c app app@other.example.com -- true",
            78,
            "beaminit-attach: error: the node there is app@app-0.app.prod.svc.cluster.local, not app@other.example.com; give that name",
        ),
        (
            "app-0 -- no-such-program",
            127,
            "beaminit-attach: error: no-such-program is not on this machine, where beaminit-attach runs it (PATH is /",
        ),
        (
            "app-1 app@other.example.com -- true",
            69,
            "beaminit-attach: error: `kubectl exec app-1 -- /beaminit node --json --cookie` printed no cookie (exit status: ",
        ),
        (
            "svc/app",
            64,
            "beaminit-attach: error: \"svc/app\" is not the name of a pod",
        ),
    ] {
        let ended = desk.run(words).ends_with(code);
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with(line), "{ended}");
        desk.is_as_before();
    }
    let variables = ["env", "ERLANG_COOKIE=vanilla", "ERL_PORT=5555"];
    let attach = |code, env: &[&str]| {
        let mut words = env.to_vec();
        words.extend(["beaminit-attach", "app-0", NODE, "--", "true"]);
        desk.machine.enter(words.as_slice()).ends_with(code).stderr
    };
    let said = attach(69, &variables);
    assert!(
        said.contains("app.prod.svc.cluster.local has another cookie; is it that of ERLANG_COOKIE"),
        "{said}"
    );
    let said = attach(69, &["env", "ERLANG_COOKIE=chocolate", "ERL_PORT=5556"]);
    assert!(
        said.contains(&format!("error: {NODE} closed the connection instead of answering the handshake; is it running? kubectl says: E1120")),
        "{said}"
    );
    let said = attach(
        127,
        &[
            "env",
            "ERLANG_COOKIE=chocolate",
            "BEAMINIT_KUBECTL=no-such-kubectl",
        ],
    );
    let line = "no-such-kubectl is not on this machine, where beaminit-attach runs it (PATH is /";
    assert!(said.contains(line), "{said}");
    let remedy = "set BEAMINIT_KUBECTL to the words for yours, like oc; for a container of this machine: --docker CONTAINER";
    assert!(said.contains(remedy), "{said}");
    drop(node);
}

#[test]
fn what_docker_says_is_shown_where_it_is_no_answer() {
    let docker = "#!/bin/sh\necho 'OCI runtime exec failed: no such file'\nexit 126\n";
    let machine = desk().file_with_mode("/srv/bin/docker", docker, 0o755);
    let desk = Desk::alone(&machine);
    let ended = desk.run("--docker web_1 -- true").ends_with(69);
    let line = "`docker exec web_1 /beaminit node --json --cookie` printed no node name (exit status: 126): OCI runtime exec failed: no such file; does the node run there";
    assert!(ended.stderr.contains(line), "{ended}");
    let missing =
        "env BEAMINIT_DOCKER=no-such-docker beaminit-attach --docker web_1 --in-pod -- true";
    let ended = desk.machine.enter(missing).ends_with(127);
    let remedy = "set BEAMINIT_DOCKER to the words for yours, like podman";
    assert!(ended.stderr.contains(remedy), "{ended}");
}

#[test]
fn what_is_printed_is_about_this_program() {
    let desk = Desk::alone(&desk());
    let help = desk.run("--help").ends_with(0);
    assert!(help.stdout.starts_with("beaminit-attach: "), "{help}");
    let version = desk.run("--version").ends_with(0);
    let start = concat!("beaminit-attach ", env!("CARGO_PKG_VERSION"));
    assert!(version.stdout.starts_with(start), "{version}");
    let build = desk.run("--version --json").ends_with(0);
    let build: serde_json::Value = serde_json::from_str(&build.stdout).expect("an object");
    assert_eq!(build["program"], "beaminit-attach");
    let wrong = desk
        .machine
        .enter("env BEAMINIT_LOG=loud beaminit-attach app-0 -- true");
    let wrong = wrong.ends_with(78);
    let line = "beaminit-attach: error: BEAMINIT_LOG is \"loud\"";
    assert!(wrong.stderr.starts_with(line), "{wrong}");
}
