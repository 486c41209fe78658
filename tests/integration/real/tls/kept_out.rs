//! Nodes that do not belong there: they are not joined, and one line at each end says why.

use super::mesh;
use super::*;

const ERL: [&str; 4] = ["erl", "-noinput", "-eval", SPEAK];
const OTHER_AUTHORITY: &str =
    "is not taken for one of ours: its certificate is of another authority";

/// A pod whose node has a good certificate and looks for the other, and that other pod.
fn with_stranger() -> ([(Pod, Dns); 2], Authority) {
    let authority = Authority::new();
    let [(good, dns), other] = mesh::pods();
    let good = authority.fill(good, "/run/tls", &Certificate::of(&[OWN_NAME]));
    let good = (good.env("BEAMINIT_TLS", "/run/tls"), dns);
    ([good, other], authority)
}

/// What beaminit in the one pod says of the node in the other: once, however often it looks again.
#[track_caller]
fn tells(node: &Running, dns: &Dns, other: &str, reason: &str) {
    let line = format!("warning: {other} is not joined: it {reason}");
    node.says(&line);
    let asked = dns.asked_for(SERVICE_NAME).len();
    dns.is_asked_for_times(SERVICE_NAME, asked + 4);
    let log = node.transcript().to_string();
    assert_eq!(log.matches(&line).count(), 1, "{log}");
    assert!(!log.contains(&format!("joined {other}")), "{log}");
}

/// The VM has an alert in its log.
#[track_caller]
fn alerts(node: &Running, wanted: &str) {
    let is_wanted = |line: &str| line.starts_with("TLS server: ") && line.contains(wanted);
    node.writes(&format!("an alert: {wanted}"), |line| is_wanted(&line.text));
}

/// It has not one for each time that the process in the other pod looks for it.
#[track_caller]
fn has_no_more_alerts(node: &Running, others_dns: &Dns) {
    let count = || node.transcript().to_string().matches("ALERT").count();
    let (before, asked) = (count(), others_dns.asked_for(SERVICE_NAME).len());
    others_dns.is_asked_for_times(SERVICE_NAME, asked + 5);
    // The minute may be over just now.
    assert!(count() <= before + 1, "{}", node.transcript());
}

/// Asked once more it may be too slow to be anything but silent.
#[track_caller]
fn lists(node: &Running, other: &str, reason: &str) {
    let line = format!("{other} {reason}");
    eventually(&line, || {
        let listed = node.enter([BEAMINIT, "peers"]).ends_with(1);
        listed.stdout.contains(&line)
    });
}

#[test]
fn one_of_another_authority() {
    let ([(good, dns), (other, others_dns)], _) = with_stranger();
    // To its own gate it is as good as the first.
    let other = Authority::new().fill(other, "/run/tls", &Certificate::of(&[SIBLING]));
    let other = other.env("BEAMINIT_TLS", "/run/tls");
    let (good, other) = (good.run(ERL), other.run(ERL));
    tells(&good, &dns, &mesh::name(1), OTHER_AUTHORITY);
    tells(&other, &others_dns, &mesh::name(0), OTHER_AUTHORITY);
    alerts(&good, "CLIENT ALERT: Fatal - Unknown CA");
    alerts(&other, "CLIENT ALERT: Fatal - Unknown CA");
    has_no_more_alerts(&other, &dns);
    lists(&good, &mesh::name(1), OTHER_AUTHORITY);
}

#[test]
fn one_without_a_certificate() {
    let ([(good, dns), (other, others_dns)], _) = with_stranger();
    let (good, other) = (good.run(ERL), other.run(ERL));
    let silent = "does not answer the TLS handshake in time; does it speak TLS?";
    tells(&good, &dns, &mesh::name(1), silent);
    // OTP 23 sends no alert to a plain client, which therefore asks it again and again.
    let is_told = fixtures::otp() > 23;
    let speaks = if is_told {
        "speaks TLS, and beaminit knows no certificate for it; set BEAMINIT_TLS"
    } else {
        "closed the connection instead of answering the handshake"
    };
    tells(&other, &others_dns, &mesh::name(0), speaks);
    alerts(&good, "SERVER ALERT: Fatal - Unexpected Message");
    if is_told {
        has_no_more_alerts(&good, &others_dns);
    }
    lists(&good, &mesh::name(1), silent);
}

/// It runs without beaminit, whose gate would not let it start, and tries to connect itself.
#[test]
fn one_whose_certificate_has_expired() {
    let ([(good, dns), (other, _others_dns)], authority) = with_stranger();
    let expired = Certificate::of(&[SIBLING]).valid(-7200, -60);
    let other = authority.fill(other, "/run/tls", &expired);
    let files = r#"{certfile,"/run/tls/tls.crt"},{keyfile,"/run/tls/tls.key"},{cacertfile,"/run/tls/ca.crt"},{verify,verify_peer},{versions,['tlsv1.3']}"#;
    let options =
        format!("[{{server,[{{fail_if_no_peer_cert,true}},{files}]}},{{client,[{files}]}}].");
    let flags = "-setcookie chocolate -proto_dist inet_tls -ssl_dist_optfile /run/options";
    let start = format!("exec erl -noinput -name {} {flags} \"$@\"", mesh::name(1));
    let other = other.file("/run/options", options);
    let other = other.first(["sh", "-c", &start, "sh", "-eval", SPEAK]);
    let good = good.run(ERL);
    let reason = "is not taken for one of ours: its certificate has expired";
    tells(&good, &dns, &mesh::name(1), reason);
    alerts(&other, "CLIENT ALERT: Fatal - Certificate Expired");
    lists(&good, &mesh::name(1), reason);
    let ping = format!("io:format(\"said ~s~n\", [net_adm:ping('{NODE}')]).");
    let start = format!(
        "exec erl -noinput -name second{} {flags} \"$@\"",
        &mesh::name(1)[3..]
    );
    let second = other.enter(["sh", "-c", &start, "sh", "-eval", &ping]);
    second
        .says("TLS client: In state connection received SERVER ALERT: Fatal - Certificate Expired");
    second.says("said pang");
    alerts(&good, "SERVER ALERT: Fatal - Certificate Expired");
}
