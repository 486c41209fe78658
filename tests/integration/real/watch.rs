//! The watcher: it says once that the node is up, stops a node that is not the one that was planned, and is in nobody's
//! way.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::*;

const ERL: [&str; 4] = ["erl", "-noinput", "-eval", SPEAK];

/// What makes a node of `clustered` by flags alone.
const COOKIE: &str = "-setcookie chocolate";
const PORT: &str = "-kernel inet_dist_listen_min 5555 inet_dist_listen_max 5555";

fn is_report(line: &str) -> bool {
    of_beaminit(line).is_some_and(|line| line.starts_with("node ") && line.contains(" is up: "))
}

/// The lines that say that a node is up.
pub fn reports(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| is_report(line)).collect()
}

/// Waits until the node is reported, and gives the report without the time that it took, which must be there.
#[track_caller]
pub fn reported(node: &Running) -> String {
    reported_after(node).0
}

/// The same, and how many seconds it took.
#[track_caller]
fn reported_after(node: &Running) -> (String, f32) {
    let line = node.writes("a report of the node", |line| is_report(&line.text));
    let report = of_beaminit(&line.text).and_then(|line| line.strip_prefix("node "));
    let report = report.and_then(|report| report.strip_suffix("s)"));
    let (report, seconds) = report
        .and_then(|report| report.rsplit_once(" ("))
        .unwrap_or_else(|| panic!("no time in: {}", line.text));
    let seconds = seconds.parse();
    let seconds = seconds.unwrap_or_else(|_| panic!("no time in: {}", line.text));
    (report.to_owned(), seconds)
}

/// What is said of the node of `clustered`.
fn as_planned() -> String {
    format!("{NODE} is up: port 5555, cookie accepted")
}

/// The processes of beaminit's beside PID 1.
fn watchers(node: &Running) -> usize {
    let inmates = node.inmates();
    let ours = inmates
        .iter()
        .filter(|one| one.pid != 1 && one.name.starts_with("beaminit"));
    ours.count()
}

/// The node is as planned and is reported, once; no process is left that watches it.
#[track_caller]
fn is_reported_once(node: &Running) {
    is_reported_with(node, 0);
}

/// The same, with so many warnings.
#[track_caller]
fn is_reported_with(node: &Running, count: usize) {
    is_as_planned(node);
    assert_eq!(reported(node), as_planned());
    eventually("nobody watches any more", || watchers(node) == 0);
    node.signal(Signal::SIGTERM);
    let ended = node.ends_with(0);
    assert_eq!(reports(&ended.stderr).len(), 1, "{ended}");
    assert_eq!(warnings(&ended.stderr).len(), count, "{ended}");
}

#[test]
fn goes_on_to_join_the_peers() {
    let (pod, _dns) = clustered();
    let node = pod.env("BEAMINIT_PEERS", "dns").run(ERL);
    is_as_planned(&node);
    assert_eq!(reported(&node), as_planned());
    eventually("one process joins", || {
        watchers(&node) == 1 && node.inmate("beaminit-peers").is_some()
    });
    node.signal(Signal::SIGTERM);
    let ended = node.ends_with(0);
    assert_eq!(reports(&ended.stderr).len(), 1, "{ended}");
}

#[test]
fn a_node_that_does_not_listen_is_not_waited_for() {
    let (pod, _dns) = clustered();
    let node = pod.env("ERL_FLAGS", "-dist_listen false").run(ERL);
    node.writes("what the node says of itself", |line| {
        line.text.contains(&format!("node={NODE} "))
    });
    eventually("nobody watches any more", || watchers(&node) == 0);
    node.signal(Signal::SIGTERM);
    let ended = node.ends_with(0);
    let warnings = warnings(&ended.stderr);
    assert_eq!(warnings.len(), 1, "{ended}");
    assert!(
        warnings[0].contains("ERL_FLAGS has -dist_listen false"),
        "{ended}"
    );
}

/// The pod of `clustered` with a script that beaminit is told to be an `erl`.
fn with_script(text: &str) -> (Pod, Dns) {
    let (pod, dns) = clustered();
    let pod = pod.env("BEAMINIT_LAUNCHER", "erl").file_with_mode(
        SCRIPT,
        format!("#!/bin/sh\n{text}\n"),
        0o755,
    );
    (pod, dns)
}

const SCRIPT: &str = "/srv/run.sh";

/// A script that starts a node with these flags, which nobody reads in it.
fn starts(before: &str, flags: &str) -> String {
    format!("{before}\nset -- {flags}\nexec erl -noinput \"$@\" -eval '{SPEAK}'")
}

/// The same, without anything of what beaminit sets.
fn starts_alone(flags: &str) -> String {
    starts("unset ERL_AFLAGS", flags)
}

#[test]
fn says_what_a_default_beats() {
    let flags = "-sname own -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9200";
    let name = "the command names its node own, and run@app-0 (the program's file name; HOSTNAME) beats that";
    let port = "the command gives its node port 9100, and 43691 (the default) beats that";
    for (variables, beaten) in [
        (&[][..], &[name, port][..]),
        (&[("SNAME", "own")], &[port]),
        (&[("SNAME", "run"), ("ERL_PORT", "9100")], &[]),
    ] {
        let mut pod = Pod::new("app-0")
            .env("ERLANG_COOKIE", "chocolate")
            .env("BEAMINIT_LAUNCHER", "erl")
            .file_with_mode(
                "/srv/run",
                format!("#!/bin/sh\n{}\n", starts("", flags)),
                0o755,
            );
        for (variable, value) in variables {
            pod = pod.env(variable, value);
        }
        let node = pod.run("/srv/run");
        reported(&node);
        node.says("node=");
        node.signal(Signal::SIGTERM);
        let ended = node.ends_with(0);
        let said = warnings(&ended.stderr);
        assert_eq!(said.len(), beaten.len(), "{ended}");
        for (said, beaten) in said.iter().zip(beaten) {
            assert!(said.contains(beaten), "{ended}");
        }
    }
}

#[test]
fn takes_no_name_of_rabbitmqs_prelaunch_for_the_nodes() {
    let script = "#!/bin/sh\nepmd -daemon\n\
        exec erl -noinput -kernel inet_dist_listen_min 25672 inet_dist_listen_max 25672 -eval '\
        {ok, _} = net_kernel:start([mq_prelaunch_1@localhost, shortnames]), timer:sleep(3000), \
        ok = net_kernel:stop(), {ok, _} = net_kernel:start([mq@localhost, shortnames]), \
        io:format(\"started~n\").'\n";
    for variable in ["ERLANG_COOKIE", "OTHER"] {
        let node = Pod::new("app-0")
            .env("RABBITMQ_NODENAME", "mq@localhost")
            .env(variable, "chocolate")
            .file_with_mode("/srv/bin/rabbitmq-server", script, 0o755)
            .run("rabbitmq-server");
        let said = reported(&node);
        node.says("started");
        assert!(said.starts_with("mq@localhost is up: port 25672"), "{said}");
        node.signal(Signal::SIGTERM);
        let ended = node.ends_with(0);
        assert!(!ended.stderr.contains("prelaunch"), "{ended}");
    }
}

#[test]
fn reports_erl() {
    let (pod, _dns) = clustered();
    is_reported_once(&pod.run(ERL));
}

#[test]
fn reports_elixir() {
    let (pod, _dns) = clustered();
    let speak = "IO.puts(\"node=#{node()} cookie=#{Node.get_cookie()}\")";
    is_reported_once(&pod.run(["elixir", "--no-halt", "--eval", speak]));
}

#[test]
fn reports_a_mix_release() {
    let (pod, _dns) = clustered();
    let pod = pod.copy(&fixtures::mix_release(), "/srv/mixapp");
    is_reported_once(&pod.run(["/srv/mixapp/bin/mixapp", "start"]));
}

#[test]
fn reports_a_relx_release() {
    let (pod, _dns) = clustered();
    let pod = pod.copy(&fixtures::relx_release(), "/srv/relxapp");
    is_reported_once(&pod.run(["/srv/relxapp/bin/relxapp", "foreground"]));
}

#[test]
fn reports_a_node_whose_cookie_is_in_a_file() {
    let (pod, _dns) = clustered();
    // That HOME is another, before OTP 25.
    let count = usize::from(fixtures::otp() < 25);
    is_reported_with(&pod.env("BEAMINIT_COOKIE_VIA", "file").run(ERL), count);
}

#[test]
fn reports_a_node_without_epmd() {
    let (pod, _dns) = clustered();
    is_reported_once(&pod.env("BEAMINIT_EPMD", "off").run(ERL));
}

/// As in a container of Docker's that starts as root and becomes another user.
#[test]
fn reports_another_users_node_where_root_may_trace_nobody() {
    const AS_ROOT: [&str; 3] = [
        "setpriv",
        "--bounding-set=-sys_ptrace",
        "--inh-caps=-sys_ptrace",
    ];
    let (pod, _dns) = clustered();
    let start = [BEAMINIT, "--", "setpriv", "--reuid=1000", "--clear-groups"];
    let erl = ["erl", "-noinput", "-eval", SPEAK];
    let command = [&AS_ROOT[..], &start, &erl].concat();
    let node = pod.env("HOME", "/tmp").first(command.as_slice());
    node.says("is up: port 5555, cookie accepted");
    let probe = [&AS_ROOT[..], &[BEAMINIT, "probe", "--ready"]].concat();
    // It listens before its applications have started.
    eventually("it is ready", || {
        let probe = node.enter(probe.as_slice()).ends();
        probe.code == 0 && probe.stdout.contains("is ready")
    });
}

/// As the address that Swarm adds for a published port does with what is for no such port.
#[test]
fn is_not_held_up_by_addresses_that_drop_packets() {
    const ADDRESSES: std::ops::RangeInclusive<u8> = 1..=8;
    let (pod, _dns) = clustered();
    let set_up = ADDRESSES.map(|n| {
        format!(
            "ip address add 10.9.0.{n}/32 dev eth0
             ip route delete local 10.9.0.{n} table local
             ip route add 10.9.0.{n} dev eth0
             ip neighbour add 10.9.0.{n} lladdr 02:00:00:00:00:09 dev eth0\n"
        )
    });
    let set_up = format!("set -e\n{}", set_up.collect::<String>());
    let sh = || {
        std::process::Command::new("sh")
            .args(["-c", &set_up])
            .status()
    };
    assert!(
        pod.network()
            .inside(sh)
            .is_ok_and(|status| status.success())
    );
    let node = pod.run(ERL);
    let (report, seconds) = reported_after(&node);
    assert_eq!(report, as_planned());
    assert!(seconds < 20.0, "{seconds} s");
}

#[test]
fn says_where_nothing_is_asked_what_came_of_it() {
    let pod = Pod::new("web-0");
    let node = pod.run(["erl", "-noinput", "-sname", "mine", "-eval", SPEAK]);
    let said = node.says("node=mine@web-0");
    let ports = node.listening();
    assert_eq!(ports.len(), 1, "{}", said.text);
    let up = format!("mine@web-0 is up: port {}", ports.first().unwrap());
    let report = reported(&node);
    assert!(report.starts_with(&up), "{report} is not {up}");
}

#[test]
fn says_nothing_of_what_is_no_node() {
    let node = Pod::new("web-0").run(ERL);
    node.says("node=nonode@nohost");
    node.signal(Signal::SIGTERM);
    let ended = node.ends_with(0);
    assert_eq!(reports(&ended.stderr).len(), 0, "{ended}");
    assert_eq!(warnings(&ended.stderr).len(), 0, "{ended}");
}

/// The errors that beaminit has told.
fn errors(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("beaminit: error: "))
        .collect()
}

/// The node is stopped, and the only error says all these parts, in the log and in the termination log.
#[track_caller]
fn is_stopped(pod: Pod, command: &[&str], parts: &[&str]) {
    let pod = pod.env("BEAMINIT_TERMINATION_LOG", "/srv/reason");
    let ended = pod.run(command).ends_with(78);
    let errors = errors(&ended.stderr);
    assert_eq!(errors.len(), 1, "{ended}");
    for part in parts {
        assert!(errors[0].contains(part), "no {part}: {ended}");
    }
    let reason = std::fs::read_to_string(pod.place("/srv/reason")).expect("the reason");
    assert_eq!(reason.trim_end(), errors[0]);
    assert_eq!(reports(&ended.stderr).len(), 0, "{ended}");
    for cookie in ["chocolate", "vanilla"] {
        assert!(!ended.stderr.contains(cookie), "{ended}");
    }
}

#[track_caller]
fn script_is_stopped(text: &str, parts: &[&str]) {
    let (pod, _dns) = with_script(text);
    is_stopped(pod, &[SCRIPT], parts);
}

#[test]
fn stops_a_node_with_another_name() {
    let alone = starts_alone(&format!("-name evil@10.9.9.9 {COOKIE} {PORT}"));
    script_is_stopped(&alone, &["evil@10.9.9.9", NODE, "-name"]);
    // It beats every -name.
    let short = starts("true", "-sname other");
    script_is_stopped(&short, &["-sname other", NODE]);
}

#[test]
fn stops_a_vm_with_no_name() {
    script_is_stopped(&starts_alone(COOKIE), &[NODE]);
}

#[test]
fn stops_a_node_with_another_cookie() {
    for cookie in [
        "-setcookie vanilla",
        // Both are dropped, and the VM makes one up.
        "-setcookie chocolate -setcookie chocolate",
        "",
    ] {
        let alone = starts_alone(&format!("-name {NODE} {cookie} {PORT}"));
        script_is_stopped(&alone, &["cookie"]);
    }
}

#[test]
fn stops_a_node_with_another_port() {
    let other = PORT.replace("5555", "9999");
    let alone = starts_alone(&format!("-name {NODE} {COOKIE} {other}"));
    script_is_stopped(&alone, &["9999", "5555"]);
    let any = starts_alone(&format!("-name {NODE} {COOKIE}"));
    script_is_stopped(&any, &["5555"]);
}

#[test]
fn stops_a_node_that_listens_or_speaks_otherwise() {
    let plain = starts_alone(&format!("-name {NODE} {COOKIE} {PORT}"));
    let (pod, _dns) = with_script(&plain);
    let pod = pod.env("BEAMINIT_BIND", "pod");
    is_stopped(pod, &[SCRIPT], &["BEAMINIT_BIND", "10.1.2.3"]);
    let (pod, _dns) = with_script(&plain);
    let host = NODE.split('@').nth(1).expect("a host");
    let pod = Authority::new().fill(pod, "/run/tls", &Certificate::of(&[host]));
    is_stopped(
        pod.env("BEAMINIT_TLS", "/run/tls"),
        &[SCRIPT],
        &["BEAMINIT_TLS"],
    );
}

#[test]
fn stops_what_was_said_to_be_a_release_of_relx() {
    // Its own variables and files, and none of relx's.
    let script = starts_alone("-name mongooseim@localhost -setcookie vanilla");
    let (pod, _dns) = clustered();
    let command = "/srv/mongooseim/bin/mongooseim";
    let pod = pod
        .copy(&fixtures::relx_release(), "/srv/mongooseim")
        .file_with_mode(command, format!("#!/bin/sh\n{script}\n"), 0o755)
        .env("BEAMINIT_LAUNCHER", "relx");
    is_stopped(
        pod,
        &[command, "foreground"],
        &["mongooseim@localhost", NODE],
    );
}

#[test]
fn only_warns_of_it_where_that_is_asked_for() {
    let other = PORT.replace("5555", "9999");
    for (flags, parts, cookie, port) in [
        (
            format!("-name evil@10.9.9.9 {COOKIE} {PORT}"),
            ["evil@10.9.9.9", NODE],
            "chocolate",
            5555,
        ),
        (
            format!("-name {NODE} -setcookie vanilla {PORT}"),
            ["cookie", ""],
            "vanilla",
            5555,
        ),
        (
            format!("-name {NODE} {COOKIE} {other}"),
            ["9999", "5555"],
            "chocolate",
            9999,
        ),
    ] {
        let (pod, _dns) = with_script(&starts_alone(&flags));
        let node = pod.env("BEAMINIT_CHECK", "warn").run(SCRIPT);
        let warning = node.says("beaminit: warning: ").text;
        for part in parts {
            assert!(warning.contains(part), "no {part}: {warning}");
        }
        let name = flags.split(' ').nth(1).unwrap();
        is_up(&node, name, cookie, port);
        node.signal(Signal::SIGTERM);
        let ended = node.ends_with(0);
        assert_eq!(warnings(&ended.stderr).len(), 1, "{ended}");
        assert_eq!(errors(&ended.stderr).len(), 0, "{ended}");
    }
}

#[test]
fn does_not_look_where_that_is_asked_for() {
    let evil = starts_alone(&format!("-name evil@10.9.9.9 {COOKIE} {PORT}"));
    for (script, name) in [(evil, "evil@10.9.9.9"), (starts("true", ""), NODE)] {
        let (pod, _dns) = with_script(&script);
        let node = pod.env("BEAMINIT_CHECK", "off").run(SCRIPT);
        is_up(&node, name, "chocolate", 5555);
        assert_eq!(watchers(&node), 0, "{}", node.transcript());
        // By when a watcher would have said what it sees.
        let ping = format!("io:format(\"~p~n\", [net_adm:ping('{name}')]), halt().");
        let peer = ["erl", "-noinput", "-name", "peer@10.1.2.3", "-setcookie"];
        let peer = [
            &["env", "-u", "BEAMINIT_CHECK"],
            &peer[..],
            &["chocolate", "-eval", &ping],
        ];
        let asked = node.enter(peer.concat().as_slice()).ends_with(0);
        assert!(name != NODE || asked.stdout.contains("pong"), "{asked}");
        node.signal(Signal::SIGTERM);
        let ended = node.ends_with(0);
        assert_eq!(reports(&ended.stderr).len(), 0, "{ended}");
        assert!(!ended.stderr.contains("evil"), "{ended}");
        assert_eq!(warnings(&ended.stderr).len(), 0, "{ended}");
    }
}

#[test]
fn knows_three_words() {
    let with = |word| {
        let (pod, dns) = clustered();
        (pod.env("BEAMINIT_CHECK", word).run(ERL), dns)
    };
    for word in ["maybe", "Stop", "true"] {
        let ended = with(word).0.ends_with(78);
        let errors = errors(&ended.stderr);
        assert_eq!(errors.len(), 1, "{ended}");
        for part in ["BEAMINIT_CHECK", word, "stop", "warn", "off"] {
            assert!(errors[0].contains(part), "no {part}: {ended}");
        }
    }
    for word in ["stop", "warn", ""] {
        let (node, _dns) = with(word);
        assert_eq!(reported(&node), as_planned(), "{word:?}");
    }
}

#[test]
fn finds_the_vm_behind_what_stays() {
    let erl = format!("erl -noinput -eval '{SPEAK}'");
    let script = format!("{erl}\nstatus=$?\nexit $status");
    let as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    for command in [
        &[SCRIPT][..],
        &["su", "nobody", "-s", "/bin/sh", "-c", &erl],
        &["su", "root", "-c", &format!("{as_nobody} {erl}; exit $?")],
    ] {
        let (pod, _dns) = with_script(&script);
        let node = pod.run(command);
        is_as_planned(&node);
        let found = node.inmate("beam.smp").expect("the VM");
        assert_ne!(found.parent, 1, "{command:?}");
        assert_eq!(reported(&node), as_planned(), "{command:?}");
    }
}

#[test]
fn finds_the_vm_behind_what_becomes_it() {
    let setpriv = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
    ];
    let (pod, _dns) = clustered();
    let node = pod
        .env("BEAMINIT_LAUNCHER", "erl")
        .run([&setpriv[..], &ERL].concat().as_slice());
    is_as_planned(&node);
    assert_eq!(node.inmate("beam.smp").expect("the VM").parent, 1);
    assert_eq!(reported(&node), as_planned());
}

#[test]
fn gives_the_node_behind_a_known_command_its_settings() {
    let erl = format!("exec erl -noinput -eval '{SPEAK}'");
    for command in [
        &["su", "-s", "/bin/sh", "nobody", "-c", &erl][..],
        &[&["tini", "-g", "--"], &ERL[..]].concat(),
        &[&["dumb-init", "--"], &ERL[..]].concat(),
    ] {
        let (pod, _dns) = clustered();
        let node = pod.run(command);
        is_as_planned(&node);
        assert_eq!(reported(&node), as_planned(), "{command:?}");
    }
}

#[test]
fn stops_what_is_behind_a_script_that_stays() {
    let (pod, _dns) = with_script(&format!(
        "unset ERL_AFLAGS\nerl -noinput -name evil@10.9.9.9 {COOKIE} {PORT} -eval '{SPEAK}'\nexit $?"
    ));
    is_stopped(pod, &[SCRIPT], &["evil@10.9.9.9", NODE]);
}

#[test]
fn takes_no_helper_for_the_node() {
    let helper = "ERL_AFLAGS= erl -noinput -eval 'io:format(\"helped~n\"), halt().'";
    let (pod, _dns) = with_script(&starts(helper, ""));
    let node = pod.run(SCRIPT);
    node.says("helped");
    is_reported_once(&node);
}

/// A VM that ends before it listens: net_kernel asks this module for the port.
const ENDS_EARLY: &str = "-module(ends_early).\n-export([start_link/0, listen_port_please/2]).\n\
    start_link() -> ignore.\nlisten_port_please(_, _) -> erlang:halt(3).\n";

#[test]
fn says_nothing_of_a_node_that_ends_before_it_is_up() {
    let (pod, _dns) = with_script(&starts("true", "-pa /srv -epmd_module ends_early"));
    let pod = pod.file("/srv/ends_early.erl", ENDS_EARLY);
    fixtures::compile(&pod.place("/srv/ends_early.erl"), &pod.place("/srv/"));
    let ended = pod.run(SCRIPT).ends_with(3);
    says_nothing(&ended);
    assert!(!ended.stdout.contains("node="), "{ended}");

    for (script, code) in [("exit 3", 3), (&starts("true", "-boot nowhere"), 1)] {
        let (pod, _dns) = with_script(script);
        says_nothing(&pod.run(SCRIPT).ends_with(code));
    }
}

#[track_caller]
fn says_nothing(ended: &Ended) {
    assert_eq!(reports(&ended.stderr).len(), 0, "{ended}");
    assert_eq!(warnings(&ended.stderr).len(), 0, "{ended}");
    assert_eq!(errors(&ended.stderr).len(), 0, "{ended}");
}

#[test]
fn leaves_the_status_of_a_node_that_ends_at_once() {
    let (pod, _dns) = clustered();
    let ended = pod
        .run(["erl", "-noinput", "-eval", "halt(3)."])
        .ends_with(3);
    assert_eq!(warnings(&ended.stderr).len(), 0, "{ended}");
    assert_eq!(errors(&ended.stderr).len(), 0, "{ended}");
}

/// How long a stop may take of what ends at its TERM.
const AT_ONCE: Duration = Duration::from_secs(10);

#[test]
fn holds_no_stop_up() {
    let (pod, _dns) = with_script("echo waits\nexec sleep 1000");
    let node = pod.run(SCRIPT);
    node.says("waits");
    eventually("it is watched", || watchers(&node) == 1);
    node.signal(Signal::SIGTERM);
    let ended = node.ends_within(AT_ONCE);
    assert_eq!(ended.code, 143, "{ended}");
    says_nothing(&ended);
}

#[test]
fn ends_with_what_it_watches_though_init_is_not_pid_1() {
    let (pod, _dns) = with_script("echo waits\nread never </srv/fifo\nexit 4");
    let line = format!("mkfifo /srv/fifo; {BEAMINIT} -- {SCRIPT}; echo status=$?; sleep 1000");
    let node = pod.first(["sh", "-c", &line]);
    node.says("waits");
    eventually("it is watched", || watchers(&node) == 2);
    let ended = Instant::now();
    std::fs::write(pod.place("/srv/fifo"), "").expect("somebody reads");
    node.says("status=4");
    eventually("no process of beaminit's is left", || watchers(&node) == 0);
    is_within(AT_ONCE, ended.elapsed(), node.transcript());
}

#[test]
fn is_not_there_where_nobody_would_reap_it() {
    let (pod, _dns) = clustered();
    let node = pod.exec(ERL);
    is_as_planned(&node);
    assert_eq!(watchers(&node), 0, "{}", node.transcript());
    node.signal(Signal::SIGTERM);
    let ended = node.ends_with(0);
    let told = |line: &&str| line.starts_with("beaminit: ") && line.contains("not checked");
    assert_eq!(ended.stderr.lines().filter(told).count(), 1, "{ended}");
    assert_eq!(warnings(&ended.stderr).len(), 0, "{ended}");
    assert_eq!(reports(&ended.stderr).len(), 0, "{ended}");
}

#[test]
fn is_there_behind_another_init() {
    let (pod, _dns) = clustered();
    let command = [&["tini", "--", BEAMINIT, "exec", "--"], &ERL[..]].concat();
    let node = pod.first(command.as_slice());
    is_as_planned(&node);
    assert_eq!(reported(&node), as_planned());
    eventually("nobody watches any more", || watchers(&node) == 0);
    eventually("no zombie is left", || node.zombies().is_empty());
}

/// As images run their migrations: the same release twice, one after the other.
#[test]
fn reports_what_a_script_starts_at_its_end() {
    let script = "#!/bin/sh\nset -e\n\
        /srv/mixapp/bin/mixapp eval 'IO.puts(\"migrated\")'\nexec /srv/mixapp/bin/mixapp start\n";
    for launcher in ["", "mix-release"] {
        let (pod, _dns) = clustered();
        let node = pod
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .file_with_mode("/srv/start.sh", script, 0o755)
            .env("BEAMINIT_LAUNCHER", launcher)
            .run("/srv/start.sh");
        node.says("migrated");
        is_reported_once(&node);
        let said = node.transcript().to_string();
        assert_eq!(said.matches("migrated").count(), 1, "{said}");
        assert!(!said.contains("Multiple -name given"), "{said}");
    }
}
