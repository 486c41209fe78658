//! Cookies that OTP would not take, or drop, and places where there is none.

use super::{CONFIG, refused, refused_in, sound_pod};

#[test]
fn cookie_files() {
    let file = |path| [("ERLANG_COOKIE_FILE", path)];
    refused(
        "-- erl",
        &file("/srv/nonesuch"),
        CONFIG,
        &["ERLANG_COOKIE_FILE", "/srv/nonesuch"],
    );
    refused(
        "-- erl",
        &file("/srv"),
        CONFIG,
        &["ERLANG_COOKIE_FILE", "/srv"],
    );
    for content in ["", "\n", "two\nlines\n", "-flag", &"c".repeat(256)] {
        let pod = sound_pod()
            .file("/srv/cookie", content)
            .env("ERLANG_COOKIE_FILE", "/srv/cookie");
        refused_in(&pod, "-- erl", CONFIG, &["ERLANG_COOKIE_FILE"], content);
    }
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
            &[("RELEASE_COOKIE", value)],
            CONFIG,
            &["RELEASE_COOKIE", reason],
        );
    }
}

#[test]
fn homes_where_no_cookie_can_be() {
    // The VM would die of it, long after the start.
    refused(
        "-- erl",
        &[("HOME", "")],
        CONFIG,
        &["HOME", "ERLANG_COOKIE"],
    );
    let nobody = sound_pod().user(1_000_660_000).env("HOME", "/");
    refused_in(
        &nobody,
        "-- erl",
        CONFIG,
        &["HOME", "ERLANG_COOKIE"],
        "HOME=/",
    );
}
