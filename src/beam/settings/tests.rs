use super::*;
use crate::beam::words::without;

fn read(text: &str) -> FlagSettings {
    FlagSettings::of_text(text, Syntax::Variable, &|_| Place::Variable("X".into()))
}

#[test]
fn finds_flags_and_can_cut_them_out() {
    for (text, names, cookies, ports, rest) in [
        ("-name a@b +K true", 1, 0, 0, " +K true"),
        ("-setcookie x -setcookie n y -x", 0, 2, 0, "  -x"),
        ("-nocookie -x -nocookie y", 0, 0, 0, " -x "),
        (
            "-kernel inet_dist_listen_min 1 inet_dist_listen_max 2",
            0,
            0,
            2,
            "",
        ),
        (
            "-kernel a b inet_dist_listen_min 1 c d",
            0,
            0,
            1,
            "-kernel a b  c d",
        ),
        (
            "-kernel inet_dist_listen_min -kernel inet_dist_listen_min 1 5",
            0,
            0,
            1,
            "-kernel inet_dist_listen_min -kernel  5",
        ),
        ("-extra -name a@b", 0, 0, 0, "-extra -name a@b"),
        ("-eval -name", 1, 0, 0, "-eval "),
        ("-setcookie -name a@b", 1, 1, 0, " "),
        ("-sname '' -erl_epmd_port 5", 1, 0, 1, " -erl_epmd_port 5"),
    ] {
        let flags = read(text);
        assert_eq!(
            (
                flags.names().count(),
                flags.cookies().count(),
                flags.ports().count()
            ),
            (names, cookies, ports),
            "{text}"
        );
        assert_eq!(without(text, &flags.spans(PortFlags::Pins)), rest, "{text}");
    }
    let text =
        "-start_epmd false -x -erl_epmd_port 5 -kernel erl_epmd_node_listen_port 6 -epmd_module m";
    let flags = read(text);
    assert_eq!(
        (
            flags.of(&[Flag::StartEpmd]).count(),
            flags.of(&[Flag::OwnEpmd]).count(),
            flags.ports().count()
        ),
        (1, 1, 2)
    );
    assert_eq!(
        without(text, &flags.spans(PortFlags::All)),
        " -x   -epmd_module m"
    );
    assert_eq!(without(text, &flags.spans(PortFlags::Pins)), text);
    let mixed = "-kernel inet_dist_listen_min 1 erl_epmd_node_listen_port 2 epmd_module m";
    let flags = read(mixed);
    assert_eq!(flags.of(&[Flag::OwnEpmd]).count(), 1);
    assert_eq!(
        without(mixed, &flags.spans(PortFlags::Pins)),
        "-kernel  erl_epmd_node_listen_port 2 epmd_module m"
    );
    for (text, flag, value) in [
        ("-remsh n@h", Flag::Remsh, "n@h"),
        ("+V", Flag::Informs, ""),
        ("-proto_dist inet6_tcp", Flag::ProtoDist, "inet6_tcp"),
    ] {
        let found = read(text);
        let wanted = [flag];
        let found = found.of(&wanted).map(|one| one.text.clone());
        assert_eq!(found.collect::<Vec<_>>(), [value], "{text}");
    }
}

#[test]
fn shows_no_cookie() {
    assert!(!format!("{:?}", read("-setcookie n secret")).contains("secret"));
}
