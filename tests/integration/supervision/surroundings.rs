//! Wherever containers run: without /proc or privileges, on a read-only root, under another init, in little memory.

use nix::libc;

use super::fakes;
use super::observed::{children, kilobytes};
use crate::harness::*;

/// What every init has to do: forwards, adopts and reaps, ends as its command.
#[track_caller]
fn does_its_work(pod: &Pod, prefix: &[&str]) {
    let script = "(sleep 0.2 &); (setsid true &); exec takes-signals command 15 3";
    let command = [prefix, &["sh", "-c", script]].concat();
    let running = pod.first(command.as_slice());
    running.says("command is ready");
    for signal in [libc::SIGUSR1, libc::SIGWINCH, 40] {
        running.signal_number(signal);
        running.says(&format!("command takes {signal} from "));
    }
    // The machine's own /proc: the pod may have none.
    eventually("nobody but the command is left", || {
        is_a_line(running.pid())
    });
    running.signal_number(libc::SIGTERM);
    running.ends_with(3);
}

/// Whether nobody in this tree has more than one child.
fn is_a_line(pid: i32) -> bool {
    match children(pid).as_slice() {
        [] => true,
        [only] => is_a_line(*only),
        _ => false,
    }
}

/// With a shell that does this first.
fn after(preparation: &str) -> [String; 5] {
    let script = format!("set -e; {preparation}; exec \"$@\"");
    ["sh", "-c", &script, "sh", BEAMINIT].map(str::to_owned)
}

#[track_caller]
fn does_its_work_after(pod: &Pod, preparation: &str) {
    let prefix = after(preparation);
    let prefix: Vec<&str> = prefix.iter().map(String::as_str).chain(["--"]).collect();
    does_its_work(pod, &prefix);
}

#[test]
fn as_in_any_container() {
    does_its_work(&fakes::pod(), &[BEAMINIT, "--"]);
}

#[test]
fn without_proc() {
    does_its_work_after(
        &fakes::pod(),
        "mount -t tmpfs none /proc; ! [ -e /proc/self ]",
    );
}

#[test]
fn under_a_random_user_without_new_privileges() {
    does_its_work(&fakes::pod().user(12345), &[BEAMINIT, "--"]);
}

#[test]
fn on_a_read_only_root() {
    let all = "for place in / /srv /run /tmp /dev /dev/shm; do mount -o remount,bind,ro $place; done; \
               ! touch /x /srv/x /run/x /tmp/x /dev/x 2>/dev/null";
    does_its_work_after(&fakes::pod(), all);
}

#[test]
fn with_an_empty_dev() {
    does_its_work_after(
        &fakes::pod(),
        "mount -t tmpfs none /dev; ! [ -e /dev/null ]",
    );
}

#[test]
fn under_tini() {
    does_its_work(&fakes::pod(), &["tini", "--", BEAMINIT, "--"]);
    does_its_work(&fakes::pod(), &["tini", "-g", "--", BEAMINIT, "--"]);
}

#[test]
fn under_itself() {
    does_its_work(&fakes::pod(), &[BEAMINIT, "--", BEAMINIT, "--"]);
}

#[test]
fn in_a_pid_namespace_that_is_shared() {
    // As with shareProcessNamespace: the first process is `pause`, and cares for nobody.
    let pause = format!("{}; exit $status", fakes::HANDS_TERM_ON);
    let pod = fakes::pod();
    let running = pod.first([
        "sh",
        "-c",
        &pause,
        "sh",
        BEAMINIT,
        "--",
        "takes-signals",
        "command",
        "15",
        "3",
    ]);
    running.says("command is ready");
    running.signal_number(libc::SIGTERM);
    running.says("command takes 15 from ");
    running.ends_with(3);
}

#[test]
fn a_command_that_became_another_user_is_out_of_reach_and_no_reason_to_end() {
    // Without the capability to signal everybody.
    let prefix = [
        "setpriv",
        "--bounding-set=-kill",
        "--inh-caps=-kill",
        BEAMINIT,
        "--",
    ];
    let command = [
        "setpriv",
        "--reuid=12345",
        "takes-signals",
        "command",
        "15",
        "3",
    ];
    let running = fakes::pod().first([&prefix[..], &command].concat().as_slice());
    running.says("command is ready");
    for signal in [libc::SIGUSR1, libc::SIGTERM, libc::SIGTERM] {
        running.signal_number(signal);
    }
    // It is heard by those only who may: the user itself.
    running.says("command hears nothing");
    let taker = running.inmate("takes-signals").expect("the command").pid;
    // The pod's end may be the end of this one too.
    running.enter(["kill", "-TERM", &taker.to_string()]).ends();
    let ended = running.ends_with(3);
    assert_eq!(ended.stdout.matches(" takes ").count(), 1, "{ended}");
}

/// What an unoptimised build has in code beyond the one that is shipped, in kB.
const UNOPTIMISED: u64 = if cfg!(debug_assertions) { 6 * 1024 } else { 0 };

#[test]
fn in_eight_megabytes() {
    let limit = 8 * 1024 + UNOPTIMISED;
    does_its_work_after(&fakes::pod(), &format!("ulimit -v {limit}"));
}

#[test]
fn in_eight_megabytes_a_node_waits_for_its_record() {
    let mut pod = Pod::new("app-0")
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "ignores-nothing");
    let dns = pod.nameserver("10.96.0.10");
    let limited = after(&format!("ulimit -v {}", 8 * 1024 + UNOPTIMISED));
    let mut command: Vec<&str> = limited.iter().map(String::as_str).collect();
    command.extend(["--", "erl"]);
    let node = pod.first(command.as_slice());
    dns.is_asked_for_times("app-0.app.prod.svc.cluster.local", 2);
    let both = [vec![node.pid()], children(node.pid())].concat();
    assert_eq!(both.len(), 2);
    let memory: u64 = both.iter().map(|pid| kilobytes(*pid, "RssAnon:")).sum();
    assert!(memory < 2 * 1024, "{memory} kB beside the code");
    dns.publish("app-0.app.prod.svc.cluster.local", "10.1.2.3");
    node.says("exec /srv/bin/erl");
    node.signal_number(libc::SIGTERM);
    node.ends_with(143);
}
