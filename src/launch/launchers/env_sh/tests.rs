//! What is understood of an env.sh, line by line.

use super::*;

fn read(text: &str, off: bool) -> EnvSh {
    let known = |name: &str| (name == "RELEASE_ROOT").then(|| "/srv".to_owned());
    EnvSh::of(&Sourced::of(PathBuf::from("e"), text), off, &known)
}

#[test]
fn finds_what_has_the_last_word() {
    let (a_b, unknown) = (Some(Some("a@b")), Some(None));
    for (lines, expected) in [
        ("export RELEASE_NODE=a@b", a_b),
        ("RELEASE_NODE='a@b'", a_b),
        ("export \"RELEASE_NODE=a@b\"", a_b),
        ("export 'RELEASE_NODE=a@b'", a_b),
        ("export \"RELEASE_NODE=\"a@b", unknown),
        ("export RELEASE'_'NODE=a@b", unknown),
        ("  export RELEASE_NODE=\"app@$POD_IP\"", unknown),
        ("export RELEASE_NODE=`hostname`", unknown),
        ("RELEASE_NODE+=x", unknown),
        ("true && export RELEASE_NODE=a@b # why", a_b),
        ("export A=1 RELEASE_NODE='a@b' C=2", a_b),
        ("export A=1 \\\n RELEASE_NODE=a@b", a_b),
        ("eval \"export RELEASE_NODE=a@b\"", unknown),
        ("read -r RELEASE_NODE </etc/node", unknown),
        ("f() { RELEASE_NODE=a@b; }; f", a_b),
        // Whatever it was.
        ("RELEASE_NODE=\"app@$RELEASE_NODE_IP\"", unknown),
        ("RELEASE_NODE=\"${RELEASE_NODE%@*}@127.0.0.9\"", unknown),
        ("export RELEASE_NODE=\"canary-$RELEASE_NODE\"", unknown),
        ("RELEASE_NODE=\"${RELEASE_NODE:-x}@y\"", unknown),
        ("RELEASE_COOKIE=\"$RELEASE_COOKIE_FROM_VAULT\"", unknown),
        ("RELEASE_COOKIE=\"pre$RELEASE_COOKIE\"", unknown),
        ("HOME=$HOME_DIR", unknown),
        ("unset RELEASE_NODE", unknown),
        ("true; unset -v X RELEASE_NODE; echo", unknown),
        ("unset ERL_FLAGS ERL_AFLAGS", unknown),
        // What it was.
        ("export RELEASE_NODE=\"${RELEASE_NODE:-x@y}\"", None),
        ("RELEASE_NODE=${RELEASE_NODE-x@y}", None),
        ("RELEASE_NODE=${RELEASE_NODE:=x@y}", None),
        ("export RELEASE_NODE=$RELEASE_NODE", None),
        ("export RELEASE_NODE", None),
        (": \"${RELEASE_NODE:=a@b}\"", None),
        ("export ERL_AFLAGS=\"-kernel a b $ERL_AFLAGS\"", None),
        // Another, or none.
        ("# export RELEASE_NODE=app@host", None),
        ("export RELEASE_NODES=a@b", None),
        ("export MY_RELEASE_NODE=a@b", None),
        ("echo RELEASE_NODE", None),
        ("unset MY_RELEASE_NODE; echo RELEASE_NODE", None),
        ("echo \"to override, set RELEASE_NODE=a@b\"", None),
        ("echo 'it; RELEASE_NODE=a@b'", None),
        ("RELEASE_NODE=a@b printenv", None),
        ("cat <<X\nit's\nRELEASE_NODE=a@b\nX", None),
        ("cat <<X\nit's\nX\nRELEASE_NODE=a@b", a_b),
    ] {
        let found = read(lines, false).fixed;
        let got = found.first().map(|fixed| fixed.value.as_deref());
        assert_eq!(got, expected, "{lines}");
    }
}

#[test]
fn knows_what_stands_under_a_condition() {
    for (lines, kept) in [
        ("[ -n \"$RELEASE_NODE\" ] || RELEASE_NODE=a@b", true),
        ("[ -z \"$RELEASE_NODE\" ] && RELEASE_NODE=a@b", true),
        ("[ \"$RELEASE_NODE\" ] || { A=1; RELEASE_NODE=a@b; }", true),
        ("test -z \"${RELEASE_NODE:-}\" &&\n RELEASE_NODE=a@b", true),
        ("[ \"x$RELEASE_NODE\" = x ] && RELEASE_NODE=a@b", true),
        (
            "[ -z \"$X\" ] && [ -z \"$RELEASE_NODE\" ] && RELEASE_NODE=a@b",
            true,
        ),
        ("[ -n \"$RELEASE_NODE\" ] && RELEASE_NODE=a@b", false),
        ("[ -z \"$RELEASE_NODE\" ] || RELEASE_NODE=a@b", false),
        (
            "[ -z \"$RELEASE_NODE\" ] && true || RELEASE_NODE=a@b",
            false,
        ),
        ("[ -z \"$RELEASE_NODE_IP\" ] && RELEASE_NODE=a@b", false),
        ("[ -z \"$RELEASE_NODE\" ]; RELEASE_NODE=a@b", false),
        (
            "if [ -z \"$RELEASE_NODE\" ]; then\n export RELEASE_NODE=a@b\nfi",
            true,
        ),
        (
            "if [ -n \"$RELEASE_NODE\" ]\nthen :\nelse RELEASE_NODE=a@b\nfi",
            true,
        ),
        (
            "if ! [ \"$RELEASE_NODE\" ]; then if true; then x; fi; RELEASE_NODE=a@b; fi",
            true,
        ),
        (
            "if [ \"$RELEASE_NODE\" ]; then :; elif x; then RELEASE_NODE=a@b; fi",
            true,
        ),
        (
            "case \"$RELEASE_NODE\" in\n '') RELEASE_NODE=a@b ;;\n *) ;;\nesac",
            true,
        ),
        (
            "case \"$RELEASE_NODE\" in '') ;; *) RELEASE_NODE=a@b ;; esac",
            false,
        ),
        (
            "case \"$RELEASE_NODE\" in ''|none) RELEASE_NODE=a@b ;; esac",
            false,
        ),
        (
            "if [ -n \"$RELEASE_NODE\" ]; then\n RELEASE_NODE=a@b\nfi",
            false,
        ),
        (
            "if [ -z \"$X\" ]; then\n export RELEASE_NODE=a@b\nfi",
            false,
        ),
        ("if true; then RELEASE_NODE=a@b; fi", false),
        (
            "if [ -z \"$RELEASE_NODE\" ]; then echo no; fi\nRELEASE_NODE=a@b",
            false,
        ),
        (
            "if [ -z \"$RELEASE_NODE\" ] || x; then RELEASE_NODE=a@b; fi",
            false,
        ),
        (
            "if x; then if [ -z \"$RELEASE_NODE\" ]; then y; fi; fi; RELEASE_NODE=a@b",
            false,
        ),
        (
            "case $RELEASE_COMMAND in start*) RELEASE_NODE=a@b;; esac",
            false,
        ),
        (
            "case $RELEASE_NODE in '') echo;; esac\nRELEASE_NODE=a@b",
            false,
        ),
        (
            "while [ -z \"$RELEASE_NODE\" ]; do RELEASE_NODE=a@b; done",
            true,
        ),
        (
            "until [ -n \"$RELEASE_NODE\" ]; do RELEASE_NODE=a@b; done",
            true,
        ),
        ("for RELEASE_NODE in a b; do :; done", false),
        ("fi; esac; done; }; ) then else do RELEASE_NODE=a@b", false),
    ] {
        assert_eq!(read(lines, false).fixed.is_empty(), kept, "{lines}");
    }
}

#[test]
fn names_each_line() {
    let found = read(
        "\nexport RELEASE_COOKIE=abc\nexport RELEASE_DISTRIBUTION=none",
        false,
    )
    .fixed;
    let shown: Vec<_> = found
        .iter()
        .map(|fixed| format!("{} {}", fixed.place, fixed.variable))
        .collect();
    assert_eq!(shown, ["e:2 RELEASE_COOKIE", "e:3 RELEASE_DISTRIBUTION"]);
}

#[test]
fn knows_where_more_may_come_from() {
    for (line, reads_on) in [
        (". /etc/app.env", true),
        ("if [ -r x ]; then source x; fi", true),
        ("export $(cat .env | xargs)", true),
        ("eval \"$(cat .env)\"", true),
        ("export A=$B \"C=$(d)\"", false),
        ("export PATH=\"$PATH:.\" A", false),
        ("echo . source", false),
    ] {
        assert_eq!(read(line, false).reads_on.is_some(), reads_on, "{line}");
    }
}

#[test]
fn reads_the_flags() {
    for (line, fixed, off, names, ports) in [
        ("ERL_ZFLAGS=\"-erl_epmd_port 5 $ERL_ZFLAGS\"", 0, 1, 0, 1),
        ("ERL_ZFLAGS=\"-start_epmd true $ERL_ZFLAGS\"", 0, 1, 0, 0),
        ("ELIXIR_ERL_OPTIONS='-name a@b.c'", 0, 0, 1, 0),
        ("ERL_OTP25_FLAGS='-sname a'", 0, 0, 1, 0),
        ("ERL_FLAGS='-kernel inet_dist_listen_min 9'", 0, 0, 0, 1),
        ("ERL_FLAGS=\"-kernel inet_dist_listen_min $P\"", 0, 0, 0, 0),
        ("ERL_AFLAGS='-name a@b.c'", 1, 1, 0, 0),
        ("ERL_AFLAGS=\"-name a@b.c $ERL_AFLAGS\"", 1, 1, 0, 0),
        ("ERL_AFLAGS=\"$ERL_AFLAGS +K true\"", 0, 0, 0, 0),
        ("ERL_OTPX_FLAGS='-sname a'", 0, 0, 0, 0),
    ] {
        let line = format!("export {line}");
        let found = read(&line, false);
        let got = (found.fixed.len(), read(&line, true).fixed.len());
        assert_eq!(got, (fixed, off), "{line}");
        let got = (found.flags.names.len(), found.flags.ports.len());
        assert_eq!(got, (names, ports), "{line}");
    }
}

#[test]
fn follows_it_to_another_args_file() {
    for (line, expected) in [
        ("RELEASE_VM_ARGS=/x/vm.args", "/x/vm.args"),
        ("RELEASE_VM_ARGS=\"$RELEASE_ROOT/vm.args\"", "/srv/vm.args"),
        ("RELEASE_VM_ARGS=\"$X/vm.args\"", "?"),
        ("RELEASE_VM_ARGS=${RELEASE_VM_ARGS:-/x}", ""),
    ] {
        let got = match read(line, false).vm_args {
            None => String::new(),
            Some(VmArgsFile::At(path)) => path.display().to_string(),
            Some(VmArgsFile::Unknown(_)) => "?".into(),
        };
        assert_eq!(got, expected, "{line}");
    }
}
