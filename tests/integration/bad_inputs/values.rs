//! Variables that hold something else than they are for, and variables that are none.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{CONFIG, errors_of, refused, refused_in, sound_pod};
use crate::harness::Pod;

#[test]
fn ports() {
    for value in [
        "4369l", "0", "65536", "-1", "43691.0", "0x1234", "43 691", " 43691", "port", "4369",
    ] {
        refused(
            "-- erl",
            &[("ERL_PORT", value)],
            CONFIG,
            &["ERL_PORT", value],
        );
    }
}

#[test]
fn the_port_of_a_service_named_erl() {
    let value = "tcp://10.96.4.4:43691";
    let says = ["ERL_PORT", value, "enableServiceLinks: false"];
    refused("-- erl", &[("ERL_PORT", value)], CONFIG, &says);
}

#[test]
fn choices() {
    for (name, value) in [
        ("BEAMINIT_HOST", "dns"),
        ("BEAMINIT_HOST", "Pod"),
        ("BEAMINIT_DNS", "yes"),
        ("BEAMINIT_EPMD", "none"),
        ("BEAMINIT_LOG", "verbose"),
        ("BEAMINIT_LOG_FORMAT", "xml"),
    ] {
        refused("-- erl", &[(name, value)], CONFIG, &[name, value]);
    }
    // That value may be the cookie itself.
    let says = ["BEAMINIT_COOKIE_VIA", "\"<cookie>\"", "arg, file"];
    refused("-- erl", &[("BEAMINIT_COOKIE_VIA", "env")], CONFIG, &says);
}

#[test]
fn durations() {
    for name in [
        "BEAMINIT_DNS_TIMEOUT",
        "BEAMINIT_STOP_DELAY",
        "BEAMINIT_STOP_TIMEOUT",
    ] {
        for value in ["90", "soon", "-1s", "5 parsecs"] {
            refused("-- erl", &[(name, value)], CONFIG, &[name, value]);
        }
    }
}

#[test]
fn signals() {
    for value in [
        "INT",
        "=TERM",
        "FOO=TERM",
        "INT=FOO",
        "INT>TERM",
        "KILL=TERM",
        "INT=TERM,INT=QUIT",
    ] {
        refused(
            "-- erl",
            &[("BEAMINIT_SIGNALS", value)],
            CONFIG,
            &["BEAMINIT_SIGNALS"],
        );
    }
    // Even what runs no node is forwarded to.
    refused(
        "-- marks",
        &[("BEAMINIT_SIGNALS", "INT=FOO")],
        CONFIG,
        &["BEAMINIT_SIGNALS", "FOO"],
    );
}

#[test]
fn unknown_names_with_the_nearest_known_one() {
    for (unknown, nearest) in [
        ("BEAMINIT_HSOT", "BEAMINIT_HOST"),
        ("BEAMINIT_DNS_TIMOUT", "BEAMINIT_DNS_TIMEOUT"),
        ("BEAMINIT_SIGNAL", "BEAMINIT_SIGNALS"),
        ("BEAMINIT_NODENAME", "BEAMINIT_NODE"),
        ("BEAMINIT_host", "BEAMINIT_HOST"),
    ] {
        refused("-- erl", &[(unknown, "x")], CONFIG, &[unknown, nearest]);
    }
}

#[test]
fn what_is_not_utf_8_in_a_variable_of_ours() {
    let bytes = OsString::from_vec(b"a\xffb".to_vec());
    for name in [
        "ERL_PORT",
        "SNAME",
        "HOSTNAME",
        "CLUSTER_HOSTNAME",
        "POD_NAMESPACE",
        "POD_IP",
        "BEAMINIT_HOST",
    ] {
        refused_in(
            &sound_pod().env(name, &bytes),
            "-- erl",
            CONFIG,
            &[name],
            name,
        );
    }
    refused_in(
        &sound_pod().env("BEAMINIT_SIGNALS", &bytes),
        "-- erl",
        CONFIG,
        &["BEAMINIT_SIGNALS"],
        "signals",
    );
}

#[test]
fn what_is_not_utf_8_elsewhere_harms_nobody() {
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let pod = sound_pod()
        .env("BEAMINIT_DNS", "off")
        .env("LS_COLORS", bytes(b"\xff\xfe"))
        .env(bytes(b"ODD\xff"), "x");
    pod.run("erl").ends_with(0);
    assert!(pod.place("/srv/started").exists());
}

#[test]
fn where_nothing_is_asked_flags_that_are_not_utf_8_are_the_vms() {
    let pod = Pod::new("laptop").program("erl", "prints-args");
    let flags = OsString::from_vec(b"-name own@example.com -folder caf\xe9".to_vec());
    let ended = pod.env("ERL_FLAGS", flags).run("erl").ends_with(0);
    let own = "exec /srv/bin/erl (erl, with its own name, cookie and port;";
    assert!(ended.stderr.contains(own), "{ended}");
    assert!(!ended.stderr.contains("UTF-8"), "{ended}");
}

#[test]
fn flags_that_are_not_utf8() {
    for name in [
        "ERL_AFLAGS",
        "ERL_FLAGS",
        "ERL_ZFLAGS",
        "ERL_OTP25_FLAGS",
        "ELIXIR_ERL_OPTIONS",
    ] {
        let value = OsString::from_vec(b"-sname other -x \xff".to_vec());
        let pod = sound_pod().env(name, value);
        refused_in(&pod, "-- elixir x.exs", CONFIG, &[name, "UTF-8"], name);
    }
}

#[test]
fn a_port_that_a_relx_release_would_take() {
    let pod = sound_pod().release("relx-release", "/srv/app1");
    let pod = pod.env("ERL_DIST_PORT", "x");
    let says = ["ERL_DIST_PORT", "\"x\""];
    refused_in(
        &pod,
        "-- /srv/app1/bin/relxapp foreground",
        CONFIG,
        &says,
        "x",
    );
}

#[test]
fn what_a_terminal_would_obey_has_one_form() {
    for (name, value) in [
        ("SNAME", "a\u{1b}[2J"),
        ("BEAMINIT_HOST", "\u{1b}"),
        ("BEAMINIT_SIGNALS", "\u{9b}=TERM"),
        ("BEAMINIT_NODE", "a@b.\u{202e}c"),
    ] {
        let pod = sound_pod().env(name, value);
        let ended = pod.run("erl").ends_with(CONFIG);
        let told = errors_of(&pod, &ended).concat();
        assert!(told.contains("\\u00") || told.contains("\\u20"), "{ended}");
        assert!(!told.contains("\\u{"), "{ended}");
    }
}
