//! It ends as its command did.

use crate::harness::*;

#[test]
fn the_commands_own_status_is_returned() {
    for status in [0, 1, 3, 69, 126, 255] {
        let command = Pod::new("laptop").run(["exits", &status.to_string()]);
        command.ends_with(status);
    }
}

#[test]
fn a_signals_end_is_128_and_its_number() {
    for (signal, number) in [
        ("TERM", 15),
        ("KILL", 9),
        ("HUP", 1),
        ("ABRT", 6),
        ("SEGV", 11),
        ("RTMIN", 34),
    ] {
        let command = Pod::new("laptop").run(["bash", "-c", &format!("kill -{signal} $$")]);
        command.ends_with(128 + number);
    }
}

#[test]
fn what_is_not_found_is_127_and_says_where_was_searched() {
    let ended = Pod::new("laptop")
        .env("PATH", "/srv/bin:/usr/bin")
        .run("nonesuch")
        .ends_with(127);
    assert!(ended.stderr.contains("nonesuch"), "{ended}");
    assert!(ended.stderr.contains("/srv/bin:/usr/bin"), "{ended}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
}

#[test]
fn what_is_not_executable_is_126() {
    let ended = Pod::new("laptop")
        .file("/srv/app", "#!/bin/sh\n")
        .run("/srv/app")
        .ends_with(126);
    assert!(ended.stderr.contains("/srv/app"), "{ended}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
}

#[test]
fn without_init_a_node_is_found_and_started_all_the_same() {
    let ended = Pod::new("laptop")
        .program("erl", "exits")
        .exec("erl 5")
        .ends();
    // The fake takes its first argument for a status, and that is whatever beaminit put first, or the 5.
    assert!(ended.code != 127 && ended.code != 126, "{ended}");
}
