//! What a name would be made of, and can't.

use super::{CONFIG, refused, refused_in, sound_pod};

#[test]
fn snames() {
    for value in ["a b", "a.b", "a@b", "é", "a$b", "a/b"] {
        refused("-- erl", &[("SNAME", value)], CONFIG, &["SNAME", value]);
    }
}

#[test]
fn whole_names() {
    for value in [
        "n",
        "n@",
        "@h.example.com",
        "a@b@h.example.com",
        "n@pod",
        "a b@h.example.com",
        "é@h.example.com",
    ] {
        refused(
            "-- erl",
            &[("BEAMINIT_NODE", value)],
            CONFIG,
            &["BEAMINIT_NODE", value],
        );
    }
    let long_label = format!("n@{}.example.com", "l".repeat(64));
    refused(
        "-- erl",
        &[("BEAMINIT_NODE", &long_label)],
        CONFIG,
        &["BEAMINIT_NODE", "63"],
    );
    let long_name = format!("n@{}com", "abcdefg.".repeat(32));
    refused(
        "-- erl",
        &[("BEAMINIT_NODE", &long_name)],
        CONFIG,
        &["BEAMINIT_NODE", "253"],
    );
}

#[test]
fn host_names() {
    let label = "h".repeat(64);
    refused(
        "-- erl",
        &[("HOSTNAME", &label)],
        CONFIG,
        &["HOSTNAME", "63"],
    );
    refused(
        "-- erl",
        &[("HOSTNAME", "app 0")],
        CONFIG,
        &["HOSTNAME", "app 0"],
    );
    refused(
        "-- erl",
        &[("HOSTNAME", "app..0")],
        CONFIG,
        &["HOSTNAME", "app..0"],
    );
    for value in [
        "app..prod",
        ".app",
        "app prod",
        "app/prod",
        "http://app.prod.svc",
    ] {
        refused(
            "-- erl",
            &[("CLUSTER_HOSTNAME", value)],
            CONFIG,
            &["CLUSTER_HOSTNAME", value],
        );
    }
}

#[test]
fn namespaces_and_addresses() {
    for value in ["pro d", "prod.x", "-prod-"] {
        refused(
            "-- erl",
            &[("POD_NAMESPACE", value)],
            CONFIG,
            &["POD_NAMESPACE", value],
        );
    }
    for value in [
        "10.1.2",
        "10.1.2.300",
        "localhost",
        "10.1.2.3/24",
        "fd00::10::3",
    ] {
        refused("-- erl", &[("POD_IP", value)], CONFIG, &["POD_IP", value]);
    }
    let nowhere = sound_pod()
        .search("example.org")
        .env("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    refused_in(
        &nowhere,
        "-- erl",
        CONFIG,
        &["CLUSTER_HOSTNAME", "app", "POD_NAMESPACE"],
        "no namespace",
    );
}

#[test]
fn kinds_of_host_that_lack_what_they_are_made_of() {
    for kind in ["pod", "pod-ip", "service"] {
        let env = [("CLUSTER_HOSTNAME", ""), ("BEAMINIT_HOST", kind)];
        refused(
            "-- erl",
            &env,
            CONFIG,
            &["BEAMINIT_HOST", kind, "CLUSTER_HOSTNAME"],
        );
    }
    let env = [("CLUSTER_HOSTNAME", ""), ("BEAMINIT_HOST", "hostname")];
    refused("-- erl", &env, CONFIG, &["HOSTNAME", "app-0"]);
}
