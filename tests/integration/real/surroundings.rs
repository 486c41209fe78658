//! Variables of the user's own that say otherwise, for every launcher that reads them.

use super::*;

/// In few variables, since each starts a VM.
const OTHERS: [&str; 3] = [
    "-name other@elsewhere.example.com -setcookie other -kernel inet_dist_listen_min 9999",
    "-sname other -setcookie one -setcookie two",
    "-setcookie",
];

#[test]
fn of_erl() {
    for variable in ["ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS"] {
        for other in OTHERS {
            let (pod, _dns) = clustered();
            let node = pod
                .env(variable, other)
                .run(["erl", "-noinput", "-eval", SPEAK]);
            is_as_planned_or_refused(&node, variable);
        }
    }
}

#[test]
fn of_elixir() {
    let speak =
        "IO.puts(\"node=#{node()} cookie=#{:erlang.get_cookie()}\"); Process.sleep(:infinity)";
    for variable in ["ERL_AFLAGS", "ERL_ZFLAGS", "ELIXIR_ERL_OPTIONS"] {
        for other in OTHERS {
            let (pod, _dns) = clustered();
            let node = pod.env(variable, other).run(["elixir", "-e", speak]);
            is_as_planned_or_refused(&node, variable);
        }
    }
}

#[test]
fn of_a_mix_release() {
    for variable in ["ERL_FLAGS", "ELIXIR_ERL_OPTIONS"] {
        for other in OTHERS {
            let (pod, _dns) = clustered();
            let pod = pod
                .copy(&fixtures::mix_release(), "/srv/mixapp")
                .env(variable, other);
            let node = pod.run("/srv/mixapp/bin/mixapp start");
            is_as_planned_or_refused(&node, variable);
        }
    }
}

#[test]
fn of_a_relx_release() {
    for variable in ["ERL_AFLAGS", "ERL_ZFLAGS"] {
        for other in OTHERS {
            let (pod, _dns) = clustered();
            let pod = pod
                .copy(&fixtures::relx_release(), "/srv/relxapp")
                .env(variable, other);
            let node = pod.run("/srv/relxapp/bin/relxapp foreground");
            is_as_planned_or_refused(&node, variable);
        }
    }
}

#[test]
fn of_a_mix_release_by_its_own_variables() {
    for (variable, other) in [
        ("RELEASE_NODE", "other@elsewhere.example.com"),
        ("RELEASE_DISTRIBUTION", "sname"),
        ("RELEASE_DISTRIBUTION", "none"),
        ("RELEASE_COOKIE", "other"),
    ] {
        let (pod, _dns) = clustered();
        let pod = pod
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .env(variable, other);
        let node = pod.run("/srv/mixapp/bin/mixapp start");
        is_as_planned_or_refused(&node, variable);
    }
}
