//! Command lines, programs that can't be run, and command lines or releases that contradict the variables.

use std::os::unix::fs::PermissionsExt as _;

use super::{CONFIG, USAGE, errors_of, refused, refused_in, sound_pod};

#[test]
fn command_lines() {
    for arguments in ["", "--", "exec", "exec --", "plan", "plan --"] {
        refused(arguments, &[], USAGE, &[]);
    }
    refused("--nonsense", &[], USAGE, &["--nonsense"]);
    refused("--nonsense -- erl", &[], USAGE, &["--nonsense"]);
    refused("-v erl", &[], USAGE, &["-v"]);
    refused("plan --json erl", &[], USAGE, &["--json"]);
    refused("exec -x erl", &[], USAGE, &["-x"]);
}

#[test]
fn commands() {
    refused("-- nonesuch", &[], 127, &["nonesuch", "/srv/bin"]);
    refused("-- /srv/nonesuch", &[], 127, &["/srv/nonesuch"]);
    refused("-- /srv", &[], 126, &["/srv"]);
    refused("-- /etc/hosts", &[], 126, &["/etc/hosts"]);
    refused(
        "-- erl",
        &[("PATH", "/srv/nowhere")],
        127,
        &["erl", "/srv/nowhere"],
    );
    refused("plan -- nonesuch", &[], 127, &["nonesuch"]);
    refused("exec -- nonesuch", &[], 127, &["nonesuch"]);
}

#[test]
fn a_command_that_seems_to_be_another() {
    refused("prob", &[], 127, &["did you mean `beaminit probe`?"]);
    let nowhere = [("PATH", "/srv/bin")];
    let parts = ["did you mean `beaminit node --json`?"];
    refused("node", &nowhere, 127, &parts);
    for (word, words) in [
        ("/srv/app/bin/app start", r#"["/srv/app/bin/app", "start"]"#),
        ("erl -x", r#"["erl", "-x"]"#),
        (
            "app -setcookie chocolate",
            r#"["app", "-setcookie", "<cookie>"]"#,
        ),
    ] {
        let pod = sound_pod();
        let ended = pod.run([word]).ends_with(127);
        let told = errors_of(&pod, &ended);
        let end = format!(" words? then write them so: {words}");
        assert!(told[0].ends_with(&end), "{ended}");
    }
}

#[test]
fn a_folder_that_may_not_be_searched_is_not_nothing() {
    let pod = sound_pod().user(12345).file("/srv/closed/app", "");
    let folder = pod.place("/srv/closed");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let parts = ["/srv/closed/app", "may not be searched"];
    refused_in(&pod, "-- /srv/closed/app", 126, &parts, "a closed folder");
}

#[test]
fn command_lines_that_contradict_the_variables() {
    let node = [("BEAMINIT_NODE", "app@a.example.com")];
    refused(
        "-- erl -name app@b.example.com",
        &node,
        CONFIG,
        &["BEAMINIT_NODE", "app@a.example.com", "app@b.example.com"],
    );
    refused(
        "-- elixir --name app@b.example.com x.exs",
        &node,
        CONFIG,
        &["BEAMINIT_NODE", "app@a.example.com", "app@b.example.com"],
    );
    let port = [("ERL_PORT", "5555")];
    let pinned = "-- erl -kernel inet_dist_listen_min 9999 inet_dist_listen_max 9999";
    refused(pinned, &port, CONFIG, &["ERL_PORT", "9999"]);
    refused(
        "-- erl -setcookie one",
        &[("ERLANG_COOKIE", "two")],
        CONFIG,
        &["ERLANG_COOKIE", "command line"],
    );
}

#[test]
fn short_names_that_would_win() {
    for command in ["-- erl -sname other", "-- elixir --sname other -S mix run"] {
        refused(command, &[], CONFIG, &["SNAME", "other"]);
        refused(
            command,
            &[("SNAME", "")],
            CONFIG,
            &["CLUSTER_HOSTNAME", "other"],
        );
    }
}

#[test]
fn releases_whose_files_would_win() {
    let release = || sound_pod().release("mix-release", "/srv/app1");
    let vm_args = "/srv/app1/releases/0.1.0/vm.args";
    let pod = release().file(vm_args, "## a comment\n\n-sname other\n");
    refused_in(
        &pod,
        "-- /srv/app1/bin/app1 start",
        CONFIG,
        &[vm_args, "3", "-sname"],
        "vm.args",
    );
    let pod = release()
        .env("BEAMINIT_DNS", "off")
        .env("ERLANG_COOKIE", "mine")
        .file(vm_args, "-setcookie other\n-setcookie another\n");
    let ended = pod.run("/srv/app1/bin/app1 start").ends();
    // It refuses, or it makes the cookie certain all the same: never a guess.
    assert!(
        ended.code == CONFIG || ended.stdout.contains("mine"),
        "{ended}"
    );
}
