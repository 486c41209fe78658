//! What docs/launchers.md says is supported: a module for each launcher, with the same tests in each. A row of its table is a
//! module here, a column a test; tests/matrix prints it for the OTP releases that it ran.

use super::cookie_files::{is_secret, with_secret};
use super::*;

/// A way to start a node, the project or release that it starts laid out in the pod.
pub struct Way {
    lay_out: fn(Pod) -> Pod,
    command: Vec<&'static str>,
    pub terminal: bool,
    client: Client,
    /// Its exit status after a TERM.
    ends_with: i32,
}

/// How the node is reached from the same container.
#[derive(Clone, Copy)]
pub enum Client {
    Erl,
    Iex,
    MixRelease,
    Relx,
}

const MIX_APP: &str = "/srv/mixapp/bin/mixapp";
const RELX_APP: &str = "/srv/relxapp/bin/relxapp";

impl Way {
    pub fn new(lay_out: fn(Pod) -> Pod, command: &[&'static str], client: Client) -> Self {
        Self {
            lay_out,
            command: command.to_vec(),
            terminal: false,
            client,
            ends_with: 0,
        }
    }

    /// Starts it in this pod.
    fn start(&self, pod: Pod) -> Running {
        self.start_under(&[BEAMINIT, "--"], pod)
    }

    /// Starts it in this pod with these words before its command.
    pub fn start_under(&self, words: &[&str], pod: Pod) -> Running {
        let mut pod = (self.lay_out)(pod).env("TERM", "xterm");
        if self.terminal {
            pod = pod.input(Input::Terminal);
        }
        pod.first([words, &self.command].concat().as_slice())
    }
}

fn project(pod: Pod) -> Pod {
    pod.copy(&fixtures::mix_project(), "/srv/project")
        .working_directory("/srv/project")
        .env("MIX_ENV", "prod")
}

pub fn erl() -> Way {
    Way::new(|pod| pod, &["erl", "-noinput", "-eval", SPEAK], Client::Erl)
}

pub fn elixir() -> Way {
    let command = ["elixir", "-S", "mix", "run", "--no-compile", "--no-halt"];
    Way::new(project, &command, Client::Iex)
}

pub fn iex() -> Way {
    Way {
        terminal: true,
        ..Way::new(
            project,
            &["iex", "-S", "mix", "run", "--no-compile"],
            Client::Iex,
        )
    }
}

pub fn mix() -> Way {
    let command = ["mix", "run", "--no-compile", "--no-halt"];
    Way::new(project, &command, Client::Iex)
}

pub fn mix_release() -> Way {
    let lay_out = |pod: Pod| pod.copy(&fixtures::mix_release(), "/srv/mixapp");
    Way::new(lay_out, &[MIX_APP, "start"], Client::MixRelease)
}

pub fn relx_release() -> Way {
    let lay_out = |pod: Pod| pod.copy(&fixtures::relx_release(), "/srv/relxapp");
    Way::new(lay_out, &[RELX_APP, "foreground"], Client::Relx)
}

pub fn gleam() -> Way {
    Way {
        // Its script dies of the TERM; the VM gets one too.
        ends_with: 143,
        ..Way::new(
            other_ways::shipment,
            &["/srv/app/entrypoint.sh", "run"],
            Client::Erl,
        )
    }
}

pub fn escript() -> Way {
    let lay_out = |pod: Pod| {
        let head = "#!/usr/bin/env escript\n%%! -name other@elsewhere.example.com -setcookie other";
        let script = format!("{head}\n{}", other_ways::MAIN);
        pod.file_with_mode("/srv/server", script, 0o755)
    };
    Way::new(lay_out, &["/srv/server"], Client::Erl)
}

fn name_cookie_port(way: &Way) {
    let (pod, _dns) = clustered();
    let node = way.start(pod);
    is_as_planned(&node);
    super::watch::reported(&node);
    let lines = node.transcript().lines();
    let told = lines.iter().filter_map(|line| of_beaminit(&line.text));
    assert!(told.count() <= 5, "{}", node.transcript());
}

fn cookie_hidden(way: &Way) {
    let (pod, _dns) = with_secret();
    is_secret(&way.start(pod));
}

fn graceful_stop(way: &Way) {
    let (pod, _dns) = clustered();
    let node = way.start(pod);
    is_as_planned(&node);
    node.signal(nix::sys::signal::Signal::SIGTERM);
    let ended = node.ends_with(way.ends_with);
    let has_application = !matches!(way.client, Client::Erl);
    assert!(
        !has_application || ended.stdout.contains("stopped"),
        "its applications were not stopped: {ended}"
    );
}

/// A random user with no passwd entry, no home and nothing of the release's that it could write; a Secret of its group.
fn any_user(way: &Way) {
    // As Docker and OpenShift leave it where passwd has no entry.
    for home in ["", "/"] {
        let (pod, _dns) = clustered();
        let pod = pod
            .user(1_000_660_000)
            .env("HOME", home)
            .without("ERLANG_COOKIE")
            .file_with_mode("/run/secrets/cookie", "chocolate\n", 0o440)
            .env("ERLANG_COOKIE_FILE", "/run/secrets/cookie");
        is_as_planned(&way.start(pod));
    }
}

fn without_epmd(way: &Way) {
    for via in ["arg", "file"] {
        let (pod, _dns) = clustered();
        let pod = pod.env("BEAMINIT_COOKIE_VIA", via);
        let node = way.start(pod.env("BEAMINIT_EPMD", "off"));
        is_as_planned(&node);
        reach(&node, way.client, NODE);
        assert_eq!(node.inmate("epmd"), None, "{}", node.transcript());
        stop(&node, way.client);
    }
}

fn clients(way: &Way) {
    let (pod, _dns) = clustered();
    let node = way.start(pod);
    is_as_planned(&node);
    reach(&node, way.client, NODE);
    stop(&node, way.client);
}

/// In a pod that has no other address, by its address: the same clients, with epmd and without.
fn over_ipv6(way: &Way) {
    let (address, name) = ("fd00:10::3", "app@fd00:10::3");
    for (epmd, via) in [("auto", "arg"), ("auto", "file"), ("off", "arg")] {
        let pod = Pod::with_addresses("app-0", &[address])
            .env("SNAME", "app")
            .env("BEAMINIT_HOST", "ip")
            .env("ERLANG_COOKIE", "chocolate")
            .env("ERL_PORT", "5555")
            .env("LANG", "C.UTF-8")
            .env("BEAMINIT_COOKIE_VIA", via);
        let node = way.start(pod.env("BEAMINIT_EPMD", epmd));
        is_up(&node, name, "chocolate", 5555);
        reach(&node, way.client, name);
        stop(&node, way.client);
    }
}

/// With a certificate: the same clients, and a node of the same authority. One without TLS does not get in.
fn over_tls(way: &Way) {
    for epmd in ["auto", "off"] {
        let (pod, _dns) = tls::secured();
        let node = way.start(pod.env("BEAMINIT_EPMD", epmd));
        is_as_planned(&node);
        reach(&node, way.client, NODE);
        if epmd == "auto" {
            tls::connects_to_tls_alone(&node);
        }
        stop(&node, way.client);
    }
}

/// Stops the node by the release's own client, where there is one.
fn stop(node: &Running, client: Client) {
    let app = match client {
        Client::Erl | Client::Iex => return,
        Client::MixRelease => MIX_APP,
        Client::Relx => RELX_APP,
    };
    // The pod may be gone before its client has a status.
    node.enter([BEAMINIT, "--", app, "stop"]).ends();
    let ended = node.ends_with(0);
    assert!(ended.stdout.contains("stopped"), "{ended}");
}

/// What an image or a chart of before left over, in every place that has no file of the release's own.
fn leftovers_beaten(way: &Way) {
    let flags = "-sname other -setcookie one -setcookie two -kernel inet_dist_listen_min 9999";
    let variables = [
        "ERL_AFLAGS",
        "ERL_FLAGS",
        "ERL_ZFLAGS",
        "ELIXIR_ERL_OPTIONS",
    ];
    let (pod, _dns) = clustered();
    let pod = variables.iter().fold(pod, |pod, name| pod.env(name, flags));
    let pod = pod
        .file_with_mode("/srv/.erlang.cookie", "at_home", 0o400)
        .env("RELEASE_NODE", "other@elsewhere.example.com")
        .env("RELEASE_DISTRIBUTION", "sname")
        .env("RELEASE_COOKIE", "other")
        .env("RELX_COOKIE", "other")
        .env("COOKIE", "other")
        .env("NODE_NAME", "other@elsewhere.example.com");
    is_as_planned(&way.start(pod));
}

/// The node's own VMs get nothing of what makes its name, cookie and port certain, and the user's own flags back.
fn own_vms(way: &Way) {
    let (pod, _dns) = clustered();
    let node = way.start(pod.env("ERL_AFLAGS", "-env KEPT yes"));
    is_as_planned(&node);
    let child = "erl -noinput -eval 'io:format(\"~p ~s ~p\", [node(), os:getenv(\"ERL_AFLAGS\"), os:getenv(\"KEPT\")]), halt().'";
    // The quotes are those of an Erlang string in an Erlang term.
    let ask =
        format!("io:format(\"child=~s~n\", [erpc:call('{NODE}', os, cmd, [{child:?}])]), halt().");
    // Without beaminit: a peer that only knows where the node is.
    let asked = node
        .enter([
            "env",
            "-u",
            "ERL_AFLAGS",
            "erl",
            "-noinput",
            "-name",
            "peer@10.1.2.3",
            "-setcookie",
            "chocolate",
            "-eval",
            &ask,
        ])
        .ends();
    let child = "child=nonode@nohost -env KEPT yes \"yes\"";
    assert!(asked.stdout.contains(child), "{asked}");
}

/// Reaches the node by each of its clients that leaves it running, and by a shell.
fn reach(node: &Running, client: Client, name: &str) {
    let says = |command: &[&str], answer: &str| {
        let asked = node.enter(command).ends_with(0);
        assert!(asked.stdout.contains(answer), "{command:?}: {asked}");
    };
    let vm = || node.inmate("beam.smp").expect("the VM").pid.to_string();
    let mix = |arguments: &[&'static str]| [&[BEAMINIT, "--", MIX_APP], arguments].concat();
    let relx = |arguments: &[&'static str]| [&[BEAMINIT, "--", RELX_APP], arguments].concat();
    // The VM's own number: a shell that only has the node's name is a VM of its own.
    let in_elixir = "IO.puts(\"pid\" <> \"=#{System.pid()} of #{node()}\")";
    let in_erlang = "io:format(\"pid\" ++ \"=~s of ~s~n\", [os:getpid(), node()]).";
    let answer = format!("pid={} of {name}", vm());
    let (expected, prompt, typed) = match client {
        Client::Erl => (
            vec!["erl", "-remsh", name],
            format!("({name})1>"),
            in_erlang,
        ),
        Client::Iex => (
            vec!["iex", "--remsh", name],
            format!("iex({name})1>"),
            in_elixir,
        ),
        Client::MixRelease => {
            says(&mix(&["rpc", in_elixir]), &answer);
            says(&mix(&["pid"]), &vm());
            let shell = vec![MIX_APP, "remote"];
            (shell, format!("iex({name})1>"), in_elixir)
        }
        Client::Relx => {
            says(&relx(&["ping"]), "pong");
            says(&relx(&["rpc", "erlang", "node"]), name);
            says(&relx(&["eval", "node()."]), name);
            says(&relx(&["pid"]), &vm());
            let shell = vec![RELX_APP, "remote_console"];
            (shell, format!("({name})1>"), in_erlang)
        }
    };
    let told = node.enter([BEAMINIT, "node", "--json"]).ends_with(0);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("an object");
    let told = told["shell"].as_array().expect("words").iter();
    let told: Vec<&str> = told.map(|word| word.as_str().expect("a word")).collect();
    assert_eq!(told, expected);
    let shell = [&[BEAMINIT, "--"], told.as_slice()].concat();
    let (shell, keyboard) = node.enter_with(Input::Terminal, shell.as_slice());
    shell.prompts(&prompt);
    type_at(keyboard, &format!("{typed}\n"));
    shell.says(&answer);
}

/// A test for each property of each launcher.
macro_rules! table {
    ($($launcher:ident)*; $properties:tt) => { $(table!(@ $launcher $properties);)* };
    (@ $launcher:ident ($($property:ident)*)) => {
        mod $launcher {
            $(#[test]
            fn $property() {
                super::$property(&super::$launcher());
            })*
        }
    };
}
pub(super) use table;

table!(erl elixir iex mix mix_release relx_release escript gleam;
    (name_cookie_port cookie_hidden clients graceful_stop without_epmd any_user own_vms leftovers_beaten over_ipv6 over_tls));
