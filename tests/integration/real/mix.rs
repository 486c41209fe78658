//! `elixir`, `mix` and `iex` in a project, as a Dockerfile without a release starts them.

use super::*;

/// A pod with the compiled project in its working directory.
fn with_project() -> (Pod, Dns) {
    let (pod, dns) = clustered();
    let pod = pod
        .copy(&fixtures::mix_project(), "/srv/project")
        .working_directory("/srv/project")
        .env("MIX_ENV", "prod");
    (pod, dns)
}

#[test]
fn elixir_runs_the_project() {
    let (pod, _dns) = with_project();
    let node = pod.run([
        "elixir",
        "--erl",
        "+K true",
        "-S",
        "mix",
        "run",
        "--no-halt",
    ]);
    is_as_planned(&node);
    stops_gracefully(&node);
}

#[test]
fn elixir_runs_the_project_with_options_that_say_the_same() {
    // ERL_OPTIONS as systems without beaminit compose it.
    let (pod, _dns) = with_project();
    let same = format!(
        "-name {NODE} -setcookie chocolate -kernel inet_dist_listen_min 5555 inet_dist_listen_max 5555"
    );
    let node = pod.run(["elixir", "--erl", &same, "-S", "mix", "run", "--no-halt"]);
    is_as_planned(&node);
    stops_gracefully(&node);
}

#[test]
fn elixir_runs_the_project_with_options_alone() {
    let (pod, _dns) = with_project();
    let pod = ["SNAME", "CLUSTER_HOSTNAME", "ERLANG_COOKIE", "ERL_PORT"]
        .iter()
        .fold(pod, Pod::without);
    let own = format!(
        "-name {NODE} -setcookie chocolate -kernel inet_dist_listen_min 5555 inet_dist_listen_max 5555"
    );
    let node = pod.run(["elixir", "--erl", &own, "-S", "mix", "run", "--no-halt"]);
    is_as_planned(&node);
}

#[test]
fn options_that_say_otherwise_are_refused() {
    for (other, place) in [
        (
            "-name other@elsewhere.example.com",
            "other@elsewhere.example.com",
        ),
        ("-sname other", "other"),
        ("-setcookie other", "ERLANG_COOKIE"),
        (
            "-kernel inet_dist_listen_min 9999 inet_dist_listen_max 9999",
            "9999",
        ),
    ] {
        let (pod, _dns) = with_project();
        let ended = pod
            .run(["elixir", "--erl", other, "-S", "mix", "run", "--no-halt"])
            .ends_with(78);
        assert!(ended.stderr.contains(place), "{ended}");
        assert!(!ended.stdout.contains("node="), "{ended}");
    }
}

#[test]
fn iex_runs_the_project_at_a_terminal() {
    let (pod, _dns) = with_project();
    let mut node = pod
        .env("TERM", "xterm")
        .input(Input::Terminal)
        .run("iex -S mix");
    is_as_planned(&node);
    node.prompts("iex(");
    node.types("IO.puts(\"sum=#{40 + 2}\")\n");
    node.says("sum=42");
    node.signal(nix::sys::signal::Signal::SIGTERM);
    node.ends_with(0);
}

#[test]
fn iex_alone_is_a_node() {
    let (pod, _dns) = clustered();
    let mut node = pod.env("TERM", "xterm").input(Input::Terminal).run("iex");
    node.prompts("iex(");
    node.types("IO.puts(\"node\" <> \"=#{node()} cookie=#{:erlang.get_cookie()}\")\n");
    is_as_planned(&node);
}
