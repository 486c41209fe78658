//! What beaminit says of itself.

use crate::harness::*;

#[test]
fn help_and_version_are_answers_not_errors() {
    let help = Pod::new("laptop").beaminit("--help").ends_with(0);
    assert_eq!(help.stderr, "");
    let version = Pod::new("laptop").beaminit("--version").ends_with(0);
    // The commit is behind it, where this is a checkout.
    let words: Vec<_> = version.stdout.split_whitespace().collect();
    assert_eq!(words[..2], ["beaminit", env!("CARGO_PKG_VERSION")]);
    assert!(words.len() <= 3 && version.stdout.ends_with('\n'));
}

#[test]
fn help_fits_a_terminal_and_names_every_variable() {
    let help = Pod::new("laptop").beaminit("--help").ends_with(0).stdout;
    assert!(help.lines().all(|line| line.len() <= 80), "{help}");
    for name in [
        "SNAME",
        "HOSTNAME",
        "CLUSTER_HOSTNAME",
        "POD_NAMESPACE",
        "POD_IP",
        "ERLANG_COOKIE",
        "ERLANG_COOKIE_FILE",
        "ERL_PORT",
        "BEAMINIT_NODE",
        "BEAMINIT_HOST",
        "BEAMINIT_DNS",
        "BEAMINIT_DNS_TIMEOUT",
        "BEAMINIT_SIGNALS",
        "BEAMINIT_STOP_DELAY",
        "BEAMINIT_STOP_TIMEOUT",
        "BEAMINIT_LOG",
        "BEAMINIT_LOG_FORMAT",
        "BEAMINIT_TERMINATION_LOG",
    ] {
        assert!(help.contains(name), "no {name} in:\n{help}");
    }
}

#[test]
fn help_is_given_whatever_the_environment_holds() {
    let pod = Pod::new("laptop")
        .env("ERL_PORT", "4369l")
        .env("BEAMINIT_HSOT", "pod");
    pod.beaminit("--help").ends_with(0);
    pod.beaminit("--version").ends_with(0);
}
