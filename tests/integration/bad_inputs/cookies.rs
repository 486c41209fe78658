//! Cookies that OTP would not take, or drop, and places where there is none.

use crate::harness::Pod;

use super::{CONFIG, cookieless_pod, refused, refused_in};

#[test]
fn cookie_files() {
    let pod = |path| cookieless_pod().env("ERLANG_COOKIE_FILE", path);
    for path in ["/srv/nonesuch", "/srv"] {
        let parts = ["ERLANG_COOKIE_FILE", path];
        refused_in(&pod(path), "-- erl", CONFIG, &parts, path);
    }
    for content in ["", "\n", "two\nlines\n", "-flag", &"c".repeat(256)] {
        let pod = pod("/srv/cookie").file("/srv/cookie", content);
        refused_in(&pod, "-- erl", CONFIG, &["ERLANG_COOKIE_FILE"], content);
    }
}

#[test]
fn a_cookie_file_of_another_user() {
    let pod = cookieless_pod()
        .user(4711)
        .env("ERLANG_COOKIE_FILE", "/etc/shadow");
    let parts = ["ERLANG_COOKIE_FILE", "may this user read it?"];
    refused_in(&pod, "-- erl", CONFIG, &parts, "another user's");
}

#[test]
fn cookies() {
    for (value, reason) in [
        ("-flag", "-"),
        ("+flag", "+"),
        ("two\nlines", "control"),
        ("be\x07ll", "control"),
        (&"c".repeat(256), "255"),
    ] {
        refused(
            "-- erl",
            &[("ERLANG_COOKIE", value)],
            CONFIG,
            &["ERLANG_COOKIE", reason],
        );
        refused(
            "-- erl",
            &[("RELEASE_COOKIE", value), ("ERLANG_COOKIE", "")],
            CONFIG,
            &["RELEASE_COOKIE", reason],
        );
    }
}

#[test]
fn a_line_end_behind_a_value_is_left_out() {
    for (name, value) in [
        ("ERLANG_COOKIE", "chocolate\n"),
        ("RELEASE_COOKIE", "chocolate\r\n"),
        ("SNAME", "app\n"),
    ] {
        let pod = Pod::new("laptop")
            .program("erl", "prints-args")
            .env("BEAMINIT_HOST", "ip")
            .env("ERL_PORT", "5555")
            .env(name, value);
        let pod = if name == "SNAME" {
            pod.env("ERLANG_COOKIE", "chocolate")
        } else {
            pod.env("SNAME", "app")
        };
        let ended = pod.run("erl").ends_with(0);
        let warned = |line: &&str| line.starts_with("beaminit: warning: ") && line.contains(name);
        assert_eq!(ended.stderr.lines().filter(warned).count(), 1, "{ended}");
        let started = crate::started::Started::from(&ended);
        assert_eq!(started.node().as_deref(), Some("app@10.1.2.3"), "{ended}");
        assert_eq!(started.values("-setcookie")[0], "chocolate", "{ended}");
    }
}

#[test]
fn a_cookie_file_that_the_vm_would_not_start_with() {
    for (content, mode, reason) in [
        ("chocolate", 0o440, "its mode is 0440"),
        ("chocolate", 0o644, "its mode is 0644"),
        ("\n", 0o400, "it is empty"),
    ] {
        let pod = cookieless_pod().file_with_mode("/srv/.erlang.cookie", content, mode);
        refused_in(
            &pod,
            "-- erl",
            CONFIG,
            &["/srv/.erlang.cookie", reason],
            reason,
        );
        // Where nothing is asked, the VM has the last word.
        let pod = Pod::new("laptop")
            .program("erl", "prints-args")
            .file_with_mode("/srv/.erlang.cookie", content, mode);
        let ended = pod.run("erl -name app@a.example").ends_with(0);
        let warned = |line: &str| line.starts_with("beaminit: warning: ") && line.contains(reason);
        assert!(ended.stderr.lines().any(warned), "{ended}");
    }
}

#[test]
fn homes_where_no_cookie_can_be() {
    // The VM would die of it, long after the start.
    for (pod, home) in [
        (cookieless_pod(), ""),
        (cookieless_pod().user(1_000_660_000), "/"),
    ] {
        let pod = pod.env("HOME", home);
        refused_in(&pod, "-- erl", CONFIG, &["HOME", "ERLANG_COOKIE"], home);
    }
}

#[test]
fn a_home_of_other_bytes() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = std::ffi::OsStr::from_bytes(b"/h\xff");
    let pod = cookieless_pod().env("HOME", home);
    let parts = ["HOME is \"/h\\xFF\"", "ERLANG_COOKIE"];
    refused_in(&pod, "-- erl", CONFIG, &parts, "HOME=/h\\xff");
}

#[test]
fn long_names_without_a_cookie() {
    // Each pod would make up its own.
    let parts = ["no cookie", "app@app-0.app.prod", "ERLANG_COOKIE"];
    refused_in(&cookieless_pod(), "-- erl", CONFIG, &parts, "no cookie");
}
