//! What a mix release's env.sh decides, in the shapes that public releases have: the files are in `tests/env-sh`. A real
//! release and a real shell, `sh` and bash: the node is called what the shell says, or what our variables say.

use std::time::{Duration, Instant};

use super::watch::{reported, reports};
use super::*;

const DEMO: &str = "/srv/demo/bin/demo";
const ENV_SH: &str = "/srv/demo/releases/0.1.0/env.sh";

/// How long env.sh may take to be asked.
const DEADLINE: Duration = Duration::from_secs(10);

/// A line of the table.
struct Row {
    shell: &'static str,
    /// The file of `tests/env-sh`.
    file: &'static str,
    /// What is set beside PATH, HOME and HOSTNAME.
    env: &'static [(&'static str, &'static str)],
    node: &'static str,
    cookie: Cookie,
    port: Port,
    /// What the only warning names; nothing where there is none.
    warns_of: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Cookie {
    /// The release's own, of its file releases/COOKIE.
    OfTheRelease,
    /// One of env.sh's.
    Is(&'static str),
    /// One of ours, which the watcher proves.
    Ours(&'static str),
}

#[derive(Clone, Copy)]
enum Port {
    /// Whatever the kernel gives.
    Any,
    /// One that nothing on the VM's command line says otherwise.
    Pinned(u16),
    /// The first of a range of the release's own.
    FirstOf(u16, u16),
}

/// A row with nothing of ours in it.
const BARE: Row = Row {
    shell: "",
    file: "",
    env: &[],
    node: "",
    cookie: Cookie::OfTheRelease,
    port: Port::Any,
    warns_of: &[],
};

/// The pod web-0 with the release `demo`, its script run by this shell, and this file of `tests/env-sh`.
fn pod(shell: &str, file: &str) -> (Pod, Dns) {
    let mut pod = Pod::new("web-0").copy(&fixtures::mix_release(), "/srv/demo");
    let dns = pod.nameserver(CLUSTER_DNS);
    for name in ["n.example", "remote.example"] {
        dns.publish(name, "10.1.2.3");
    }
    let built = pod.place("/srv/demo/bin/mixapp");
    let script = std::fs::read_to_string(&built).expect("the release's script");
    std::fs::remove_file(built).expect("the release's script");
    let mut demo = script;
    for (old, new) in [
        ("#!/bin/sh\n", format!("#!{shell}\n")),
        ("\"mixapp\"", "\"demo\"".to_owned()),
    ] {
        assert_eq!(demo.matches(old).count(), 1, "{old} in {demo}");
        demo = demo.replace(old, &new);
    }
    let env_sh = std::fs::read(tests().join("env-sh").join(format!("{file}.sh")));
    let pod = pod.file_with_mode(DEMO, demo, 0o755);
    (pod.file(ENV_SH, env_sh.expect("one of tests/env-sh")), dns)
}

/// The cookie that `mix release` made up.
fn own_cookie() -> String {
    let file = fixtures::mix_release().join("releases/COOKIE");
    std::fs::read_to_string(file).expect("the release's cookie")
}

/// The release's `rpc` in the pod of the node: what it says is the name of the node that it reaches.
#[track_caller]
fn rpc(node: &Running) -> Ended {
    let code = "IO.puts(\"answer=#{node()}\")";
    node.enter([BEAMINIT, "--", DEMO, "rpc", code]).ends()
}

#[track_caller]
fn is_reached_by_rpc(node: &Running, name: &str) {
    let asked = rpc(node);
    let answer = format!("answer={name}\n");
    assert!(asked.code == 0 && asked.stdout.contains(&answer), "{asked}");
}

impl Row {
    fn pod(&self) -> (Pod, Dns) {
        let (pod, dns) = pod(self.shell, self.file);
        let set = |pod: Pod, (name, value): &(&str, &str)| pod.env(name, value);
        (self.env.iter().fold(pod, set), dns)
    }

    /// Makes the plan, starts the node, sees that all is as the row says, stops it.
    #[track_caller]
    fn comes_out(&self) -> Ended {
        let (pod, _dns) = self.pod();
        let plan = pod.plan([DEMO, "start"]).ends_with(0);
        let planned = plan.stdout.lines().find(|line| line.starts_with("node "));
        let named = planned.is_some_and(|line| line.split_whitespace().nth(1) == Some(self.node));
        assert!(named, "the plan is not for {}: {plan}", self.node);

        let node = pod.run([DEMO, "start"]);
        self.is_as_said(&node);
        let ended = self.stops(&node);
        let beaten = ended.stdout.contains("Multiple -name given");
        assert_eq!(beaten, self.warns_of.contains(&"RELEASE_NODE"), "{ended}");
        ended
    }

    #[track_caller]
    fn is_as_said(&self, node: &Running) {
        let said = node.writes("what the node says of itself", |line| {
            line.text.starts_with("node=")
        });
        let own = own_cookie();
        let (cookie, proved) = match self.cookie {
            Cookie::OfTheRelease => (own.as_str(), false),
            Cookie::Is(cookie) => (cookie, false),
            Cookie::Ours(cookie) => (cookie, true),
        };
        let seen = node.transcript();
        assert_eq!(
            said.text,
            format!("node={} cookie={cookie}", self.node),
            "{seen}"
        );

        let ports = node.listening();
        let arguments = node.arguments(vm(node)).join(" ");
        let pins = arguments.matches("inet_dist_listen_min").count();
        let port = *ports.first().unwrap_or_else(|| panic!("no port:\n{seen}"));
        assert_eq!(ports.len(), 1, "{ports:?}: {seen}");
        match self.port {
            Port::Any => assert_eq!(pins, 0, "{arguments}"),
            Port::Pinned(pinned) => assert_eq!(port, pinned, "{arguments}"),
            Port::FirstOf(first, last) => {
                let range = format!("inet_dist_listen_min {first} inet_dist_listen_max {last}");
                assert!(pins == 1 && arguments.contains(&range), "{arguments}");
                assert_eq!(port, first, "{arguments}");
            }
        }

        let report = reported(node);
        let up = format!("{} is up: port {port}", self.node);
        assert!(report.starts_with(&up), "{report}: {seen}");
        assert!(
            !proved || report.ends_with(", cookie accepted"),
            "{report}: {seen}"
        );
        if !self.warns_of.contains(&"RELEASE_NODE") {
            is_reached_by_rpc(node, self.node);
        }
    }

    /// Stops the node, and sees that there was one report of it, and the warnings of the row.
    #[track_caller]
    fn stops(&self, node: &Running) -> Ended {
        node.signal(nix::sys::signal::Signal::SIGTERM);
        let ended = node.ends_with(0);
        assert!(ended.stdout.contains("stopped"), "{ended}");
        assert_eq!(reports(&ended.stderr).len(), 1, "{ended}");
        let mut warnings = warnings(&ended.stderr);
        // With two cookies a VM from before OTP 24.1 reads ours in a file.
        warnings.retain(|line| fixtures::otp() >= 25 || !line.starts_with("HOME is another"));
        assert_eq!(
            warnings.len(),
            usize::from(!self.warns_of.is_empty()),
            "{ended}"
        );
        for part in self.warns_of {
            assert!(warnings[0].contains(part), "no {part}: {ended}");
        }
        ended
    }
}

fn pod_ip(shell: &'static str) {
    Row {
        shell,
        file: "01-pod-ip",
        env: &[("POD_IP", "10.1.2.3")],
        node: "demo@10.1.2.3",
        ..BARE
    }
    .comes_out();
}

fn pod_ip_and_the_same_name(shell: &'static str) {
    Row {
        shell,
        file: "01-pod-ip",
        env: &[
            ("POD_IP", "10.1.2.3"),
            ("SNAME", "demo"),
            ("BEAMINIT_HOST", "ip"),
        ],
        node: "demo@10.1.2.3",
        port: Port::Pinned(43691),
        ..BARE
    }
    .comes_out();
}

fn pod_ip_and_another_name(shell: &'static str) {
    Row {
        shell,
        file: "01-pod-ip",
        env: &[
            ("POD_IP", "10.1.2.3"),
            ("SNAME", "shop"),
            ("BEAMINIT_HOST", "ip"),
        ],
        node: "shop@10.1.2.3",
        port: Port::Pinned(43691),
        warns_of: &["RELEASE_NODE", "demo@10.1.2.3", "env.sh"],
        ..BARE
    }
    .comes_out();
}

fn only_there_and_not_there(shell: &'static str) {
    Row {
        shell,
        file: "02-only-there",
        node: "demo@web-0",
        ..BARE
    }
    .comes_out();
}

fn only_there(shell: &'static str) {
    Row {
        shell,
        file: "02-only-there",
        env: &[("POD_IP", "10.1.2.3")],
        node: "demo@10.1.2.3",
        ..BARE
    }
    .comes_out();
}

fn asks_the_system(shell: &'static str) {
    let (pod, _dns) = pod(shell, "03-asks-the-system");
    let address = pod.first(["hostname", "-i"]).ends_with(0).stdout;
    assert_eq!(address, "10.1.2.3\n");
    Row {
        shell,
        file: "03-asks-the-system",
        node: "demo@10.1.2.3",
        ..BARE
    }
    .comes_out();
}

fn other_platform(shell: &'static str) {
    Row {
        shell,
        file: "04-other-platform",
        env: &[
            ("SNAME", "demo"),
            ("BEAMINIT_HOST", "ip"),
            ("POD_IP", "10.1.2.3"),
        ],
        node: "demo@10.1.2.3",
        port: Port::Pinned(43691),
        ..BARE
    }
    .comes_out();
}

fn parts(shell: &'static str) {
    Row {
        shell,
        file: "05-parts",
        env: &[("APP_GROUP", "blue"), ("POD_IP", "10.1.2.3")],
        node: "demo-blue@10.1.2.3",
        ..BARE
    }
    .comes_out();
}

fn cookie_and_ports(shell: &'static str) {
    Row {
        shell,
        file: "06-cookie-and-ports",
        env: &[("NODE_COOKIE", "c1"), ("NODE_NAME", "n.example")],
        node: "ret@n.example",
        cookie: Cookie::Is("c1"),
        port: Port::FirstOf(9000, 9100),
        ..BARE
    }
    .comes_out();
}

fn cookie_and_ports_and_ours(shell: &'static str) {
    Row {
        shell,
        file: "06-cookie-and-ports",
        env: &[
            ("NODE_COOKIE", "c1"),
            ("NODE_NAME", "n.example"),
            ("ERLANG_COOKIE", "c2"),
            ("ERL_PORT", "43691"),
        ],
        node: "ret@n.example",
        cookie: Cookie::Ours("c2"),
        port: Port::Pinned(43691),
        warns_of: &["RELEASE_COOKIE", "env.sh"],
    }
    .comes_out();
}

/// `start` has no distribution, and `rpc` is a client of another node.
fn by_command(shell: &'static str) {
    let (pod, _dns) = pod(shell, "07-by-command");
    let node = pod.run([DEMO, "start"]);
    node.says("node=nonode@nohost cookie=nocookie");
    assert_eq!(node.listening(), BTreeSet::new());
    assert_eq!(node.inmate("epmd"), None);

    let cookie = own_cookie();
    let other = node.enter([
        "elixir",
        "--name",
        "demo@remote.example",
        "--cookie",
        &cookie,
        "--no-halt",
        "--eval",
        "IO.puts(\"the other is up\")",
    ]);
    other.says("the other is up");
    is_reached_by_rpc(&node, "demo@remote.example");
    drop(other);

    node.signal(nix::sys::signal::Signal::SIGTERM);
    let ended = node.ends_with(0);
    assert_eq!(reports(&ended.stderr).len(), 0, "{ended}");
    assert_eq!(warnings(&ended.stderr).len(), 0, "{ended}");
}

/// What it prints is not lost at the real start, and is not shown twice.
fn talks(shell: &'static str) {
    let row = Row {
        shell,
        file: "08-talks",
        env: &[("POD_IP", "10.1.2.3")],
        node: "demo@10.1.2.3",
        ..BARE
    };
    let ended = row.comes_out();
    let lines = |text: &str, wanted| text.lines().filter(|line| *line == wanted).count();
    assert_eq!(lines(&ended.stdout, "address: 10.1.2.3"), 1, "{ended}");
    assert_eq!(lines(&ended.stderr, "node: demo@10.1.2.3"), 1, "{ended}");
    let (pod, _dns) = row.pod();
    let plan = pod.plan([DEMO, "start"]).ends_with(0);
    assert_eq!(lines(&plan.stdout, "address: 10.1.2.3"), 0, "{plan}");
    assert_eq!(lines(&plan.stderr, "node: demo@10.1.2.3"), 0, "{plan}");
}

/// A metadata service that does not answer, until somebody asks again.
const SLEEP: &str = "#!/bin/sh\nmkdir /srv/asked 2>/dev/null || exit 0\nexec /bin/sleep \"$@\"\n";

/// After the deadline a warning, and a start whose name the watcher reports.
fn hangs(shell: &'static str) {
    let row = Row {
        shell,
        file: "09-hangs",
        env: &[("POD_IP", "10.1.2.3")],
        node: "demo@10.1.2.3",
        warns_of: &[ENV_SH],
        ..BARE
    };
    let (pod, _dns) = row.pod();
    let began = Instant::now();
    let pod = pod.file_with_mode("/srv/bin/sleep", SLEEP, 0o755);
    let node = pod.run([DEMO, "start"]);
    eventually("env.sh is asked", || pod.place("/srv/asked").exists());
    let warned = node.says("beaminit: warning: ").at;
    assert!(
        warned.duration_since(began) >= DEADLINE,
        "{}",
        node.transcript()
    );
    eventually("what env.sh started has been killed", || {
        node.inmate("sleep").is_none()
    });
    row.is_as_said(&node);
    row.stops(&node);
}

/// The program that it makes of the shell is run by the real start alone.
fn execs(shell: &'static str) {
    let row = Row {
        shell,
        file: "13-execs",
        node: "demo@10.1.2.3",
        warns_of: &[ENV_SH, "with exec"],
        ..BARE
    };
    let (pod, _dns) = row.pod();
    pod.plan([DEMO, "start"]).ends_with(0);
    let node = pod.run([DEMO, "start"]);
    row.is_as_said(&node);
    let boots = pod.place("/srv/boots");
    eventually("the VM has booted", || boots.exists());
    row.stops(&node);
    assert_eq!(std::fs::read_to_string(boots).unwrap(), "x");
}

/// The release's own failure and status, and nothing that hides it.
fn fails(shell: &'static str) {
    let (pod, _dns) = pod(shell, "10-fails");
    let pod = pod.termination_log();
    let alone = pod.first([DEMO, "start"]).ends();
    assert!(
        alone.code != 0 && alone.stderr.contains("LICENCE_KEY is not set"),
        "{alone}"
    );
    let ended = pod.run([DEMO, "start"]).ends_with(alone.code);
    let of_the_release: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| !line.starts_with("beaminit: "))
        .collect();
    let message: Vec<&str> = alone.stderr.lines().collect();
    assert_eq!(of_the_release, message, "{ended}");
    assert_eq!(
        ended.stderr.lines().last(),
        message.last().copied(),
        "{ended}"
    );
    for level in ["error", "warning"] {
        let level = format!("beaminit: {level}: ");
        assert!(!ended.stderr.contains(&level), "{ended}");
    }
    let reason = std::fs::read_to_string(pod.place("/dev/termination-log")).unwrap();
    assert_eq!(reason, "");
}

fn command_export(shell: &'static str) {
    Row {
        shell,
        file: "11-command-export",
        env: &[
            ("SNAME", "demo"),
            ("BEAMINIT_HOST", "ip"),
            ("POD_IP", "10.1.2.3"),
            ("ERLANG_COOKIE", "c"),
        ],
        node: "demo@10.1.2.3",
        cookie: Cookie::Ours("c"),
        port: Port::Pinned(43691),
        warns_of: &["RELEASE_NODE", "evil@10.9.9.9"],
    }
    .comes_out();
}

fn calls_the_release(shell: &'static str) {
    Row {
        shell,
        file: "12-calls-the-release",
        node: "demo@10.1.2.3",
        ..BARE
    }
    .comes_out();
}

/// Once by beaminit and once by the release itself, in the same directory and with the same variables.
fn is_sourced_once_more(shell: &'static str) {
    let (pod, _dns) = pod(shell, "01-pod-ip");
    let variables =
        "RELEASE_ROOT RELEASE_NAME RELEASE_VSN RELEASE_COMMAND RELEASE_PROG REL_VSN_DIR SELF";
    let env_sh = format!(
        "{{ pwd; for name in {variables}; do eval \"echo $name=\\$$name\"; done; echo .; }} >>/srv/asked\n\
         export RELEASE_DISTRIBUTION=name RELEASE_NODE=demo@$POD_IP\n"
    );
    let pod = pod.file(ENV_SH, env_sh).env("POD_IP", "10.1.2.3");
    let asked = || std::fs::read_to_string(pod.place("/srv/asked")).unwrap();
    pod.plan([DEMO, "start"]).ends_with(0);
    let once = asked();
    assert_eq!(
        once.lines().filter(|line| *line == ".").count(),
        1,
        "{once}"
    );
    assert!(once.contains("RELEASE_COMMAND=start\n"), "{once}");
    let node = pod.run([DEMO, "start"]);
    node.says("node=demo@10.1.2.3");
    assert_eq!(asked(), once.repeat(3));
}

macro_rules! rows {
    ($($row:ident)*) => { $(mod $row {
        #[test]
        fn in_sh() {
            super::$row("/bin/sh");
        }

        #[test]
        fn in_bash() {
            super::$row("/bin/bash");
        }
    })* };
}

rows!(pod_ip pod_ip_and_the_same_name pod_ip_and_another_name only_there_and_not_there only_there asks_the_system
    other_platform parts cookie_and_ports cookie_and_ports_and_ours by_command talks hangs execs fails command_export
    calls_the_release is_sourced_once_more);
