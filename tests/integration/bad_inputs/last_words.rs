//! The reason of a failed start, where Kubernetes looks for it and where log collectors do.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::sound_pod;
use crate::harness::*;

#[test]
fn the_reason_is_left_in_the_termination_log() {
    let pod = sound_pod().termination_log().env("ERL_PORT", "4369l");
    let log = pod.place("/dev/termination-log");
    let before = fs::metadata(&log).unwrap().ino();
    let ended = pod.run("erl").ends_with(78);
    let reason = fs::read_to_string(&log).unwrap();
    assert_eq!(reason.lines().count(), 1, "{reason}");
    let line = ended.stderr.lines().last().unwrap();
    assert!(line.ends_with(reason.trim_end()), "{reason} is not {line}");
    assert_eq!(
        fs::metadata(&log).unwrap().ino(),
        before,
        "written in place"
    );
}

#[test]
fn a_gates_reason_is_left_there_too() {
    let mut pod = sound_pod()
        .termination_log()
        .env("BEAMINIT_DNS_TIMEOUT", "1s");
    let _dns = pod.nameserver("10.96.0.10");
    pod.run("erl").ends_with(69);
    let reason = fs::read_to_string(pod.place("/dev/termination-log")).unwrap();
    assert!(reason.contains("NXDOMAIN"), "{reason}");
}

#[test]
fn any_user_may_leave_it() {
    let pod = sound_pod()
        .termination_log()
        .user(1_000_660_000)
        .env("ERL_PORT", "4369l");
    pod.run("erl").ends_with(78);
    assert!(
        fs::read_to_string(pod.place("/dev/termination-log"))
            .unwrap()
            .contains("ERL_PORT")
    );
}

#[test]
fn another_file_may_be_named() {
    let pod = sound_pod()
        .env("BEAMINIT_TERMINATION_LOG", "/srv/reason")
        .env("ERL_PORT", "4369l");
    pod.run("erl").ends_with(78);
    assert!(
        fs::read_to_string(pod.place("/srv/reason"))
            .unwrap()
            .contains("ERL_PORT")
    );
}

#[test]
fn it_is_never_longer_than_kubernetes_keeps() {
    let mut pod = sound_pod().termination_log();
    for number in 0..120 {
        pod = pod.env(
            format!("BEAMINIT_NO_SUCH_VARIABLE_{number}"),
            "é".repeat(40),
        );
    }
    let ended = pod.run("erl").ends_with(78);
    assert_eq!(ended.stderr.lines().count(), 120, "{ended}");
    let reason = fs::read(pod.place("/dev/termination-log")).unwrap();
    assert!(
        reason.len() <= 4096 && reason.len() > 1000,
        "{} bytes",
        reason.len()
    );
    assert!(
        String::from_utf8(reason).is_ok(),
        "cut in the middle of a character"
    );
}

#[test]
fn a_fifo_that_nobody_reads_holds_nothing_up() {
    let pod = sound_pod()
        .env("BEAMINIT_TERMINATION_LOG", "/srv/fifo")
        .env("ERL_PORT", "4369l");
    let script = "mkfifo /srv/fifo; exec \"$0\" -- erl";
    let ended = pod.first(["sh", "-c", script, BEAMINIT]).ends_with(78);
    assert!(
        ended.stderr.contains("BEAMINIT_TERMINATION_LOG is"),
        "{ended}"
    );
}

#[test]
fn a_log_that_can_not_be_written_is_no_reason_to_fail() {
    for subcommand in ["", "exec"] {
        let script =
            format!("exec \"$0\" {subcommand} -- sh -c 'echo started; exit 4' 2>/dev/full");
        let ended = sound_pod()
            .first(["sh", "-c", &script, BEAMINIT])
            .ends_with(4);
        assert_eq!(ended.stdout, "started\n");
    }
}

#[test]
fn where_there_is_no_termination_log_none_is_made() {
    let pod = sound_pod();
    let script = "\"$0\" -- erl; echo \"exit $?\"; ls /dev";
    let ended = pod
        .env("ERL_PORT", "4369l")
        .first(["sh", "-c", script, BEAMINIT])
        .ends_with(0);
    assert!(ended.stdout.contains("exit 78"), "{ended}");
    assert!(!ended.stdout.contains("termination-log"), "{ended}");
}

#[test]
fn a_command_that_fails_leaves_nothing_there() {
    let pod = sound_pod().termination_log();
    pod.run("exits 3").ends_with(3);
    assert_eq!(
        fs::read_to_string(pod.place("/dev/termination-log")).unwrap(),
        ""
    );
}

#[test]
fn as_json_every_line_is_an_object() {
    let pod = sound_pod().env("BEAMINIT_LOG_FORMAT", "json");
    for (pod, code) in [
        (pod, 0),
        (
            sound_pod()
                .env("BEAMINIT_LOG_FORMAT", "json")
                .env("ERL_PORT", "4\"l"),
            78,
        ),
    ] {
        let ended = pod.env("BEAMINIT_DNS", "off").run("erl").ends_with(code);
        assert!(!ended.stderr.is_empty());
        for line in ended.stderr.lines() {
            let object: serde_json::Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            let message = object["message"].as_str().expect("a message");
            assert!(!message.starts_with("beaminit:"), "{line}");
            assert!(
                code == 0 || message.contains(r#"ERL_PORT is "4\"l""#),
                "{line}"
            );
        }
    }
}

#[test]
fn a_start_is_about_four_lines_and_none_at_level_error() {
    let mut pod = sound_pod();
    let dns = pod.nameserver("10.96.0.10");
    dns.publish_pod("app-0.app.prod.svc.cluster.local", "10.1.2.3");
    let ended = pod.run("erl").ends_with(0);
    assert!((3..=6).contains(&ended.stderr.lines().count()), "{ended}");
    assert!(
        ended
            .stderr
            .lines()
            .all(|line| line.starts_with("beaminit: ")),
        "{ended}"
    );
    let ended = pod.env("BEAMINIT_LOG", "error").run("erl").ends_with(0);
    assert_eq!(ended.stderr, "");
}
