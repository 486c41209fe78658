//! Variables of the user's own that name the node otherwise: what the VM reads first, and takes, is ours all the same.

use crate::clusters::*;
use crate::harness::*;
use crate::started::Started;

const FLAGS: [&str; 3] = ["ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS"];

/// A pod with a cookie and a port of ours, that waits for nothing.
fn named_pod() -> Pod {
    stateful_pod()
        .env("BEAMINIT_DNS", "off")
        .env("ERLANG_COOKIE", "ours")
        .env("ERL_PORT", "5555")
        .program("elixir", "prints-args")
}

/// The cookie that the VM would have: one given for the own node wins; of several plain ones, none.
fn cookie(started: &Started) -> Option<String> {
    let flags = started.flags();
    let node = started.node().expect("a name");
    let own = flags
        .windows(3)
        .find(|w| w[0] == "-setcookie" && w[1] == node);
    let own = own.map(|words| words[2].clone());
    own.or_else(|| match started.values("-setcookie").as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    })
}

#[track_caller]
fn is_ours(pod: &Pod, command: &str) {
    let started = Started::from(&pod.run(command).ends_with(0));
    let flags = started.flags();
    assert_eq!(
        started.node().as_deref(),
        Some("app@app-0.app.prod.svc.cluster.local"),
        "{flags:?}"
    );
    assert_eq!(cookie(&started).as_deref(), Some("ours"), "{flags:?}");
    assert!(started.is_pinned_to("5555"), "{flags:?}");
}

#[test]
fn names() {
    for name in FLAGS {
        for other in ["-name other@elsewhere.example.com", "-sname other"] {
            is_ours(&named_pod().env(name, other), "erl");
            is_ours(&named_pod().env(name, other), "elixir x.exs");
        }
    }
}

#[test]
fn cookies() {
    for name in FLAGS {
        for other in [
            "-setcookie other",
            "-setcookie a -setcookie b",
            "-setcookie",
        ] {
            is_ours(&named_pod().env(name, other), "erl");
            is_ours(&named_pod().env(name, other), "elixir x.exs");
        }
    }
}

#[test]
fn ports() {
    for name in FLAGS {
        let other = "-kernel inet_dist_listen_min 9999 inet_dist_listen_max 9999";
        is_ours(&named_pod().env(name, other), "erl");
        is_ours(&named_pod().env(name, other), "elixir x.exs");
    }
}

#[test]
fn flags_that_say_nothing_of_these_stay() {
    for name in FLAGS {
        let pod = named_pod().env(
            name,
            "+K true -setcookie other -env X 'a b' -kernel logger_level debug",
        );
        let flags = Started::from(&pod.run("erl").ends_with(0)).flags();
        for kept in [
            &["+K", "true"][..],
            &["-env", "X", "a b"],
            &["-kernel", "logger_level", "debug"],
        ] {
            assert!(
                flags.windows(kept.len()).any(|words| words == kept),
                "{name}: {kept:?} of {flags:?}"
            );
        }
    }
}

#[test]
fn a_line_of_the_plan_is_one_line() {
    let hostile = "A=a\nset      B=b\u{1b}[2J";
    let words = ["env", hostile, "erl", "-x", "a\nunset    PATH"];
    let ended = named_pod().plan(words.as_slice()).ends_with(0);
    let is_forged = |line: &str| line.starts_with("set      B=") || line == "unset    PATH'";
    assert!(!ended.stdout.lines().any(is_forged), "{ended}");
    assert!(!ended.stdout.contains('\u{1b}'), "{ended}");
    assert!(
        ended.stdout.contains("a\\nset      B=b\\u001b[2J"),
        "{ended}"
    );
}

#[test]
fn elixirs_options() {
    for other in [
        "-name other@elsewhere.example.com",
        "-sname other",
        "-setcookie other",
    ] {
        let pod = named_pod().env("ELIXIR_ERL_OPTIONS", other);
        let ended = pod.run("elixir x.exs").ends_with(0);
        let options = &Started::from(&ended)
            .env
            .get("ELIXIR_ERL_OPTIONS")
            .cloned()
            .unwrap_or_default();
        assert!(
            !options.contains("-sname") && !options.contains("other"),
            "{ended}"
        );
    }
}
