//! The tls gate: what is wrong with a certificate is said before the start, in one line.

use crate::clusters::*;
use crate::harness::*;

const HOST: &str = "app-0.app.prod.svc.cluster.local";

/// Pod `app-0` with its name server, and what `fill` puts there.
fn pod(fill: impl Fn(Pod) -> Pod) -> (Pod, Dns) {
    let mut pod = stateful_pod().env("BEAMINIT_TLS", "/run/tls");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    (fill(pod), dns)
}

/// It comes to the command, which prints its arguments.
#[track_caller]
fn starts(pod: &Pod) -> String {
    pod.run("erl").ends_with(0).stderr
}

#[track_caller]
fn is_refused(pod: &Pod, line: &str) {
    let ended = pod.run("erl").ends_with(69);
    let line = format!("beaminit: error: {line}");
    assert!(
        ended.stderr.lines().any(|told| told.starts_with(&line)),
        "not {line}: {ended}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let good = Certificate::of(&[HOST]);
    let fill = |pod| Authority::new().fill(pod, "/run/other", &good);
    let (pod, _dns) = pod(fill);
    is_refused(
        &pod,
        "cannot read /run/tls/tls.crt: No such file or directory",
    );
    let pod = Authority::new().fill(pod, "/run/tls", &good).user(1000);
    let pod = pod.file_with_mode("/run/tls/tls.key", "", 0o400);
    is_refused(&pod, "cannot read /run/tls/tls.key: Permission denied");
}

/// This user is root, who can.
#[test]
fn a_file_that_the_commands_user_cannot_read_is_named() {
    let fill = |pod| Authority::new().fill(pod, "/run/tls", &Certificate::of(&[HOST]));
    let (pod, _dns) = pod(fill);
    let command = "setpriv --reuid 1000 --regid 1000 --clear-groups erl";
    pod.run(command).ends_with(0);
    let key = std::fs::read(pod.place("/run/tls/tls.key")).expect("a key");
    let pod = pod.file_with_mode("/run/tls/tls.key", &key, 0o400);
    let ended = pod.run(command).ends_with(69);
    let line = "cannot read /run/tls/tls.key: Permission denied (os error 13); may user";
    assert!(ended.stderr.contains(line), "{ended}");
    pod.file_with_mode("/run/tls/tls.key", &key, 0o440)
        .run(command)
        .ends_with(0);
}

#[test]
fn a_release_without_ssl_is_named() {
    let fill = |pod| Authority::new().fill(pod, "/run/tls", &Certificate::of(&[HOST]));
    let (pod, _dns) = pod(fill);
    let pod = pod
        .release("mix-release", "/srv/mixapp")
        .file("/srv/mixapp/lib/mixapp-0.1.0/ebin/mixapp.app", "")
        .file(
            "/srv/mixapp/releases/0.1.0/mixapp.rel",
            "{release,{\"mixapp\",\"0.1.0\"},\n {erts,\"13.1.5\"},\n [{kernel,\"8.5.3\"}]}.\n",
        );
    let refused = "BEAMINIT_TLS is set, and /srv/mixapp has no application ssl; add :ssl to extra_applications";
    let ended = pod.run("/srv/mixapp/bin/app1 start").ends_with(69);
    assert!(ended.stderr.contains(refused), "{ended}");
    let pod = pod.file(
        "/srv/mixapp/releases/0.1.0/mixapp.rel",
        "[{ssl,\"10.8.7\"}]",
    );
    pod.run("/srv/mixapp/bin/app1 start").ends_with(0);
}

/// It starts, and would say only that the node is down.
#[test]
fn a_client_is_warned() {
    let fill = |pod| Authority::new().fill(pod, "/run/tls", &Certificate::of(&[HOST]));
    let (pod, _dns) = pod(fill);
    let pod = pod.release("mix-release", "/srv/mixapp").user(1000);
    let pod = pod.file_with_mode("/run/tls/tls.key", "", 0o400);
    let ended = pod.run("/srv/mixapp/bin/app1 rpc x").ends_with(0);
    let line = "beaminit: warning: cannot read /run/tls/tls.key: Permission denied";
    assert_eq!(ended.stderr.matches(line).count(), 1, "{ended}");
}

#[test]
fn what_is_wrong_with_otp_and_files_is_told_together() {
    let (pod, _dns) = pod(|pod| pod.file("/run/tls/tls.crt", "nothing\n"));
    let pod = pod
        .release("otp", "/srv/otp")
        .file("/srv/otp/lib/kernel-9.0/ebin/kernel.app", "")
        .env("PATH", "/srv/otp/bin:/usr/bin:/bin");
    let ended = pod.run("erl").ends_with(69);
    let told: Vec<&str> = ended.stderr.lines().collect();
    let expected = [
        "beaminit: error: BEAMINIT_TLS is set, and /srv/otp has no application ssl; install it (the package erlang-ssl)",
        "beaminit: error: cannot read /run/tls/tls.key: No such file",
        "beaminit: error: cannot read /run/tls/ca.crt: No such file",
    ];
    assert_eq!(told.len(), expected.len(), "{ended}");
    for (line, start) in told.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}: {ended}");
    }
}

#[cfg(not(feature = "full"))]
#[test]
fn a_binary_without_tls_says_that_it_checks_nothing() {
    let expired = Certificate::of(&[]).valid(-7200, -3600);
    let (pod, _dns) = pod(|pod| Authority::new().fill(pod, "/run/tls", &expired));
    let told = "/run/tls/tls.crt is not checked: this beaminit is built without TLS";
    let stderr = starts(&pod);
    assert_eq!(stderr.matches(told).count(), 1, "{stderr}");
}

#[cfg(feature = "full")]
mod certificates {
    use super::*;

    /// A certificate in /run/tls.
    fn with(certificate: &Certificate) -> (Pod, Dns) {
        pod(|pod| Authority::new().fill(pod, "/run/tls", certificate))
    }

    #[test]
    fn one_that_peers_take_passes() {
        for host in [HOST, "*.app.prod.svc.cluster.local"] {
            let (pod, _dns) = with(&Certificate::of(&["else", host]));
            let stderr = starts(&pod);
            let told = format!("/run/tls/tls.crt names {HOST}, and is of the authority");
            assert!(stderr.contains(&told), "{stderr}");
            assert!(!stderr.contains("warning"), "{stderr}");
        }
    }

    #[test]
    fn its_time_is_checked() {
        const DAY: i64 = 86_400;
        let of = |from, to| with(&Certificate::of(&[HOST]).valid(from, to));
        is_refused(&of(-DAY, -60).0, "/run/tls/tls.crt has expired, at 2");
        is_refused(&of(3600, DAY).0, "/run/tls/tls.crt is not valid before 2");
        for (from, to, warns) in [
            (-9 * DAY, DAY / 2, true),
            (-9 * DAY, 2 * DAY, false),
            // One for a few hours, in its first third.
            (-3600, 4 * 3600, false),
        ] {
            let (pod, _dns) = of(from, to);
            let stderr = starts(&pod);
            let told = "warning: /run/tls/tls.crt expires at 2";
            assert_eq!(stderr.contains(told), warns, "{from} {to}: {stderr}");
        }
    }

    #[test]
    fn its_host_is_checked() {
        let refused = format!(
            "/run/tls/tls.crt does not name {HOST}, the host of this node, so that peers refuse it; it names"
        );
        let (pod, _dns) = with(&Certificate::of(&["app.prod.svc", "10.1.2.3"]));
        is_refused(&pod, &refused);
        let ended = pod.run("erl").ends_with(69).stderr;
        let what = format!("write dnsNames: [\"{HOST}\"] in its Certificate");
        assert!(ended.contains("app.prod.svc"), "{ended}");
        assert!(ended.contains(&what), "{ended}");
        let by_address = pod.env("BEAMINIT_HOST", "ip").env("POD_IP", "10.1.2.3");
        starts(&by_address);
        let (pod, _dns) = with(&Certificate::of(&[]));
        let stderr = starts(&pod.env("BEAMINIT_TLS_PEERS", "ca"));
        assert!(
            stderr.contains("/run/tls/tls.crt is of the authority\n"),
            "{stderr}"
        );
    }

    #[test]
    fn its_authority_is_checked() {
        let (pod, _dns) = with(&Certificate::of(&[HOST]));
        let pod = pod.file("/run/tls/ca.crt", Authority::new().pem());
        let refused = "/run/tls/tls.crt is signed by no authority of /run/tls/ca.crt";
        is_refused(&pod, refused);
        is_refused(
            &pod.file("/run/tls/ca.crt", "nothing\n"),
            "/run/tls/ca.crt has no certificate in PEM",
        );
    }

    #[test]
    fn its_key_is_checked() {
        let (pod, _dns) = with(&Certificate::of(&[HOST]));
        let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
        is_refused(
            &pod.file("/run/tls/tls.key", other),
            "/run/tls/tls.key is not the key of /run/tls/tls.crt",
        );
    }

    #[test]
    fn its_use_is_checked() {
        let (pod, _dns) = with(&Certificate::of(&[HOST]).for_clients_only());
        is_refused(&pod, "/run/tls/tls.crt is not for server use");
    }
}
