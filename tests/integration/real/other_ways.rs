//! Other ways to an `erl`: behind `env` and a shell, out of a script of the user's own, by escript, in a gleam shipment.

use super::*;

#[test]
fn behind_env_and_a_shell() {
    let exec = format!("exec erl -noinput -eval '{SPEAK}'");
    for command in [
        &[
            "env",
            "ERL_AFLAGS=-sname other +K true",
            "erl",
            "-noinput",
            "-eval",
            SPEAK,
        ][..],
        &["sh", "-c", &exec],
    ] {
        let (pod, _dns) = clustered();
        let node = pod.run(command);
        is_as_planned(&node);
        let vm = node.inmate("beam.smp").expect("the VM");
        assert_eq!(vm.parent, 1, "{command:?}");
    }
}

#[test]
fn a_mix_release_behind_env() {
    let (pod, _dns) = clustered();
    let node = pod.copy(&fixtures::mix_release(), "/srv/mixapp").run([
        "env",
        "ERL_FLAGS=+K true",
        "/srv/mixapp/bin/mixapp",
        "start",
    ]);
    is_as_planned(&node);
    stops_gracefully(&node);
}

#[test]
fn a_mix_release_by_the_server_script_of_phoenix() {
    let (pod, _dns) = clustered();
    let server = "#!/bin/sh\nset -eu\n\ncd -P -- \"$(dirname -- \"$0\")\"\nPHX_SERVER=true exec ./mixapp start\n";
    let node = pod
        .copy(&fixtures::mix_release(), "/srv/mixapp")
        .file_with_mode("/srv/mixapp/bin/server", server, 0o755)
        .run("/srv/mixapp/bin/server");
    is_as_planned(&node);
    stops_gracefully(&node);
}

#[test]
fn a_script_of_the_users_own() {
    let (pod, _dns) = clustered();
    let script = format!("#!/bin/sh\ntrue\nexec erl -noinput -eval '{SPEAK}'\n");
    let node = pod
        .file_with_mode("/srv/run.sh", script, 0o755)
        .env("BEAMINIT_LAUNCHER", "erl")
        .run("/srv/run.sh");
    is_as_planned(&node);
}

/// What a program of one module runs.
pub const MAIN: &str = "main(_) -> io:format(\"node=~ts cookie=~ts~n\", [node(), erlang:get_cookie()]), receive after infinity -> ok end.\n";

#[test]
fn an_escript_that_names_a_node() {
    let script = format!(
        "#!/usr/bin/env escript\n%%! -name other@elsewhere.example.com -setcookie other\n{MAIN}"
    );
    for command in [&["/srv/server"][..], &["escript", "/srv/server"]] {
        let (pod, _dns) = clustered();
        let node = pod
            .file_with_mode("/srv/server", &script, 0o755)
            .run(command);
        is_as_planned(&node);
    }
}

#[test]
fn an_escript_that_names_none() {
    let (pod, _dns) = clustered();
    let script =
        "#!/usr/bin/env escript\nmain(Words) -> io:format(\"~p ~p~n\", [node(), Words]).\n";
    let pod = pod.file_with_mode("/srv/tool", script, 0o755);
    let ended = pod.run(["/srv/tool", "-name"]).ends_with(0);
    assert_eq!(ended.stdout, "nonode@nohost [\"-name\"]\n", "{ended}");
}

/// A gleam shipment in the pod.
pub fn shipment(pod: Pod) -> Pod {
    let pod = pod.release("gleam-shipment", "/srv/app");
    let ebin = pod.place("/srv/app/gleamapp/ebin");
    std::fs::create_dir_all(&ebin).unwrap();
    let source = ebin.join("gleamapp@@main.erl");
    let run = MAIN.replace("main(", "run(");
    std::fs::write(
        &source,
        format!("-module('gleamapp@@main').\n-export([run/1]).\n{run}"),
    )
    .unwrap();
    fixtures::compile(&source, &ebin);
    pod
}
