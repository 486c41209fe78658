//! What whoever started beaminit has set, the command finds as if it had been started by them: blocked and ignored
//! signals, closed streams. And what they left lying about, children, does not disturb.

use super::fakes;
use crate::harness::*;

/// Blocked and ignored signals that somebody may have set.
const CHOICES: [(&[i32], &[i32]); 6] = [
    (&[], &[]),
    (&[15], &[]),
    // Of nohup, and of everything that is written in Rust or Python.
    (&[], &[1, 13]),
    (&[], &[17]),
    (&[10, 15, 34, 64], &[1, 2, 12, 13, 17, 63]),
    (&[2, 3, 10, 17], &[2, 3, 10, 17]),
];

/// The command line under a parent that has exactly these signals blocked and ignored.
fn under_a_parent(blocked: &[i32], ignored: &[i32], command: &str) -> String {
    let option = |name: &str, signals: &[i32]| {
        let signals: Vec<String> = signals.iter().map(i32::to_string).collect();
        let option = format!("--{name}={} ", signals.join(","));
        if signals.is_empty() {
            String::new()
        } else {
            option
        }
    };
    let (block, ignore) = (
        option("block-signal", blocked),
        option("ignore-signal", ignored),
    );
    format!("env --default-signal {block}{ignore}{command}")
}

/// As /proc/PID/status shows signals.
fn mask(signals: &[i32]) -> u64 {
    signals
        .iter()
        .fold(0, |mask, signal| mask | 1 << (signal - 1))
}

/// Signals that glibc keeps for itself: its posix_spawn ignores them, and nobody can give them back their default.
const GLIBC: u64 = 1 << 31 | 1 << 32;

/// What a fake says that it was started with: blocked, ignored.
fn masks(said: &str) -> (u64, u64) {
    let (_, masks) = said.split_once(" blocked ").unwrap();
    let (blocked, ignored) = masks.split_once(", ignored ").unwrap();
    let read = |mask| u64::from_str_radix(mask, 16).unwrap() & !GLIBC;
    (read(blocked), read(ignored))
}

#[track_caller]
fn is_started_as_the_parent_chose(pod: &Pod, command: &str) {
    for (blocked, ignored) in CHOICES {
        let running = pod.first(under_a_parent(blocked, ignored, command).as_str());
        let expected = (mask(blocked), mask(ignored));
        let said = running.says(" is ready, ").text;
        assert_eq!(masks(&said), expected, "{said}");
    }
}

#[test]
fn a_command_has_exactly_the_mask_and_the_ignored_signals_of_the_parent() {
    is_started_as_the_parent_chose(&fakes::pod(), &format!("{BEAMINIT} -- takes-signals fake"));
}

#[test]
fn without_init_too() {
    is_started_as_the_parent_chose(
        &fakes::pod(),
        &format!("{BEAMINIT} exec -- takes-signals fake"),
    );
}

#[test]
fn a_node_too() {
    // No shell between: it would set dispositions of its own.
    let pod = fakes::pod_where("takes-signals", "erl");
    is_started_as_the_parent_chose(&pod, &format!("{BEAMINIT} -- erl"));
}

#[test]
fn what_the_parent_ignores_or_blocks_is_forwarded_all_the_same() {
    let command = format!("{BEAMINIT} -- takes-signals fake");
    let signals = [1, 10, 13, 34, 50];
    for (blocked, ignored) in [
        (&signals[..], &[][..]),
        (&[], &signals),
        (&signals, &signals),
    ] {
        let running = fakes::pod().first(under_a_parent(blocked, ignored, &command).as_str());
        running.says("fake is ready");
        for signal in signals {
            running.signal_number(signal);
            running.says(&format!("fake takes {signal} from 1,"));
        }
    }
}

#[test]
fn ignored_children_are_waited_for_all_the_same() {
    for (script, status) in [
        ("exit 7", 7),
        ("kill -KILL $$", 137),
        ("(exit 3); (sleep 0.2 &); exit 4", 4),
    ] {
        let ignoring = "trap '' CHLD; exec \"$@\"";
        let command = [
            "bash", "-c", ignoring, "bash", BEAMINIT, "--", "bash", "-c", script,
        ];
        fakes::pod().first(command).ends_with(status);
    }
}

#[test]
fn children_from_before_are_reaped_and_no_end_of_theirs_is_the_end() {
    let before = "(exit 9) & (sleep 0.3; exit 8) & exec \"$@\"";
    let command = [
        "bash",
        "-c",
        before,
        "bash",
        BEAMINIT,
        "--",
        "takes-signals",
        "fake",
        "15",
        "4",
    ];
    let running = fakes::pod().first(command);
    running.says("fake is ready");
    eventually("the command is the only child", || {
        running.inmates().len() == 2
    });
    running.signal_number(15);
    running.ends_with(4);
}

/// A pod whose `erl` and `tells-closed` end with the sum of 1, 2 and 4 for each standard stream that is closed.
fn with_tellers(pod: Pod) -> Pod {
    let script = "#!/bin/sh\ns=0; for n in 0 1 2; do [ -L /proc/$$/fd/$n ] || s=$((s + (1 << n))); done; exit $s\n";
    ["erl", "tells-closed"].iter().fold(pod, |pod, name| {
        pod.file_with_mode(&format!("/srv/bin/{name}"), script, 0o755)
    })
}

/// What a shell writes to close these streams.
fn closing(streams: i32) -> String {
    let each = [" <&-", " >&-", " 2>&-"].into_iter().enumerate();
    let closed = each.filter(|(number, _)| streams & 1 << number != 0);
    closed.map(|(_, operator)| operator).collect()
}

#[test]
fn closed_streams_are_closed_for_the_command() {
    let pod = with_tellers(Pod::new("laptop"));
    for streams in 0..8 {
        let script = format!("exec \"$0\" -- tells-closed{}", closing(streams));
        pod.first(["sh", "-c", &script, BEAMINIT])
            .ends_with(streams);
    }
}

#[test]
fn closed_streams_are_closed_without_init_and_for_a_node() {
    let mut script = String::new();
    for command in ["exec -- tells-closed", "-- erl", "exec -- erl"] {
        for streams in 1..8 {
            let line = format!("{command}{}", closing(streams));
            script += &format!("\"$0\" {line}; [ $? = {streams} ] || echo 'not so: {line}'\n");
        }
    }
    let pod = with_tellers(Pod::new("laptop"));
    let ended = pod.first(["sh", "-c", &script, BEAMINIT]).ends_with(0);
    assert_eq!(ended.stdout, "");
}

#[test]
fn with_closed_streams_dns_is_asked_and_a_failure_has_its_status() {
    let mut pod = with_tellers(
        Pod::new("app-0")
            .env("ERLANG_COOKIE", "chocolate")
            .in_namespace("prod"),
    );
    pod = pod.env("CLUSTER_HOSTNAME", "app");
    let dns = pod.nameserver("10.96.0.10");
    dns.publish("app-0.app.prod.svc.cluster.local", "10.1.2.3");
    for (command, status) in [("-- erl", 7), ("-- nonesuch", 127), ("", 64)] {
        let script = format!("exec \"$0\" {command}{}", closing(7));
        pod.first(["sh", "-c", &script, BEAMINIT]).ends_with(status);
    }
}

#[test]
fn sockets_that_were_handed_to_init_are_the_commands() {
    let command = [
        "sh",
        "-c",
        "echo $((LISTEN_PID == $$)) $LISTEN_PID $LISTEN_FDS ${LISTEN_PIDFDID-none}; [ -e /proc/$$/fd/3 ] && echo open",
    ];
    let started = |prefix: &[&str], pid: &str| {
        let pod = fakes::pod()
            .env("LISTEN_PID", pid)
            .env("LISTEN_FDS", "1")
            .env("LISTEN_PIDFDID", "77");
        let opens = ["sh", "-c", "exec \"$@\" 3<>/srv/socket", "sh"];
        let ended = pod
            .first([&opens[..], prefix, &command].concat().as_slice())
            .ends_with(0);
        ended.stdout
    };
    let ours = |said: &str| said.starts_with("1 ") && said.ends_with(" 1 none\nopen\n");
    let init = started(&[BEAMINIT, "--"], "1");
    assert!(ours(&init), "{init}");
    let twice = started(&[BEAMINIT, "--", BEAMINIT, "--"], "1");
    assert!(ours(&twice), "{twice}");
    // Already the command's, or somebody else's.
    assert_eq!(started(&[BEAMINIT, "exec", "--"], "1"), "1 1 1 77\nopen\n");
    assert_eq!(started(&[BEAMINIT, "--"], "4321"), "0 4321 1 77\nopen\n");
}
