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
            is_as_planned(&node);
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
            is_as_planned(&node);
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
            is_as_planned(&node);
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
            is_as_planned(&node);
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
        is_as_planned(&node);
    }
}

/// What the scripts of releases export, left over from an image or another release.
#[test]
fn of_releases_by_where_erlang_is() {
    let leftovers = [
        "ERTS_DIR", "ROOTDIR", "BINDIR", "EMU", "PROGNAME", "REL_NAME",
    ];
    for (release, to, command) in [
        (fixtures::mix_release(), "/srv/mixapp", "bin/mixapp start"),
        (
            fixtures::relx_release(),
            "/srv/relxapp",
            "bin/relxapp foreground",
        ),
    ] {
        let (pod, _dns) = clustered();
        let pod = leftovers
            .iter()
            .fold(pod, |pod, name| pod.env(name, "/srv/nowhere"));
        let pod = pod.copy(&release, to);
        // As it is unpacked beside others, and the newest linked.
        std::os::unix::fs::symlink(to, pod.place("/srv/current")).unwrap();
        let node = pod.run(format!("/srv/current/{command}").as_str());
        is_as_planned(&node);
        stops_gracefully(&node);
    }
}

#[test]
fn of_releases_by_the_flags_of_one_otp() {
    let otp = "io:format(\"~s~n\", [erlang:system_info(otp_release)]), halt().";
    let (pod, _dns) = clustered();
    let release = pod.first(["erl", "-noinput", "-eval", otp]).ends_with(0);
    let variable = format!("ERL_OTP{}_FLAGS", release.stdout.trim());
    for other in OTHERS {
        let (pod, _dns) = clustered();
        let pod = pod
            .copy(&fixtures::mix_release(), "/srv/mixapp")
            .copy(&fixtures::relx_release(), "/srv/relxapp")
            .env(&variable, other);
        let node = pod.run("/srv/mixapp/bin/mixapp start");
        is_as_planned(&node);
        drop(node);
        let node = pod.run("/srv/relxapp/bin/relxapp foreground");
        is_as_planned(&node);
    }
}
