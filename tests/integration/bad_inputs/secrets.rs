//! The cookie is in no output of beaminit's, whatever the level and however it was given.

use super::cookieless_pod;
use crate::harness::*;

/// Good in every cookie, and in no other text.
const COOKIE: &str = "gv3xQpZ7rk";

/// Runs a pod at level debug and in the end asserts that nothing said the cookie.
#[track_caller]
fn keeps_the_secret(pod: Pod, command: impl Words) {
    let pod = pod
        .env("BEAMINIT_LOG", "debug")
        .env("BEAMINIT_DNS", "off")
        .termination_log();
    for running in [pod.plan(&command), pod.run(&command), pod.exec(&command)] {
        let ended = running.ends();
        assert!(!ended.stderr.contains(COOKIE), "{ended}");
        // Standard output is the plan; the fakes print nothing.
        assert!(!ended.stdout.contains(COOKIE), "{ended}");
    }
    let log = std::fs::read_to_string(pod.place("/dev/termination-log")).unwrap();
    assert!(!log.contains(COOKIE), "{log}");
}

#[test]
fn of_a_start_that_succeeds() {
    keeps_the_secret(cookieless_pod().env("ERLANG_COOKIE", COOKIE), "erl");
    keeps_the_secret(
        cookieless_pod().env("RELEASE_COOKIE", COOKIE),
        "elixir x.exs",
    );
    let pod = cookieless_pod().file("/srv/cookie", format!("{COOKIE}\n"));
    keeps_the_secret(pod.env("ERLANG_COOKIE_FILE", "/srv/cookie"), "iex");
    keeps_the_secret(
        cookieless_pod()
            .env("ERLANG_COOKIE", COOKIE)
            .env("BEAMINIT_COOKIE_VIA", "file"),
        "erl",
    );
}

#[test]
fn of_a_cookie_on_the_command_line() {
    keeps_the_secret(
        cookieless_pod(),
        format!("erl -setcookie {COOKIE}").as_str(),
    );
    keeps_the_secret(
        cookieless_pod(),
        format!("elixir --cookie {COOKIE} x.exs").as_str(),
    );
    let within = format!("-setcookie {COOKIE} +K true");
    keeps_the_secret(cookieless_pod(), ["elixir", "--erl", &within, "x.exs"]);
}

#[test]
fn of_a_cookie_in_the_flags_of_the_user() {
    keeps_the_secret(
        cookieless_pod().env("ERL_AFLAGS", format!("-setcookie {COOKIE}")),
        "erl",
    );
    keeps_the_secret(
        cookieless_pod().env("ERL_FLAGS", format!("-setcookie {COOKIE}")),
        "erl",
    );
    let pod = cookieless_pod().env("ELIXIR_ERL_OPTIONS", format!("-setcookie {COOKIE}"));
    keeps_the_secret(pod, "elixir x.exs");
}

#[test]
fn of_a_cookie_that_is_refused() {
    for bad in [
        format!("-{COOKIE}"),
        format!("{COOKIE}\n{COOKIE}"),
        COOKIE.repeat(30),
    ] {
        keeps_the_secret(cookieless_pod().env("ERLANG_COOKIE", &bad), "erl");
        let pod = cookieless_pod()
            .file("/srv/cookie", &bad)
            .env("ERLANG_COOKIE_FILE", "/srv/cookie");
        keeps_the_secret(pod, "erl");
    }
}

#[test]
fn of_cookies_that_contradict_each_other() {
    let other = format!("{COOKIE}other");
    keeps_the_secret(
        cookieless_pod().env("ERLANG_COOKIE", COOKIE),
        format!("erl -setcookie {other}").as_str(),
    );
    let release = cookieless_pod()
        .release("mix-release", "/srv/app1")
        .file_with_mode("/srv/app1/releases/0.1.0/elixir", "#!/bin/sh\n", 0o755)
        .file(
            "/srv/app1/releases/0.1.0/vm.args",
            format!("-setcookie {other}\n"),
        );
    keeps_the_secret(
        release.env("ERLANG_COOKIE", COOKIE),
        "/srv/app1/bin/app1 start",
    );
    let release = cookieless_pod()
        .release("relx-release", "/srv/relxapp")
        .file(
            "/srv/relxapp/releases/0.1.0/vm.args",
            format!("-sname x\n-setcookie {other}\n"),
        );
    let ended = release
        .env("ERLANG_COOKIE", COOKIE)
        .plan("/srv/relxapp/bin/relxapp foreground")
        .ends();
    assert!(
        !ended.stdout.contains(COOKIE) && !ended.stderr.contains(COOKIE),
        "{ended}"
    );
}
