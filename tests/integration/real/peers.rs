//! Nodes that beaminit joins with each other, without any code of theirs: two pods with a wire between them, and a name
//! server each that says the same.

use std::time::Duration;

use super::*;

/// The name of the second node.
pub const SECOND: &str = "app@app-1.app.prod.svc.cluster.local";

/// A pod of the StatefulSet that looks for its peers every second, and its name server.
pub fn peer(number: u8, cookie: &str) -> (Pod, Dns) {
    let (pod, dns) = member(number);
    let pod = pod
        .env("ERLANG_COOKIE", cookie)
        .env("BEAMINIT_PEERS", "dns")
        .env("BEAMINIT_PEERS_INTERVAL", "1s");
    dns.script(
        SERVICE_NAME,
        RecordType::SRV,
        [Answer::services([OWN_NAME])],
    );
    (pod, dns)
}

pub fn grows(dns: &Dns) {
    let both = Answer::services([OWN_NAME, SIBLING]);
    dns.script(SERVICE_NAME, RecordType::SRV, [both]);
}

pub const ERL: [&str; 4] = ["erl", "-noinput", "-eval", SPEAK];

#[track_caller]
fn stops(node: &Running) {
    node.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(node.ends().code, 0, "{}", node.transcript());
}

/// The process that joins.
fn joiner(node: &Running) -> Option<i32> {
    node.inmate("beaminit-peers").map(|inmate| inmate.pid)
}

#[test]
fn nodes_are_joined_as_the_service_grows_and_shrinks() {
    let ((one, dns), (two, seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(&seconds_dns);
    let first = one.run(ERL);
    first.says("node=");
    // Only the first one's view: it alone does not know of the second.
    grows(&dns);
    let second = two.run(ERL);
    first.says(&format!("joined {SECOND}"));
    second.says(&format!("joined {NODE}"));
    stops(&second);
    first.says(&format!("lost {SECOND}"));
    let again = two.run(ERL);
    first.says(&format!("joined {SECOND}"));
    again.says(&format!("joined {NODE}"));
    stops(&first);
}

#[test]
fn without_epmd_too() {
    let ((one, dns), (two, seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(&dns);
    grows(&seconds_dns);
    let first = one.env("BEAMINIT_EPMD", "off").run(ERL);
    let second = two.env("BEAMINIT_EPMD", "off").run(ERL);
    first.says(&format!("joined {SECOND}"));
    second.says(&format!("joined {NODE}"));
}

#[test]
fn a_name_that_dns_is_silent_about_and_another_spelling_keep_nobody_from_being_joined() {
    let ((one, dns), (two, _seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    let silent = ["a.slow.example", "b.slow.example"];
    for name in silent {
        dns.script(name, RecordType::A, [Answer::Nothing]);
    }
    let spelled = SIBLING.replace("app-1", "App-1");
    let list = format!("hosts:{},{spelled},{SIBLING}", silent.join(","));
    let first = one.env("BEAMINIT_PEERS", list).run(ERL);
    let second = two.without("BEAMINIT_PEERS").run(ERL);
    second.says("node=");
    first.says(&format!("joined {SECOND}"));
    let listed = first.enter([BEAMINIT, "peers"]).ends();
    assert!(
        listed.stdout.contains(&format!("{SECOND} joined\n")) && !listed.stdout.contains("App-1"),
        "{listed}"
    );
}

#[test]
fn another_node_in_a_peers_place_is_told_of_once() {
    let ((one, dns), (two, _seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    dns.publish("alias.example", "10.1.2.4");
    let second = two.without("BEAMINIT_PEERS").run(ERL);
    second.says("node=");
    let list = format!("hosts:alias.example dns:{SERVICE_NAME}.");
    let first = one.env("BEAMINIT_PEERS", list).run(ERL);
    let line = format!("app@alias.example is not joined: it is not at 10.1.2.4: {SECOND} is");
    first.says(&line);
    let asked = dns.asked_for(SERVICE_NAME).len();
    dns.is_asked_for_times(SERVICE_NAME, asked + 3);
    let log = first.transcript().to_string();
    assert_eq!(log.matches(&line).count(), 1, "{log}");
}

#[test]
fn another_cookie_is_tried_once_a_minute() {
    let ((one, dns), (two, seconds_dns)) = (peer(0, "chocolate"), peer(1, "vanilla"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(&dns);
    // It knows of nobody, and so does not try on its own.
    let alone = Answer::services([SIBLING]);
    seconds_dns.script(SERVICE_NAME, RecordType::SRV, [alone]);
    let second = two.run(ERL);
    // A VM that boots writes the same line twice, by its early log and by the other.
    second.says("node=");
    let first = one.run(ERL);
    first.says(&format!("{SECOND} is there and does not connect"));
    let asked = dns.asked_for(SERVICE_NAME).len();
    dns.is_asked_for_times(SERVICE_NAME, asked + 3);
    let log = second.transcript().to_string();
    assert_eq!(
        log.matches("Connection attempt from node").count(),
        1,
        "{log}"
    );
    let listed = first.enter([BEAMINIT, "peers", "--json"]).ends_with(1);
    let line: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let fields = ["answers", "joined", "reason"].map(|field| line[field].clone());
    let expected: [serde_json::Value; 3] = [true.into(), false.into(), "has another cookie".into()];
    assert_eq!(fields, expected, "{listed}");
}

#[test]
fn a_joiner_that_was_killed_is_told_of() {
    let ((one, dns), (two, seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(&dns);
    grows(&seconds_dns);
    let (first, second) = (one.run(ERL), two.run(ERL));
    first.says(&format!("joined {SECOND}"));
    first.says("node=");
    second.says("node=");
    let probe = [BEAMINIT, "probe", "--peers", "1", "--timeout", "60s"];
    let killed = "its beaminit-peers was killed";
    let probed = first.enter(probe).ends_with(0);
    assert!(!probed.stdout.contains(killed), "{probed}");
    let listed = first.enter([BEAMINIT, "peers"]).ends_with(0);
    assert_eq!(listed.stdout, format!("{SECOND} joined\n"), "{listed}");
    assert_eq!(listed.stderr, "");
    let pid = joiner(&first).expect("a process that joins").to_string();
    first.enter(["kill", "-KILL", &pid]).ends_with(0);
    eventually("it has gone", || joiner(&first).is_none());
    let probed = first.enter(probe).ends_with(0);
    assert!(probed.stdout.contains(killed), "{probed}");
    let listed = first.enter([BEAMINIT, "peers"]).ends_with(0);
    assert!(
        listed.stderr.contains("no beaminit-peers runs here")
            && listed.stderr.contains("is the node stopping?"),
        "{listed}"
    );
    stops(&second);
    let probed = first.enter(probe).ends_with(1);
    assert!(probed.stderr.contains(killed), "{probed}");
}

#[test]
fn nodes_of_another_name_are_found_by_it_and_else_told_of() {
    let ((one, dns), (two, _seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(&dns);
    let second = two.env("SNAME", "blog").without("BEAMINIT_PEERS").run(ERL);
    second.says("node=");
    let first = one.run(ERL);
    let line = "is not known to the epmd of 10.1.2.4: its epmd has blog, not app; BEAMINIT_PEERS takes dns:blog@SERVICE";
    first.says(line);
    let asked = dns.asked_for(SERVICE_NAME).len();
    dns.is_asked_for_times(SERVICE_NAME, asked + 3);
    let log = first.transcript().to_string();
    assert_eq!(log.matches(line).count(), 1, "{log}");
    stops(&first);
    let first = one.env("BEAMINIT_PEERS", "dns:blog@app").run(ERL);
    first.says("joined blog@app-1.app.prod.svc.cluster.local");
}

/// The build with TLS speaks it: `over_tls.rs`.
#[cfg(not(feature = "full"))]
#[test]
fn a_vm_that_speaks_tls_is_told_of_once_and_not_joined() {
    let (pod, dns) = peer(0, "chocolate");
    let pod = pod.env("BEAMINIT_LAUNCHER", "erl").file_with_mode(
        "/srv/start",
        "#!/bin/sh\ncarrier=inet_tls\nexec erl -proto_dist $carrier \"$@\"\n",
        0o755,
    );
    let node = pod.run(["/srv/start", "-noinput", "-eval", SPEAK]);
    node.says("BEAMINIT_PEERS joins nothing: the nodes speak TLS, and this beaminit is built without it; use beaminit-full");
    eventually("no process is left beside the node", || {
        node.inmates()
            .iter()
            .all(|inmate| !inmate.name.starts_with("beaminit-"))
    });
    assert!(dns.asked_for(SERVICE_NAME).is_empty());
    let probed = node.enter([BEAMINIT, "probe", "--alive"]).ends_with(78);
    let line = "cannot be asked: the nodes speak TLS, and this beaminit is built without it; use beaminit-full";
    assert!(probed.stderr.contains(line), "{probed}");
}

#[test]
fn a_node_that_comes_back_is_joined_within_two_intervals_though_caches_are_stale() {
    let ((one, _), (two, _)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    // One nameserver with CoreDNS's cache, for both.
    let dns = Dns::serve(one.network(), "10.1.2.3").like(Kind::CoreDns { ttl: 30 });
    let conf =
        "search prod.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.1.2.3\n";
    let (one, two) = (one.resolv_conf(conf), two.resolv_conf(conf));
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    dns.publish_pod(SIBLING, "10.1.2.4");
    let of_one = [(OWN_NAME, "10.1.2.3")];
    let of_both = [of_one[0], (SIBLING, "10.1.2.4")];
    dns.script(SERVICE_NAME, RecordType::SRV, [Answer::pods(of_both)]);
    let (first, second) = (one.run(ERL), two.run(ERL));
    first.says(&format!("joined {SECOND}"));
    stops(&second);
    first.says(&format!("lost {SECOND}"));
    let asked_before = dns.asked_plainly(SIBLING).len();
    // Its record goes, and the list of the pods that the cache has is old.
    dns.withdraw(SIBLING);
    dns.withdraw(&reverse("10.1.2.4"));
    dns.grow_older(29);
    let asked = dns.asked_for(SERVICE_NAME).len();
    dns.is_asked_for_times(SERVICE_NAME, asked + 1);
    dns.grow_older(2);
    let asked = dns.asked_for(SERVICE_NAME).len();
    dns.is_asked_for_times(SERVICE_NAME, asked + 3);
    let asked = dns.asked_plainly(SIBLING).len() - asked_before;
    dns.publish_pod(SIBLING, "10.1.2.4");
    let back = two.run(ERL);
    let up = back.says("is up: port");
    let joined = back.says(&format!("joined {NODE}"));
    is_within(Duration::from_secs(2), joined.at - up.at, back.transcript());
    // Nobody asked for the name while it was away, so no cache had that it is not there.
    assert_eq!(asked, 0, "{:?}", dns.asked_plainly(SIBLING));
    assert!(
        !back.transcript().to_string().contains("warning"),
        "{}",
        back.transcript()
    );
}

#[test]
fn a_node_that_starts_with_sync_has_joined_before_its_code_runs() {
    let ((one, dns), (two, seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(&dns);
    grows(&seconds_dns);
    let first = one.run(ERL);
    first.says("node=");
    let two = two
        .env("BEAMINIT_PEERS_BOOT", "sync")
        .env("BEAMINIT_PEERS_INTERVAL", "1h");
    let print = "io:format(\"nodes=~p~n\", [nodes()]).";
    let second = two.run(["erl", "-noinput", "-eval", print]);
    second.says(&format!("nodes=['{NODE}']"));
}

#[test]
fn the_process_shows_no_cookie_and_goes_with_the_node() {
    let (pod, _dns) = peer(0, "chocolate");
    let node = pod.env("BEAMINIT_COOKIE_VIA", "file").run(ERL);
    node.says("node=");
    eventually("a process that joins", || joiner(&node).is_some());
    let pid = joiner(&node).expect("a process that joins");
    let parent = node.inmate("beaminit-peers").unwrap().parent;
    assert_eq!(parent, 1);
    for file in ["cmdline", "environ"] {
        let shown = std::fs::read(format!("/proc/{}/root/proc/{pid}/{file}", node.pid())).unwrap();
        assert!(
            !String::from_utf8_lossy(&shown).contains("chocolate"),
            "{file}"
        );
    }
    // In a round it is more.
    eventually("no more than 3 MiB between the rounds", || {
        node.resident(pid) <= 3 * 1024
    });
    stops(&node);
}

#[test]
fn the_process_ends_with_a_node_that_ends_by_itself_though_init_is_not_pid_1() {
    let (pod, _dns) = peer(0, "chocolate");
    let node = pod.first(["sh", "-c", "/run/beaminit -- erl -noinput -eval 'timer:sleep(1000), halt(3)'; echo status=$?; read never"]);
    node.says("status=3");
    eventually("the process that joins has gone", || {
        joiner(&node).is_none()
    });
    assert_eq!(node.zombies(), []);
}

#[test]
fn the_process_is_there_without_an_init_too() {
    let (pod, dns) = peer(0, "chocolate");
    let node = pod.exec(ERL);
    node.says("node=");
    dns.is_asked_for_times(SERVICE_NAME, 2);
    assert!(joiner(&node).is_some());
    stops(&node);
}

#[test]
fn net_adm_reads_the_hosts_that_are_written_for_it() {
    let ((one, dns), (two, _seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(&dns);
    let second = two.without("BEAMINIT_PEERS").run(ERL);
    second.says("node=");
    let world = "io:format(\"world=~p~n\", [net_adm:world()]).";
    let line = format!(
        "{BEAMINIT} peers --hosts -- erl >/srv/.h && mv /srv/.h \"$HOME/.hosts.erlang\" && cd / && exec env -u BEAMINIT_PEERS {BEAMINIT} -- erl -noinput -eval '{world}'"
    );
    let first = one.first(["sh", "-c", &line]);
    first.says(&format!("world=['{SECOND}']"));
    eventually(
        "the watcher, which could become the process that joins, has gone",
        || first.inmate("beaminit-watch").is_none(),
    );
    // Nobody joins this node with others, and whoever lists them is told.
    let listed = first
        .enter(["env", "BEAMINIT_PEERS=dns", BEAMINIT, "peers"])
        .ends();
    assert!(
        listed
            .stderr
            .contains("no beaminit-peers runs here, so nobody joins"),
        "{listed}"
    );
}

#[test]
fn a_peer_that_the_node_would_not_find_by_its_name_is_not_tried_until_it_would() {
    let ((one, dns), (two, _seconds_dns)) = (peer(0, "chocolate"), peer(1, "chocolate"));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    let both = Answer::pods([(OWN_NAME, "10.1.2.3"), (SIBLING, "10.1.2.4")]);
    dns.script(SERVICE_NAME, RecordType::SRV, [both]);
    let missing = Answer::NxDomain { negative_ttl: 1 };
    dns.script(SIBLING, RecordType::A, [missing]);
    let second = two.without("BEAMINIT_PEERS").run(ERL);
    second.says("node=");
    let first = one.run(ERL);
    first.says(
        "is at 10.1.2.4, and the node would not find it there: its name's lookup gives NXDOMAIN",
    );
    dns.publish(SIBLING, "10.1.2.4");
    first.says(&format!("joined {SECOND}"));
    let log = first.transcript().to_string();
    assert!(!log.contains("does not connect"), "{log}");
}
