//! Cookies that a shell, erlexec or a vm.args would take apart.

use super::*;

/// Every kind of trouble, in few cookies, since each starts a VM; and one as long as may be.
pub fn cookies() -> [String; 4] {
    [
        "it's \"a\" #b $HOME ${HOME} $(date) `date` * ? [a-z]".to_owned(),
        "#semi;colon&and|pipe<>back\\slash\\\\ --double-dash -flag".to_owned(),
        " spaces around ".to_owned(),
        "c".repeat(255),
    ]
}

#[test]
fn of_erl() {
    for cookie in cookies() {
        let (pod, _dns) = clustered();
        let node = pod
            .env("ERLANG_COOKIE", &cookie)
            .run(["erl", "-noinput", "-eval", SPEAK]);
        is_up(&node, NODE, &cookie, 5555);
    }
}

#[test]
fn of_elixir() {
    for cookie in cookies() {
        let (pod, _dns) = clustered();
        let speak =
            "IO.puts(\"node=#{node()} cookie=#{:erlang.get_cookie()}\"); Process.sleep(:infinity)";
        let node = pod
            .env("ERLANG_COOKIE", &cookie)
            .run(["elixir", "-e", speak]);
        is_up(&node, NODE, &cookie, 5555);
    }
}

#[test]
fn of_a_mix_release() {
    for cookie in cookies() {
        let (pod, _dns) = clustered();
        let pod = pod
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .env("ERLANG_COOKIE", &cookie);
        let node = pod.run("/srv/mixapp/bin/mixapp start");
        is_up(&node, NODE, &cookie, 5555);
        let rpc = [
            BEAMINIT,
            "--",
            "/srv/mixapp/bin/mixapp",
            "rpc",
            "IO.puts(\"answer=#{node()}\")",
        ];
        let asked = node.enter(rpc).ends_with(0);
        assert!(
            asked.stdout.contains(&format!("answer={NODE}")),
            "{cookie:?}: {asked}"
        );
    }
}

#[test]
fn of_a_relx_release() {
    for cookie in cookies() {
        let (pod, _dns) = clustered();
        let pod = pod
            .copy(&fixtures::relx_release(), "/srv/relxapp")
            .env("ERLANG_COOKIE", &cookie);
        let node = pod.run("/srv/relxapp/bin/relxapp foreground");
        is_up(&node, NODE, &cookie, 5555);
        let asked = node
            .enter([
                BEAMINIT,
                "--",
                "/srv/relxapp/bin/relxapp",
                "rpc",
                "erlang",
                "node",
            ])
            .ends_with(0);
        assert!(asked.stdout.contains(NODE), "{cookie:?}: {asked}");
    }
}

#[test]
fn of_a_file() {
    for content in ["from-a-file\n", "from-a-file\r\n", "from-a-file"] {
        let (pod, _dns) = clustered();
        let pod = pod
            .without("ERLANG_COOKIE")
            .file("/run/secrets/cookie", content);
        let node = pod
            .env("ERLANG_COOKIE_FILE", "/run/secrets/cookie")
            .run(["erl", "-noinput", "-eval", SPEAK]);
        is_up(&node, NODE, "from-a-file", 5555);
    }
}

#[test]
fn of_the_users_home() {
    let (pod, _dns) = clustered();
    let pod = pod
        .without("ERLANG_COOKIE")
        .file_with_mode("/srv/.erlang.cookie", "at_home", 0o400);
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    is_up(&node, NODE, "at_home", 5555);
}

#[test]
fn are_seen_by_nobody_but_the_vm() {
    let (pod, _dns) = clustered();
    let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
    is_as_planned(&node);
    for inmate in node.inmates() {
        let environ = std::fs::read(format!(
            "/proc/{}/root/proc/{}/environ",
            node.pid(),
            inmate.pid
        ));
        let environ = String::from_utf8_lossy(&environ.unwrap_or_default()).into_owned();
        // Init has the environment that the container was given, without the cookie. What the VM starts gets nothing of it
        // at all: epmd stays when the VM has gone.
        assert!(
            inmate.name == "beam.smp" || !environ.contains("chocolate"),
            "{inmate:?}"
        );
    }
}
