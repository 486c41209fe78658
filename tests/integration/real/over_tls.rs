//! beaminit speaks TLS with nodes itself: the watcher, probe, peers and the process that joins them.

use super::peers::{ERL, SECOND, grows, peer};
use super::*;

/// Two pods that look for each other, and their name servers.
fn two() -> [(Pod, Dns); 2] {
    let both = [peer(0, "chocolate"), peer(1, "chocolate")];
    let [(one, dns), (two, seconds_dns)] = &both;
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    grows(dns);
    grows(seconds_dns);
    both
}

/// With a certificate for these hosts.
fn secured(pod: Pod, authority: &Authority, hosts: &[&str]) -> Pod {
    let pod = authority.fill(pod, "/run/tls", &Certificate::of(hosts));
    pod.env("BEAMINIT_TLS", "/run/tls")
}

#[track_caller]
fn probes(node: &Running, words: &[&str], status: i32) -> String {
    let words = [&[BEAMINIT, "probe"], words].concat();
    let probed = node.enter(words.as_slice()).ends_with(status);
    format!("{}{}", probed.stdout, probed.stderr)
}

#[test]
fn nodes_are_joined_and_probed() {
    let [(one, _dns), (two, _seconds_dns)] = two();
    let authority = Authority::new();
    let first = secured(one, &authority, &[OWN_NAME]).run(ERL);
    let second = secured(two, &authority, &[SIBLING]).run(ERL);
    first.says("is up: port 5555, over TLS, cookie accepted");
    first.says(&format!("joined {SECOND}"));
    second.says(&format!("joined {NODE}"));
    let said = probes(&first, &["--alive", "--timeout", "60s"], 0);
    assert!(said.contains("is alive (port 5555)"), "{said}");
    let said = probes(&first, &["--peers", "1", "--timeout", "60s"], 0);
    assert!(said.contains("is ready, 1 peer"), "{said}");
    let listed = first.enter([BEAMINIT, "peers"]).ends_with(0);
    assert_eq!(listed.stdout, format!("{SECOND} joined\n"), "{listed}");
    assert_eq!(listed.stderr, "");
}

/// Its options are in memory that this VM alone can read, by a descriptor of its own.
#[test]
fn a_node_of_another_user_is_asked() {
    let (pod, _dns) = tls::secured();
    let another = "setpriv --reuid 1000 --regid 1000 --clear-groups erl -noinput -eval";
    let words: Vec<&str> = another.split(' ').chain([SPEAK]).collect();
    let node = pod.run(words.as_slice());
    node.says("is up: port 5555, over TLS, cookie accepted");
    let said = probes(&node, &["--ready", "--timeout", "60s"], 0);
    assert!(said.contains("is ready"), "{said}");
}

#[test]
fn without_epmd_and_before_the_code_runs() {
    let [(one, _dns), (two, _seconds_dns)] = two();
    let authority = Authority::new();
    let of = |pod: Pod, host| secured(pod.env("BEAMINIT_EPMD", "off"), &authority, &[host]);
    let first = of(one, OWN_NAME).run(ERL);
    first.says("node=");
    let two = of(two, SIBLING).env("BEAMINIT_PEERS_BOOT", "sync");
    let print = "io:format(\"nodes=~p~n\", [nodes()]).";
    let second = two.run(["erl", "-noinput", "-eval", print]);
    second.says(&format!("nodes=['{NODE}']"));
}

/// Each end says it once, and neither is asked again at once.
#[test]
fn a_node_of_another_authority_is_told_of() {
    let [(one, dns), (two, _seconds_dns)] = two();
    let first = secured(one, &Authority::new(), &[OWN_NAME]).run(ERL);
    let second = secured(two, &Authority::new(), &[SIBLING]).run(ERL);
    let line = format!(
        "{SECOND} is not joined: it is not taken for one of ours: its certificate is of another authority"
    );
    first.says(&line);
    second.says(&format!(
        "{NODE} is not joined: it is not taken for one of ours: its certificate is of another authority"
    ));
    let asked = dns.asked_for(SERVICE_NAME).len();
    dns.is_asked_for_times(SERVICE_NAME, asked + 3);
    let log = first.transcript().to_string();
    assert_eq!(log.matches(&line).count(), 1, "{log}");
    let alerts = log.matches("Unknown CA").count();
    assert!(alerts <= 4, "{alerts} alerts: {log}");
    let listed = first.enter([BEAMINIT, "peers"]).ends_with(1);
    let line = format!("{SECOND} is not taken for one of ours: its certificate is of another");
    assert!(listed.stdout.contains(&line), "{listed}");
}

#[test]
fn the_host_of_a_peer_is_compared() {
    for (trust, line) in [
        (
            "host",
            format!(
                "{SECOND} is not joined: it is not taken for that node: its certificate names elsewhere.example.com, not {SIBLING}"
            ),
        ),
        ("ca", format!("joined {SECOND}")),
    ] {
        let [(one, _dns), (two, _seconds_dns)] = two();
        let authority = Authority::new();
        let first = secured(one, &authority, &[OWN_NAME]).env("BEAMINIT_TLS_PEERS", trust);
        let second = secured(two, &authority, &["elsewhere.example.com"]);
        // It joins nobody: a node that is connected to is not asked.
        let second = second.env("BEAMINIT_TLS_PEERS", "ca");
        let second = second.without("BEAMINIT_PEERS").run(ERL);
        second.says("node=");
        first.run(ERL).says(&line);
    }
}

#[test]
fn a_certificate_that_the_node_refuses_is_told_of() {
    let (pod, _dns) = tls::secured();
    let pod = Authority::new().fill(pod, "/run/other", &Certificate::of(&[OWN_NAME]));
    let node = pod.run(ERL);
    is_as_planned(&node);
    node.says("over TLS, cookie accepted");
    // The VM keeps what it has read for two minutes.
    let copy = [
        "cp",
        "/run/other/tls.crt",
        "/run/other/tls.key",
        "/run/tls/",
    ];
    node.enter(copy).ends_with(0);
    let said = probes(&node, &["--alive", "--timeout", "60s"], 1);
    assert!(
        said.contains("refuses our certificate: unknown CA"),
        "{said}"
    );
}

/// The flags of the user's own are used as far as they can be read.
#[test]
fn options_of_the_users_own_will_do() {
    let options = r#"[{server,[{certfile,"/run/own/tls.crt"},{keyfile,"/run/own/tls.key"},
        {cacertfile,"/run/own/ca.crt"},{verify,verify_peer},{fail_if_no_peer_cert,true}]},
        {client,[{certfile,"/run/own/tls.crt"},{keyfile,"/run/own/tls.key"},
        {cacertfile,"/run/own/ca.crt"},{verify,verify_peer}]}]."#;
    let flags = "-proto_dist inet_tls -ssl_dist_opt server_certfile /run/own/tls.crt server_keyfile /run/own/tls.key server_cacertfile /run/own/ca.crt server_verify verify_peer server_fail_if_no_peer_cert true client_certfile /run/own/tls.crt client_keyfile /run/own/tls.key client_cacertfile /run/own/ca.crt client_verify verify_peer";
    let in_file = "-proto_dist inet_tls -ssl_dist_optfile /run/own/options";
    for flags in [in_file, flags] {
        let [(one, _dns), (two, _seconds_dns)] = two();
        let authority = Authority::new();
        let of = |pod: Pod, host| {
            let pod = authority.fill(pod, "/run/own", &Certificate::of(&[host]));
            pod.file("/run/own/options", options)
                .env("ERL_FLAGS", flags)
        };
        let (first, second) = (of(one, OWN_NAME).run(ERL), of(two, SIBLING).run(ERL));
        first.says("is up: port 5555, over TLS, cookie accepted");
        first.says(&format!("joined {SECOND}"));
        second.says(&format!("joined {NODE}"));
        let said = probes(&first, &["--peers", "1", "--timeout", "60s"], 0);
        assert!(said.contains("is ready, 1 peer"), "{said}");
    }
}

#[test]
fn options_that_cannot_be_read_are_named() {
    let options = r#"[{server,[{certfile,"/run/own/tls.crt"},{keyfile,"/run/own/tls.key"}]},
        {client,[{certfile,filename:join("/run/own","tls.crt")},{keyfile,"/run/own/tls.key"}]}]."#;
    let (pod, _dns) = peer(0, "chocolate");
    let pod = Authority::new().fill(pod, "/run/own", &Certificate::of(&[OWN_NAME]));
    let flags = "-proto_dist inet_tls -ssl_dist_optfile /run/own/options";
    let pod = pod
        .file("/run/own/options", options)
        .env("ERL_FLAGS", flags);
    let node = pod.run(ERL);
    let line = "/run/own/options has a certfile for the client that beaminit cannot read; write certfile, keyfile and cacertfile as plain strings";
    node.says(&format!("BEAMINIT_PEERS joins nothing: {line}"));
    node.says("is up: port 5555, and it cannot be asked: /run/own/options");
    let said = probes(&node, &["--alive"], 78);
    assert!(said.contains(line), "{said}");
}
