//! `beaminit probe`, run in the pod as the kubelet and Docker do: what it says, and that the node hears nothing of it.

use std::time::{Duration, Instant};

use super::*;

/// A node that logs all that there is to log.
const TALKATIVE: &str = "logger:set_primary_config(level, all), io:format(\"node=~ts cookie=~ts~n\", [node(), erlang:get_cookie()]).";
const ERL: [&str; 4] = ["erl", "-noinput", "-eval", TALKATIVE];

fn probe(node: &Running, arguments: &[&str]) -> Ended {
    let mut words = vec![BEAMINIT, "probe"];
    words.extend(arguments);
    node.enter(words.as_slice()).ends()
}

/// It is well, and says so in one line.
#[track_caller]
fn is_well(node: &Running, arguments: &[&str], line: &str) {
    let ended = probe(node, arguments);
    let said = (ended.code, ended.stdout.as_str(), ended.stderr.as_str());
    assert_eq!(said, (0, format!("{line}\n").as_str(), ""), "{arguments:?}");
}

/// It is not, and says why in one line.
#[track_caller]
fn is_not_well(node: &Running, arguments: &[&str], part: &str) {
    fails_with(1, &probe(node, arguments), part);
}

#[track_caller]
fn fails_with(code: i32, ended: &Ended, part: &str) {
    assert_eq!(ended.code, code, "{ended}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
    assert!(
        ended.stderr.contains(part) && ended.stdout.is_empty(),
        "no {part:?}: {ended}"
    );
}

/// All levels say that it is well, again and again, and the node has said nothing since it was up.
#[track_caller]
fn is_well_in_every_way(node: &Running, port: u16) {
    is_well_as(node, NODE, port);
}

#[track_caller]
fn is_well_as(node: &Running, name: &str, port: u16) {
    eventually("the node has booted", || {
        probe(node, &["--ready"]).code == 0
    });
    let said = || format!("{}", node.transcript());
    if !said().contains("the node is not checked") {
        super::watch::reported(node);
    }
    let before = said();
    for _ in 0..20 {
        let ended = probe(node, &["--port"]);
        assert!(
            ended.code == 0
                && ended
                    .stdout
                    .contains(&format!(": port {port} takes connections")),
            "{ended}"
        );
        is_well(node, &[], &format!("{name} is alive (port {port})"));
        is_well(node, &["--ready"], &format!("{name} is ready"));
    }
    is_well(
        node,
        &["--app", "kernel", "--app=stdlib", "--peers", "0"],
        &format!("{name} is ready, kernel, stdlib started, 0 peers"),
    );
    is_not_well(node, &["--app", "nonesuch"], "has not started nonesuch");
    is_not_well(node, &["--peers", "1"], "has 0 peers, and should have 1");
    is_not_well(node, &["other@app-0.app.prod.svc.cluster.local"], "other");
    // What was said by then would be seen by now: a call has gone through the node.
    assert_eq!(said(), before, "the node has logged the probes");
}

#[test]
fn of_erl() {
    let (pod, _dns) = clustered();
    let node = pod.run(ERL);
    is_as_planned(&node);
    is_well_in_every_way(&node, 5555);
    is_well(
        &node,
        &["--", "erl"],
        &format!("{NODE} is alive (port 5555)"),
    );
    is_well(&node, &["--ready", NODE], &format!("{NODE} is ready"));
}

#[test]
fn of_a_mix_release() {
    let (pod, _dns) = clustered();
    let node = pod
        .copy(&fixtures::mix_release(), "/srv/mixapp")
        .run("/srv/mixapp/bin/mixapp start");
    is_as_planned(&node);
    is_well_in_every_way(&node, 5555);
    is_well(
        &node,
        &["--app", "mixapp"],
        &format!("{NODE} is ready, mixapp started"),
    );
}

#[test]
fn of_a_relx_release_called_by_a_relative_path() {
    let (pod, _dns) = clustered();
    let node = pod
        .copy(&fixtures::relx_release(), "/srv/relxapp")
        .run("relxapp/bin/relxapp foreground");
    is_as_planned(&node);
    is_well_in_every_way(&node, 5555);
}

#[test]
fn of_mix_run() {
    let (pod, _dns) = clustered();
    let node = pod
        .copy(&fixtures::mix_project(), "/srv/project")
        .working_directory("/srv/project")
        .env("MIX_ENV", "prod")
        .run("mix run --no-halt");
    is_as_planned(&node);
    is_well_in_every_way(&node, 5555);
}

#[test]
fn of_a_node_without_epmd() {
    let (pod, _dns) = clustered();
    let node = pod.env("BEAMINIT_EPMD", "off").run(ERL);
    is_as_planned(&node);
    is_well_in_every_way(&node, 5555);
    assert_eq!(node.inmate("epmd"), None, "{}", node.transcript());
}

#[test]
fn of_a_short_name() {
    let pod = Pod::new("laptop")
        .env("SNAME", "me")
        .env("ERLANG_COOKIE", "mine");
    let node = pod.run(ERL);
    is_up(&node, "me@laptop", "mine", 43691);
    eventually("the node has booted", || {
        probe(&node, &["--ready"]).code == 0
    });
    super::watch::reported(&node);
    let before = node.transcript().to_string();
    for _ in 0..20 {
        is_well(&node, &[], "me@laptop is alive (port 43691)");
        is_well(&node, &["--ready"], "me@laptop is ready");
    }
    assert_eq!(node.transcript().to_string(), before);
    is_well(&node, &["--ready", "me@laptop"], "me@laptop is ready");
}

#[test]
fn of_a_node_that_made_its_own_cookie() {
    let node = Pod::new("laptop").env("SNAME", "me").run(ERL);
    node.says("node=me@laptop");
    eventually("the node has booted", || {
        probe(&node, &["--ready"]).code == 0
    });
}

#[test]
fn of_a_node_whose_cookie_is_in_a_file() {
    let (pod, _dns) = clustered();
    let pod = pod
        .without("ERLANG_COOKIE")
        .file("/run/secrets/cookie", "chocolate\n")
        .env("ERLANG_COOKIE_FILE", "/run/secrets/cookie")
        .env("BEAMINIT_COOKIE_VIA", "file");
    let node = pod.run(ERL);
    is_as_planned(&node);
    is_well_in_every_way(&node, 5555);
}

#[test]
fn of_a_node_that_speaks_ipv6() {
    let pod = Pod::with_addresses("app-0", &["fd00::3"])
        .env("BEAMINIT_NODE", "app@fd00::3")
        .env("ERLANG_COOKIE", "chocolate");
    let node = pod.run(ERL);
    node.says("node=app@fd00::3");
    eventually("the node has booted", || {
        probe(&node, &["--ready"]).code == 0
    });
    is_well(&node, &[], "app@fd00::3 is alive (port 43691)");
}

#[test]
fn the_name_that_dns_chose() {
    // As a Deployment's pod, which has no record of its host name.
    let mut pod = Pod::new("app-7d4b9c-x2x9z")
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .env("ERLANG_COOKIE", "chocolate");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(DASHED_NAME, "10.1.2.3");
    let node = pod.run(ERL);
    let name = format!("app@{DASHED_NAME}");
    is_up(&node, &name, "chocolate", 43691);
    is_well_as(&node, &name, 43691);
}

#[test]
fn the_name_that_only_dns_knows() {
    let mut pod = Pod::new("3f2a9c")
        .env("SNAME", "app")
        .env("BEAMINIT_HOST", "reverse")
        .env("ERLANG_COOKIE", "chocolate");
    let dns = pod.nameserver(CLUSTER_DNS);
    let host = "proj_app_1.proj_net";
    dns.publish_pod(host, "10.1.2.3");
    dns.point("10.1.2.3", host);
    let node = pod.run(ERL);
    node.says(&format!("node=app@{host}"));
    is_well(&node, &[], &format!("app@{host} is alive (port 43691)"));
    is_well(
        &node,
        &["--port"],
        &format!("app@{host}: port 43691 takes connections"),
    );
}

#[test]
fn two_nodes_are_peers() {
    let (pod, _dns) = clustered();
    let node = pod.run(ERL);
    is_as_planned(&node);
    let join = format!("pong = net_adm:ping('{NODE}'), io:format(\"joined~n\").");
    let flags = ["-name", "other@127.0.0.1", "-setcookie", "chocolate"];
    let mut command = vec!["erl", "-noinput", "-eval", &join];
    command.extend(flags);
    let other = node.enter(command.as_slice());
    other.says("joined");
    is_well(
        &node,
        &["--peers", "1"],
        &format!("{NODE} is ready, 1 peer"),
    );
}

#[test]
fn beaminit_exec_leaves_nothing_to_tell_the_name_by() {
    let (pod, _dns) = clustered();
    let node = pod.exec(ERL);
    is_as_planned(&node);
    // SNAME and the host tell it all.
    is_well_in_every_way(&node, 5555);

    let (pod, _dns) = clustered();
    let node = pod.without("SNAME").exec(ERL);
    node.says("node=erl@");
    let ended = probe(&node, &[]);
    fails_with(78, &ended, "NAME@HOST");
    let name = NODE.replace("app@", "erl@");
    is_well(
        &node,
        &["--", "erl"],
        &format!("{name} is alive (port 5555)"),
    );
    is_well(&node, &["--ready", &name], &format!("{name} is ready"));
}

#[test]
fn a_node_that_is_stopped_or_gone() {
    let (pod, _dns) = clustered();
    let node = pod.run(ERL);
    is_as_planned(&node);
    let vm = || {
        let pid = node.inmate("beam.smp").expect("the VM").pid;
        pid.to_string()
    };
    let signal = |name: &str, pid: &str| {
        let ended = node.enter(["kill", name, pid]).ends();
        assert_eq!(ended.code, 0, "{ended}");
    };
    signal("-STOP", &vm());
    let time = stretched(Duration::from_millis(300));
    let timeout = format!("--timeout={}ms", time.as_millis());
    let started = Instant::now();
    is_not_well(&node, &[&timeout], "does not answer the handshake in time");
    is_not_well(&node, &["--ready", &timeout], "does not answer");
    let limit = 2 * time + Duration::from_secs(2);
    is_within(limit, started.elapsed(), "two such probes");
    // The kernel takes the connection.
    assert_eq!(probe(&node, &["--port"]).code, 0);
    signal("-CONT", &vm());
    eventually("it goes on", || probe(&node, &["--ready"]).code == 0);
    // epmd forgets nothing as long as the node is there, and is no more than a door.
    let epmd = node.inmate("epmd").expect("epmd").pid.to_string();
    signal("-STOP", &epmd);
    is_not_well(
        &node,
        &[&timeout],
        "epmd (port 4369) does not answer in time",
    );
    signal("-CONT", &epmd);
    signal("-KILL", &epmd);
    eventually("epmd has ended", || node.inmate("epmd").is_none());
    is_not_well(&node, &[], "no epmd at port 4369");
}

#[test]
fn a_busy_node() {
    let (pod, _dns) = clustered();
    let busy = "[spawn(fun F() -> F() end) || _ <- lists:seq(1, 8)], ".to_owned() + TALKATIVE;
    let node = pod.run(["erl", "-noinput", "-eval", &busy]);
    is_as_planned(&node);
    eventually("it is ready", || probe(&node, &["--ready"]).code == 0);
}

#[test]
fn another_cookie() {
    let (pod, _dns) = clustered();
    let node = pod.run(ERL);
    is_as_planned(&node);
    let command = ["env", "ERLANG_COOKIE=vanilla", BEAMINIT, "probe", "--ready"];
    let ended = node.enter(command).ends();
    fails_with(1, &ended, "has another cookie");
    assert!(!ended.stderr.contains("vanilla") && !ended.stderr.contains("chocolate"));
    // Up to the node's name no cookie is needed, nor looked at.
    let command = ["env", "ERLANG_COOKIE=vanilla", BEAMINIT, "probe"];
    assert_eq!(node.enter(command).ends().code, 0);
}

#[test]
fn before_the_node_is_up() {
    let (pod, dns) = clustered();
    dns.withdraw(OWN_NAME);
    let node = pod.run(ERL);
    node.says("waiting");
    is_not_well(&node, &[], "app is not started yet: it still waits for DNS");
    is_not_well(&node, &["--port"], "it still waits for DNS");
}

#[test]
fn another_node_has_its_name() {
    let (pod, _dns) = clustered();
    let node = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    node.says("ready");
    let flags = ["-name", "app@127.0.0.1", "-setcookie", "chocolate"];
    let mut command = vec!["erl", "-noinput", "-eval", TALKATIVE];
    command.extend(flags);
    let other = node.enter(command.as_slice());
    other.says("node=app@127.0.0.1");
    // epmd says that it is at another port than the node would have.
    is_not_well(&node, &[], "is pinned to 5555: another node of this name?");
    let command = ["env", "-u", "ERL_PORT", BEAMINIT, "probe", NODE];
    let ended = node.enter(command).ends();
    fails_with(1, &ended, "is app@127.0.0.1, and not app@app-0");
}
