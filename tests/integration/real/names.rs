//! What a user wrote as the node's name is used, or refused with its place: it is never dropped for a default.

use super::*;

const MIX: &str = "/srv/mixapp/bin/mixapp";
const MIX_FILES: &str = "/srv/mixapp/releases/0.1.0";
const RELX: &str = "/srv/relxapp/bin/relxapp";
const RELX_ARGS: &str = "/srv/relxapp/releases/0.1.0/vm.args";

/// A way to write a name: how a pod has it, and what is started there.
struct Written {
    /// Where it is to be found by who reads the error.
    place: &'static str,
    pod: Pod,
    command: Vec<String>,
}

impl Written {
    fn new(place: &'static str, pod: Pod, command: &[&str]) -> Self {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Self {
            place,
            pod,
            command,
        }
    }

    fn command(&self) -> Vec<&str> {
        self.command.iter().map(String::as_str).collect()
    }
}

fn mix(pod: Pod) -> Pod {
    pod.copy(&fixtures::mix_release(), "/srv/mixapp")
}

fn relx(pod: Pod) -> Pod {
    pod.copy(&fixtures::relx_release(), "/srv/relxapp")
}

fn rabbitmq(pod: Pod) -> Pod {
    let script = "#!/bin/sh\nprintf 'node=%s cookie=none\\n' \"$RABBITMQ_NODENAME\"\n";
    pod.file_with_mode("/srv/bin/rabbitmq-server", script, 0o755)
        .env("RABBITMQ_USE_LONGNAME", "true")
}

fn ejabberd(pod: Pod) -> Pod {
    let script = "#!/bin/sh\nERLANG_NODE=ejabberd@localhost\n\
        [ -z \"$ERLANG_NODE_ARG\" ] || ERLANG_NODE=$ERLANG_NODE_ARG\n\
        printf 'node=%s cookie=none\\n' \"$ERLANG_NODE\"\n";
    pod.file_with_mode("/srv/bin/ejabberdctl", script, 0o755)
}

/// In a variable of a mix release's, of RabbitMQ's and of ejabberd's: there it may hold anything.
fn in_variables_of_their_own(name: &str, pod: fn() -> Pod) -> [Written; 3] {
    let release = mix(pod()).env("RELEASE_DISTRIBUTION", "name");
    [
        Written::new(
            "RELEASE_NODE",
            release.env("RELEASE_NODE", name),
            &[MIX, "start"],
        ),
        Written::new(
            "RABBITMQ_NODENAME",
            rabbitmq(pod()).env("RABBITMQ_NODENAME", name),
            &["rabbitmq-server"],
        ),
        Written::new(
            "ERLANG_NODE_ARG",
            ejabberd(pod()).env("ERLANG_NODE_ARG", name),
            &["ejabberdctl", "foreground"],
        ),
    ]
}

/// In a variable that holds flags.
fn in_flags(name: &str, pod: fn() -> Pod) -> Vec<Written> {
    let flag = format!("-name {name}");
    let erl = ["ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS"].map(|variable| {
        let command = ["erl", "-noinput", "-eval", SPEAK];
        Written::new(variable, pod().env(variable, &flag), &command)
    });
    let variable = "ELIXIR_ERL_OPTIONS";
    let speak = "IO.puts(\"node=#{node()} cookie=#{Node.get_cookie()}\")";
    let elixir = ["elixir", "--no-halt", "--eval", speak];
    let elixir = Written::new(variable, pod().env(variable, &flag), &elixir);
    let release = mix(pod()).env("RELEASE_DISTRIBUTION", "none");
    let release = release.env(variable, &flag);
    let release = Written::new(variable, release, &[MIX, "start"]);
    erl.into_iter().chain([elixir, release]).collect()
}

/// In a file of a release's own.
fn in_files(name: &str, pod: fn() -> Pod) -> [Written; 3] {
    let flag = format!("# mine\n-name {name}\n");
    let args = mix(pod()).env("RELEASE_DISTRIBUTION", "none");
    let args = args.file(&format!("{MIX_FILES}/vm.args"), &flag);
    let env_sh = format!("#!/bin/sh\nexport RELEASE_DISTRIBUTION=name RELEASE_NODE='{name}'\n");
    let env_sh = mix(pod()).file(&format!("{MIX_FILES}/env.sh"), env_sh);
    let relx = relx(pod()).file(RELX_ARGS, flag + "-setcookie own\n");
    [
        Written::new(
            "/srv/mixapp/releases/0.1.0/vm.args:2",
            args,
            &[MIX, "start"],
        ),
        Written::new("/srv/mixapp/releases/0.1.0/env.sh", env_sh, &[MIX, "start"]),
        Written::new(
            "/srv/relxapp/releases/0.1.0/vm.args:2",
            relx,
            &[RELX, "foreground"],
        ),
    ]
}

/// On the command line itself.
fn on_the_command_line(name: &str, pod: fn() -> Pod) -> [Written; 3] {
    let place = "the command line";
    let speak = "IO.puts(\"node=#{node()} cookie=#{Node.get_cookie()}\")";
    [
        Written::new(
            place,
            pod(),
            &["erl", "-noinput", "-name", name, "-eval", SPEAK],
        ),
        Written::new(
            place,
            pod(),
            &["elixir", "--name", name, "--no-halt", "--eval", speak],
        ),
        Written::new(place, relx(pod()), &[RELX, "foreground", "-name", name]),
    ]
}

fn everywhere(name: &str, pod: fn() -> Pod) -> Vec<Written> {
    let mut all = in_flags(name, pod);
    all.extend(in_variables_of_their_own(name, pod));
    all.extend(in_files(name, pod));
    all.extend(on_the_command_line(name, pod));
    all
}

/// A pod with no variable of ours.
fn bare() -> Pod {
    Pod::new("web-0").env("LANG", "C.UTF-8")
}

/// One that says a whole name, a cookie and a port.
fn ours() -> Pod {
    bare()
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "ip")
        .env("ERLANG_COOKIE", "chocolate")
        .env("ERL_PORT", "5555")
}

/// What is wrong with how this is refused, if anything is: by `plan` and at the start, before anything runs, in a line
/// that has these parts.
fn wrong_with(written: &Written, parts: &[&str]) -> Option<String> {
    let command = written.command();
    for start in [Pod::plan, Pod::run] {
        let ended = start(&written.pod, command.as_slice()).ends();
        let errors = ended.stderr.lines();
        let mut errors = errors.filter(|line| line.starts_with("beaminit: error: "));
        let told = errors.any(|line| parts.iter().all(|part| line.contains(part)));
        if ended.code != 78 || !told || !ended.stdout.is_empty() {
            let place = written.place;
            return Some(format!("{command:?} with it in {place}: {ended}\n"));
        }
    }
    None
}

#[track_caller]
fn are_refused(all: &[Written], name: &str) {
    let wrong = all
        .iter()
        .filter_map(|written| wrong_with(written, &[written.place, name]));
    let wrong: String = wrong.collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_name_without_what_is_behind_its_at_sign_is_refused() {
    are_refused(&everywhere("app@", bare), "app@");
}

#[test]
fn a_name_that_kubernetes_did_not_complete_is_refused() {
    let name = "app@$(POD_IP)";
    are_refused(&everywhere(name, bare), name);
}

#[test]
fn a_name_with_brackets_is_refused() {
    let name = "app@[fdaa::3]";
    are_refused(&everywhere(name, bare), name);
}

#[test]
fn a_name_in_two_lines_is_refused() {
    are_refused(
        &in_variables_of_their_own("app@10.1\n.2.3", bare),
        "app@10.1",
    );
}

#[test]
fn an_invalid_name_is_refused_though_ours_would_win() {
    are_refused(&everywhere("app@", ours), "app@");
}

#[test]
fn line_ends_of_a_name_are_trimmed() {
    for end in ["\n", "\r\n", "\n\n"] {
        let name = format!("app@127.0.0.1{end}");
        for written in in_variables_of_their_own(&name, bare) {
            let node = written.pod.run(written.command().as_slice());
            let said = node.says("node=").text;
            let place = written.place;
            assert!(said.starts_with("node=app@127.0.0.1 "), "{place}: {said:?}");
        }
    }
}

/// The forms of a long name without a host.
fn without_a_host(pod: fn() -> Pod) -> [Written; 4] {
    let release = mix(pod()).env("RELEASE_DISTRIBUTION", "name");
    let args = relx(pod()).file(RELX_ARGS, "-name app\n-setcookie own\n");
    let flags = pod().env("ERL_FLAGS", "-name app");
    let command_line = ["erl", "-noinput", "-name", "app", "-eval", SPEAK];
    [
        Written::new(
            "RELEASE_NODE",
            release.env("RELEASE_NODE", "app"),
            &[MIX, "start"],
        ),
        Written::new(
            "/srv/relxapp/releases/0.1.0/vm.args:1",
            args,
            &[RELX, "foreground"],
        ),
        Written::new("ERL_FLAGS", flags, &["erl", "-noinput", "-eval", SPEAK]),
        Written::new("the command line", pod(), &command_line),
    ]
}

/// As the kubelet writes it for the pods of a StatefulSet.
fn with_a_full_name() -> Pod {
    Pod::new("app-0")
        .without_hosts()
        .hosts(&format!("10.1.2.3\t{OWN_NAME}\tapp-0\n"))
        .env("LANG", "C.UTF-8")
}

/// As `docker run --hostname` does.
fn with_a_full_host_name() -> Pod {
    Pod::new(OWN_NAME).env("LANG", "C.UTF-8")
}

#[test]
fn a_name_without_a_host_gets_the_full_name_of_this_one() {
    for pod in [with_a_full_name, with_a_full_host_name] {
        for written in without_a_host(pod) {
            let command = written.command();
            let plan = written.pod.plan(command.as_slice()).ends_with(0);
            let planned = plan.stdout.lines().any(|line| {
                let mut words = line.split_whitespace();
                (words.next(), words.next()) == (Some("node"), Some(NODE))
            });
            assert!(planned, "{command:?}: {plan}");
            let node = written.pod.run(command.as_slice());
            let said = node.says("node=").text;
            assert!(said.starts_with(&format!("node={NODE} ")), "{said}");
            let report = super::watch::reported(&node);
            assert!(report.starts_with(&format!("{NODE} is up: ")), "{report}");
            node.signal(nix::sys::signal::Signal::SIGTERM);
            let ended = node.ends_with(0);
            assert_eq!(warnings(&ended.stderr).len(), 0, "{ended}");
        }
    }
}

#[test]
fn a_name_without_a_host_is_waited_for_where_something_is_asked() {
    for mut written in without_a_host(with_a_full_name) {
        let command = written.command.clone();
        let dns = written.pod.nameserver(CLUSTER_DNS);
        dns.publish_pod(OWN_NAME, "10.1.2.3");
        let pod = written.pod.env("ERLANG_COOKIE", "chocolate");
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let node = pod.env("ERL_PORT", "5555").run(command.as_slice());
        is_as_planned(&node);
        dns.is_asked_for(OWN_NAME);
    }
}

#[test]
fn a_name_without_a_host_is_refused_where_this_one_has_no_full_name() {
    // A search list makes none for the VM.
    let in_a_deployment = || bare().in_namespace("prod");
    for pod in [bare, in_a_deployment] {
        are_refused(&without_a_host(pod), "app");
    }
}
