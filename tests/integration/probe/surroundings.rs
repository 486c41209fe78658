//! What is around the node: its host's addresses, files, users and other processes.

use super::*;

#[test]
fn a_node_elsewhere_is_looked_up() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish(SIBLING, "203.0.113.7");
    let pod = pod.hosts("203.0.113.9 db.example.com db\n");
    let running = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    running.says("ready");
    for host in ["203.0.113.7", "203.0.113.9"] {
        serve(&pod, &format!("{host}:4369"), |mut stream| {
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03app\0\0");
        });
        serve(&pod, &format!("{host}:43691"), |mut stream| {
            let _ = stream.read_to_end(&mut Vec::new());
        });
    }
    for node in [
        format!("app@{SIBLING}"),
        "app@db.example.com".into(),
        "app@db".into(),
        "app@203.0.113.9".into(),
    ] {
        let (ended, _) = probe(&running, &["--port", &node]);
        assert_eq!(
            ended.stdout,
            format!("{node}: port 43691 takes connections\n"),
            "{ended}"
        );
    }
    let (ended, _) = probe(&running, &["app@nowhere.example.com"]);
    fails(
        &ended,
        1,
        "the host of app@nowhere.example.com has no address: NXDOMAIN from 10.96.0.10",
    );
}

#[test]
fn a_node_elsewhere_is_found_behind_an_address_that_swallows_packets() {
    let mut pod = stateful_pod();
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.script(
        SIBLING,
        RecordType::A,
        [Answer::addresses(["203.0.113.66", "203.0.113.7"])],
    );
    // A full queue: the kernel drops what comes for it.
    let _full = pod.network().inside(|| {
        use nix::sys::socket::{Backlog, listen};
        let full = TcpListener::bind("203.0.113.66:4369").unwrap();
        listen(&full, Backlog::new(0).unwrap()).unwrap();
        let address = full.local_addr().unwrap();
        let limit = Duration::from_millis(100);
        let connect = |_| TcpStream::connect_timeout(&address, limit);
        (full, (0..4).map(connect).collect::<Vec<_>>())
    });
    serve(&pod, "203.0.113.7:4369", |mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03app\0\0");
    });
    serve(&pod, "203.0.113.7:43691", |mut stream| {
        let _ = stream.write_all(&greeting(&format!("app@{SIBLING}")));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let running = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    running.says("ready");
    let (ended, _) = probe(&running, &[&format!("app@{SIBLING}")]);
    assert_eq!(
        ended.stdout,
        format!("app@{SIBLING} is alive (port 43691)\n"),
        "{ended}"
    );
}

#[test]
fn a_file_that_never_ends_costs_its_time_and_no_more() {
    let pod = laptop()
        .env("SNAME", "app")
        .release("mix-release", "/srv/app");
    let env_sh = "/srv/app/releases/0.1.0/env.sh";
    let pipes = format!(
        "rm -f {env_sh}; mkfifo {env_sh} /srv/.erlang.cookie && echo ready; exec sleep 1000"
    );
    let running = pod.first(["sh", "-c", &pipes]);
    running.says("ready");
    // As a cookie it is none.
    let (ended, _) = probe(&running, &["--ready"]);
    fails(&ended, 1, "no epmd at port 4369");
    // A part of a release is read as it is.
    for how in ["", "trap '' ALRM; "] {
        let line = format!("{how}exec {BEAMINIT} probe --timeout 500ms -- /srv/app/bin/app1 start");
        let began = Instant::now();
        let ended = running.enter(["sh", "-c", &line]).ends();
        fails(&ended, 1, "the probe did not finish in 500ms");
        is_within(Duration::from_secs(2), ended.at - began, how);
    }
}

#[test]
fn a_client_that_waits_is_not_the_start() {
    let waits = "#!/bin/sh\necho ready\nexec sleep 1000\n";
    let pod = laptop()
        .env("SNAME", "app")
        .release("mix-release", "/srv/app")
        .file_with_mode("/srv/bin/erl", waits, 0o755);
    let node = pod.run("erl");
    node.says("ready");
    let script = |line: &str| node.enter(["sh", "-c", line]);
    let env_sh = "/srv/app/releases/0.1.0/env.sh";
    script(&format!("rm -f {env_sh}; mkfifo {env_sh} /srv/pipe")).ends_with(0);
    let _client = node.enter([BEAMINIT, "--", "/srv/app/bin/app1", "remote"]);
    eventually("the client waits", || {
        node.inmate("beaminit-script").is_some()
    });
    // Something that the probe waits for in vain.
    script("mount --bind /srv/pipe /etc/resolv.conf").ends_with(0);
    let (ended, _) = probe(&node, &["--timeout", "500ms"]);
    fails(&ended, 1, "take longer to read");
}

#[test]
fn a_cookie_that_this_user_may_not_read_is_wanted_for_ready_alone() {
    let pod = laptop()
        .env("SNAME", "app")
        .without("ERLANG_COOKIE")
        .env("ERLANG_COOKIE_FILE", "/srv/cookie")
        .env("BEAMINIT_PEERS", "hosts:other")
        .file_with_mode("/srv/cookie", "chocolate", 0o400);
    epmd(&pod, 43691);
    serve(&pod, "0.0.0.0:43691", |mut stream| {
        let _ = stream.write_all(&greeting("app@laptop"));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let running = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    running.says("ready");
    let as_another = |words: &[&str]| {
        let user = ["setpriv", "--reuid", "4711", "--clear-groups", BEAMINIT];
        running.enter([&user, words].concat().as_slice()).ends()
    };
    assert_eq!(as_another(&["probe", "--port"]).code, 0);
    assert_eq!(as_another(&["probe"]).code, 0);
    let unread = "ERLANG_COOKIE_FILE is \"/srv/cookie\", which cannot be read";
    for words in [&["--ready"][..], &["--app", "x"], &["--peers", "1"]] {
        fails(&as_another(&[&["probe"], words].concat()), 78, unread);
    }
    let ended = as_another(&["peers"]);
    assert_eq!(ended.code, 1, "{ended}");
    assert!(ended.stdout.starts_with("app@other "), "{ended}");
    let unasked = "no peer counts as joined: no cookie is known here";
    assert!(ended.stderr.contains(unasked), "{ended}");
}

#[test]
fn another_process_of_ours_is_not_taken_for_the_nodes() {
    let pod = Pod::new("laptop")
        .env("ERLANG_COOKIE", "chocolate")
        .program("erl", "prints-signals");
    let one = ["erl", "-name", "one@10.1.2.3"];
    // Neither PID 1 nor the oldest: the node's, all the same.
    let running = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    running.says("ready");
    let shell = running.enter([BEAMINIT, "--", "erl", "-remsh", "one@10.1.2.3"]);
    shell.says("exec");
    let other = running.enter([BEAMINIT, "--", "sleep", "1000"]);
    other.says("exec");
    let node = running.enter([&[BEAMINIT, "--"], one.as_slice()].concat().as_slice());
    node.says("exec");
    let (ended, _) = probe(&running, &[]);
    fails(&ended, 1, "one@10.1.2.3");
}

#[test]
fn a_node_of_its_own_settings_is_looked_up_at_its_own_epmd() {
    let pod = Pod::new("laptop")
        .env("ERL_EPMD_PORT", "4400")
        .program("erl", "prints-signals");
    let running = pod.first(["sh", "-c", "echo ready; exec sleep 1000"]);
    running.says("ready");
    let (ended, _) = probe(&running, &["--port", "--", "erl", "-sname", "app"]);
    fails(&ended, 1, "no epmd at port 4400");
}

#[test]
fn a_start_that_waits_for_dns_is_said_to_do_so() {
    let names = format!("app@{OWN_NAME} or app@{DASHED_NAME}");
    let expected = format!("app is not started yet: it still waits for DNS to have {names}");
    let stays = || stateful_pod().program("erl", "prints-signals");
    let mut pod = stays();
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.run("erl");
    dns.is_asked_for(OWN_NAME);
    fails(&probe(&node, &[]).0, 1, &expected);
    // Of a node elsewhere it says nothing.
    fails(&probe(&node, &["app@203.0.113.7"]).0, 1, "no epmd at port");
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    node.says("exec");
    fails(&probe(&node, &[]).0, 1, "no epmd at port 4369");
    // Where nothing is recorded.
    let mut pod = stays();
    let dns = pod.nameserver(CLUSTER_DNS);
    let node = pod.exec("erl");
    dns.is_asked_for(OWN_NAME);
    fails(&probe(&node, &["--", "erl"]).0, 1, &expected);
}

#[test]
fn a_start_that_waits_for_something_else_is_said_to_do_so() {
    let pod = laptop()
        .env("SNAME", "app")
        .release("mix-release", "/srv/app");
    let env_sh = "/srv/app/releases/0.1.0/env.sh";
    let pipe = format!("rm {env_sh}; mkfifo {env_sh} && echo ready; exec sleep 1000");
    let running = pod.first(["sh", "-c", &pipe]);
    running.says("ready");
    let _node = running.enter([BEAMINIT, "--", "/srv/app/bin/app1", "start"]);
    eventually("it asks the script", || {
        let line = "grep -qs beaminit-script /proc/[0-9]*/comm";
        running.enter(["sh", "-c", line]).ends().code == 0
    });
    let (ended, _) = probe(&running, &["--timeout=500ms"]);
    fails(&ended, 1, "it still waits for its start script");

    let mut pod = stateful_pod()
        .env("BEAMINIT_HOST", "ip")
        .env("BEAMINIT_PEERS", "dns")
        .env("BEAMINIT_PEERS_BOOT", "sync");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.answer_everything(Answer::Nothing);
    let node = pod.run("erl");
    dns.is_asked_for(SERVICE_NAME);
    let expected = "app@10.1.2.3 is not started yet: it still waits for its peers";
    fails(&probe(&node, &[]).0, 1, expected);
}
