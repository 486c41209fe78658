//! Tasks whose script ends at once and leaves the node to run_erl: no thing for a container, but the node is as planned.

use super::cookie_files::{shows, with_secret};
use super::*;

/// Starts a daemon in a pod where something else is the first process, looks at its node, and stops it.
#[track_caller]
fn is_a_node(pod: &Pod, command: &[&str], log: &str, shown: bool) {
    let node = pod.first(["sh", "-c", "echo ready && exec sleep 1000"]);
    node.says("ready");
    let script = [&[BEAMINIT, "exec", "--"], command].concat();
    let ended = node.enter(script.as_slice()).ends_with(0);
    let warning = "warning: a daemon's script ends at once, and this container with it; use ";
    assert!(ended.stderr.contains(warning), "{ended}");
    let logged = |text: &str| {
        let log = std::fs::read_to_string(pod.place(log)).unwrap_or_default();
        log.contains(text)
    };
    eventually("the node says who it is", || {
        logged(&format!("node={NODE} cookie=chocolate"))
    });
    assert_eq!(node.listening(), BTreeSet::from([5555]));
    assert_eq!(!shows(&node, "chocolate").is_empty(), shown);
    let vm = node.inmate("beam.smp").expect("the VM").pid.to_string();
    node.enter(["kill", "-TERM", &vm]).ends_with(0);
    eventually("its applications are stopped", || logged("stopped"));
    let runs = || {
        let vm = node.inmate("beam.smp");
        // Nobody in this pod reaps.
        vm.is_some_and(|vm| vm.state != 'Z')
    };
    eventually("the VM has ended", || !runs());
}

fn mix_release(pod: Pod) -> Pod {
    pod.copy(&fixtures::mix_release(), "/srv/mixapp")
}

fn relx_release(pod: Pod) -> Pod {
    pod.copy(&fixtures::relx_release(), "/srv/relxapp")
}

const MIX_LOG: &str = "/srv/mixapp/tmp/log/erlang.log.1";
const RELX_LOG: &str = "/srv/relxapp/log/erlang.log.1";

#[test]
fn of_a_mix_release() {
    for task in ["daemon", "daemon_iex"] {
        let (pod, _dns) = clustered();
        let command = ["/srv/mixapp/bin/mixapp", task];
        is_a_node(&mix_release(pod), &command, MIX_LOG, true);
    }
}

#[test]
fn of_a_relx_release() {
    for command in [
        &["daemon"][..],
        &["start"],
        &["daemon_boot", "/srv/relxapp/releases/0.1.0/start"],
    ] {
        let (pod, _dns) = clustered();
        let command = [&["/srv/relxapp/bin/relxapp"], command].concat();
        is_a_node(&relx_release(pod), &command, RELX_LOG, true);
    }
}

#[test]
fn with_the_cookie_in_a_file() {
    let (pod, _dns) = with_secret();
    let command = ["/srv/mixapp/bin/mixapp", "daemon"];
    is_a_node(&mix_release(pod), &command, MIX_LOG, false);
    let (pod, _dns) = with_secret();
    let command = ["/srv/relxapp/bin/relxapp", "daemon"];
    is_a_node(&relx_release(pod), &command, RELX_LOG, false);
}

#[test]
fn without_epmd() {
    let (pod, _dns) = clustered();
    let pod = pod.env("BEAMINIT_EPMD", "off");
    let command = ["/srv/mixapp/bin/mixapp", "daemon"];
    is_a_node(&mix_release(pod), &command, MIX_LOG, true);
    let (pod, _dns) = clustered();
    let pod = pod.env("BEAMINIT_EPMD", "off");
    let command = ["/srv/relxapp/bin/relxapp", "daemon"];
    is_a_node(&relx_release(pod), &command, RELX_LOG, true);
}
