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

/// Runs a pod as [`keeps_the_secret`] does; `plan` and the debug log must both have this line of the Plan.
#[track_caller]
fn shows_no_more_than(line: &str, pod: impl Fn() -> Pod, command: impl Words) {
    let pod = || {
        pod()
            .env("BEAMINIT_DNS", "off")
            .env("BEAMINIT_LOG", "debug")
    };
    let planned = pod().plan(&command).ends();
    let has_line = planned.stdout.lines().any(|shown| shown == line);
    assert!(has_line, "no {line:?} in {planned}");
    for running in [pod().run(&command), pod().exec(&command)] {
        let ended = running.ends();
        let logged = format!("beaminit: debug: {line}");
        let has_line = ended.stderr.lines().any(|shown| shown == logged);
        assert!(has_line, "no {logged:?} in {ended}");
        assert!(!ended.stderr.contains(COOKIE), "{ended}");
    }
    let json = pod()
        .env("BEAMINIT_LOG_FORMAT", "json")
        .run(&command)
        .ends();
    assert!(json.stderr.contains("\"DEBUG\""), "{json}");
    for ended in [planned, json] {
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!said.contains(COOKIE), "{ended}");
    }
}

#[test]
fn of_a_cookie_in_what_a_shell_reads() {
    for (script, shown) in [
        ("erl -setcookie @ | cat", "erl -setcookie <cookie>"),
        ("erl -setcookie @ && true", "erl -setcookie <cookie>"),
        ("erl -setcookie @ 2>&1", "erl -setcookie <cookie>"),
        ("erl -setcookie @; true", "erl -setcookie <cookie>"),
        ("erl -setcookie \\\n @; true", "erl -setcookie <cookie>"),
        ("erl -setcookie\\\n @; true", "<cookie>"),
        ("erl \\\n -setcookie @", "<cookie>"),
        ("erl -set'cookie' @; true", "<cookie>"),
        ("iex --cookie=@; true", "iex --cookie=<cookie>"),
        ("RELEASE_COOKIE=@ erl; true", "RELEASE_COOKIE=<cookie>"),
        ("C=@; erl -setcookie $C", "C=<cookie>"),
        ("echo @ > .erlang.cookie; erl", "<cookie>"),
    ] {
        let script = script.replace('@', COOKIE);
        let line = format!("exec     /usr/bin/sh -c '{shown}'");
        shows_no_more_than(&line, cookieless_pod, ["sh", "-c", &script]);
    }
}

#[test]
fn of_a_cookie_among_other_words() {
    let nice = |words: &str| format!("exec     /usr/bin/nice {words}");
    for (words, shown) in [
        ("nice erl -setcookie @ -x", "erl -setcookie '<cookie>' -x"),
        ("nice erl -setcookie -@", "erl -setcookie '<cookie>'"),
        ("nice iex --cookie=@ -x", "iex '--cookie=<cookie>' -x"),
        ("nice erl -env COOKIE @", "erl -env '<cookie>' '<cookie>'"),
    ] {
        let words = words.replace('@', COOKIE);
        shows_no_more_than(&nice(shown), cookieless_pod, words.as_str());
    }
}

#[test]
fn of_a_cookie_that_is_not_utf8() {
    let script = [
        b"erl -setcookie ".as_slice(),
        COOKIE.as_bytes(),
        b"\xff; true",
    ]
    .concat();
    shows_no_more_than(
        "exec     /usr/bin/sh -c 'erl -setcookie <cookie>'",
        cookieless_pod,
        [b"sh".as_slice(), b"-c", &script],
    );
    let option = [b"--cookie=".as_slice(), COOKIE.as_bytes(), b"\xff"].concat();
    shows_no_more_than(
        "exec     /usr/bin/nice erl '--cookie=<cookie>'",
        cookieless_pod,
        [b"nice".as_slice(), b"erl", &option],
    );
}

#[test]
fn of_a_cookie_in_a_variable_that_is_handed_on() {
    let with_cookie = || cookieless_pod().env("ERLANG_COOKIE", "other");
    let flags = format!("-env MY_COOKIE {COOKIE} -name x@example.com");
    shows_no_more_than(
        "set      ERL_FLAGS=-env <cookie> <cookie>",
        || with_cookie().env("ERL_FLAGS", &flags),
        "erl",
    );
    let assigned = format!("RABBITMQ_COOKIE_OF_OURS={COOKIE}");
    shows_no_more_than(
        "set      RABBITMQ_COOKIE_OF_OURS=<cookie>",
        with_cookie,
        ["env", &assigned, "erl"],
    );
}

#[test]
fn of_a_cookie_in_a_message() {
    let with_flag = |name: &str| format!("{name} -setcookie {COOKIE}");
    let file = with_flag("erl");
    keeps_the_secret(cookieless_pod(), [file.as_str()]);
    keeps_the_secret(cookieless_pod(), [with_flag("/srv/no/erl").as_str()]);
    keeps_the_secret(cookieless_pod(), ["erl", "-name", &with_flag("app@a.b")]);
    for name in [
        "SNAME",
        "HOSTNAME",
        "CLUSTER_HOSTNAME",
        "BEAMINIT_NODE",
        "BEAMINIT_PEERS",
        "ERL_PORT",
        "ERL_EPMD_PORT",
        "RELEASE_NAME",
    ] {
        let pod = cookieless_pod().without("SNAME").env("ERLANG_COOKIE", "x");
        keeps_the_secret(pod.env(name, with_flag("app")), "erl");
    }
    keeps_the_secret(cookieless_pod().env("ERLANG_COOKIE_FILE", COOKIE), "erl");
    let option = format!("--cookie={COOKIE}");
    for words in [
        vec![option.as_str(), "erl"],
        vec!["probe", &option],
        vec!["peers", &option],
        vec!["node", "--json", &option],
    ] {
        let ended = cookieless_pod().beaminit(words.as_slice()).ends();
        assert!(ended.stderr.contains("--cookie=<cookie>"), "{ended}");
        assert!(!ended.stderr.contains(COOKIE), "{ended}");
    }
    for words in [
        vec!["beaminit-attach", "app-0", &option],
        vec!["beaminit-attach", &option],
    ] {
        let ended = cookieless_pod()
            .with_attach()
            .first(words.as_slice())
            .ends();
        assert!(ended.stderr.contains("--cookie=<cookie>"), "{ended}");
        assert!(!ended.stderr.contains(COOKIE), "{ended}");
    }
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
