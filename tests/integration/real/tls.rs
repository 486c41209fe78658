//! Distribution over TLS: who gets in, and what each end says of it.

#[cfg(feature = "full")]
mod kept_out;
#[cfg(feature = "full")]
mod mesh;
#[cfg(feature = "full")]
mod renewal;
#[cfg(feature = "full")]
mod verdicts;
#[cfg(feature = "full")]
mod wire;

use super::*;

const HOST: &str = "app-0.app.prod.svc.cluster.local";
/// On a busy machine nodes need longer for a connection than the 7 s that they give it.
const PATIENT: &str = "-kernel net_setuptime 100";
/// A node beside it, with the same cookie.
const PEER: &str = "peer@app-0.app.prod.svc.cluster.local";

/// The pod of `clustered`, with a certificate.
pub fn secured() -> (Pod, Dns) {
    let (pod, dns) = clustered();
    let pod = Authority::new().fill(pod, "/run/tls", &Certificate::of(&[HOST]));
    (pod.env("BEAMINIT_TLS", "/run/tls"), dns)
}

/// How beaminit starts another node beside the first.
const AS_PEER: [&str; 6] = ["env", "SNAME=peer", "ERL_PORT=5556", BEAMINIT, "exec", "--"];

/// What a node beside `node` says of whether it connects: one with these words before its command.
fn pinged(node: &Running, before: &[&str], flags: &str) -> String {
    let ask = format!("io:format(\"said ~s~n\", [net_adm:ping('{NODE}')]), halt().");
    let own = ["erl", "-noinput", "-setcookie", "chocolate", "-eval", &ask];
    let mut words = [before, &own].concat();
    words.extend(flags.split_whitespace());
    node.enter(words.as_slice()).ends_with(0).stdout
}

/// A peer with flags of its own, beside what `script` writes.
fn stranger(node: &Running, script: &str, flags: &str) -> String {
    let script = format!("{script}\nexec \"$@\"");
    let before = ["env", "-u", "ERL_AFLAGS", "sh", "-c", &script, "sh"];
    pinged(node, &before, &format!("{flags} -name {PEER}"))
}

/// One with the options that beaminit wrote, and another folder.
fn stranger_with(node: &Running, folder: &str) -> String {
    let arguments = format!("tr '\\0' '\\n' </proc/{}/cmdline", vm(node));
    let script = format!(
        "sed 's|/run/tls/|{folder}/|' \"$({arguments} | grep tls.config)\" >/dev/shm/options"
    );
    stranger(node, &script, OPTIONS)
}

const OPTIONS: &str = "-proto_dist inet_tls -ssl_dist_optfile /dev/shm/options";

/// A node that beaminit starts with these files gets in; one without TLS does not.
pub fn connects_to_tls_alone(node: &Running) {
    let said = pinged(node, &AS_PEER, "");
    assert!(said.contains("said pong"), "{said}\n{}", node.transcript());
    let said = stranger(node, "", "");
    assert!(said.contains("said pang"), "{said}\n{}", node.transcript());
    let said = stranger_with(node, "/run/tls");
    assert!(said.contains("said pong"), "{said}\n{}", node.transcript());
}

#[test]
fn strangers_are_kept_out() {
    let (pod, _dns) = secured();
    let pod = pod.env("ERL_FLAGS", PATIENT);
    let own = Authority::new();
    let good = || Certificate::of(&[HOST]);
    let pod = own.fill(pod, "/run/tls", &good());
    let pod = Authority::new().fill(pod, "/run/foreign", &good());
    let pod = pod.file("/run/foreign/ca.crt", own.pem());
    let pod = own.fill(pod, "/run/expired", &good().valid(-7200, -3600));
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    is_as_planned(&node);
    for (folder, reason) in [
        ("/run/foreign", "Unknown CA"),
        ("/run/expired", "Certificate Expired"),
    ] {
        let said = stranger_with(&node, folder);
        assert!(said.contains("said pang"), "{folder}: {said}");
        node.writes("the node's own line", |line| line.text.contains(reason));
    }
    let options = "[{client,[{verify,verify_none},{versions,['\\''tlsv1.3'\\'']}]}].";
    let writes = format!("echo '{options}' >/dev/shm/options");
    let said = stranger(&node, &writes, OPTIONS);
    assert!(said.contains("said pang"), "{said}");
    node.writes("the node's own line", |line| {
        line.text.to_lowercase().contains("certificate required")
    });
}

/// The other node's host must be in its certificate, but where any certificate of the authority will do.
#[test]
fn the_host_is_checked_unless_the_authority_is_enough() {
    for (hosts, peers, answer) in [
        (&["*.app.prod.svc.cluster.local"][..], "host", "said pong"),
        (&["app.prod.svc.cluster.local"], "ca", "said pong"),
        (&["app.prod.svc.cluster.local"], "host", "said pang"),
        (&[], "ca", "said pong"),
    ] {
        let (pod, _dns) = clustered();
        let authority = Authority::new();
        let pod = authority.fill(pod, "/run/tls", &Certificate::of(hosts));
        let pod = authority.fill(pod, "/run/good", &Certificate::of(&[HOST]));
        let pod = pod
            .env("BEAMINIT_TLS", "/run/tls")
            .env("ERL_FLAGS", PATIENT);
        // The first takes any, so that no gate holds it up.
        let node = pod
            .env("BEAMINIT_TLS_PEERS", "ca")
            .run(["erl", "-noinput", "-eval", SPEAK]);
        is_as_planned(&node);
        let peers = format!("BEAMINIT_TLS_PEERS={peers}");
        let good = ["env", "BEAMINIT_TLS=/run/good", &peers];
        let said = pinged(&node, &[&good[..], &AS_PEER].concat(), "");
        assert!(said.contains(answer), "{hosts:?} {peers}: {said}");
    }
}

/// A node that is named by its address is compared with the addresses of the certificate.
#[test]
fn addresses_are_checked() {
    for (address, protocol) in [("10.1.2.3", "inet_tls"), ("fd00:10::3", "inet6_tls")] {
        let pod = Pod::with_addresses("app-0", &[address])
            .env("SNAME", "app")
            .env("BEAMINIT_HOST", "ip")
            .env("ERLANG_COOKIE", "chocolate")
            .env("ERL_PORT", "5555")
            .env("ERL_FLAGS", PATIENT)
            .env("LANG", "C.UTF-8");
        let pod = Authority::new().fill(pod, "/run/tls", &Certificate::of(&[address]));
        let pod = pod.env("BEAMINIT_TLS", "/run/tls");
        let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
        let name = format!("app@{address}");
        is_up(&node, &name, "chocolate", 5555);
        let ask = format!(
            "io:format(\"said ~s over ~s~n\", [net_adm:ping('{name}'), element(2, init:get_argument(proto_dist))]), halt()."
        );
        let peer = ["env", "SNAME=peer", "ERL_PORT=5556", BEAMINIT, "exec", "--"];
        let own = ["erl", "-noinput", "-eval", &ask];
        let said = node
            .enter([&peer[..], &own].concat().as_slice())
            .ends_with(0);
        let wanted = format!("said pong over {protocol}");
        assert!(said.stdout.contains(&wanted), "{said}");
    }
}
