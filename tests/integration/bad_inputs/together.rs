//! Several mistakes are one failed start, not several.

use super::{errors_of, sound_pod};

#[test]
fn all_mistakes_are_reported_at_once() {
    let pod = sound_pod()
        .env("ERL_PORT", "4369l")
        .env("BEAMINIT_DNS", "yes")
        .env("BEAMINIT_HSOT", "pod")
        .env("POD_IP", "10.1.2")
        .env("BEAMINIT_STOP_DELAY", "soon")
        .env("SNAME", "a b");
    let ended = pod.run("erl").ends_with(78);
    let errors = errors_of(&pod, &ended);
    assert_eq!(errors.len(), 6, "{ended}");
    for name in [
        "ERL_PORT",
        "BEAMINIT_DNS",
        "BEAMINIT_HSOT",
        "POD_IP",
        "BEAMINIT_STOP_DELAY",
        "SNAME",
    ] {
        let naming = errors.iter().filter(|error| error.starts_with(name));
        assert_eq!(naming.count(), 1, "{name}: {ended}");
    }
}

#[test]
fn each_mistake_is_one_line_even_if_its_value_is_not() {
    let pod = sound_pod().env("ERL_PORT", "1\n2\n3");
    let ended = pod.run("erl").ends_with(78);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
}

#[test]
fn a_plan_reports_the_same() {
    let pod = sound_pod()
        .env("ERL_PORT", "4369l")
        .env("BEAMINIT_DNS", "yes");
    let planned = pod.plan("erl").ends_with(78);
    assert_eq!(
        errors_of(&pod, &planned),
        errors_of(&pod, &pod.run("erl").ends_with(78))
    );
}

#[test]
fn nobody_is_asked_before_all_is_in_order() {
    let mut pod = sound_pod().env("ERL_PORT", "4369l");
    let dns = pod.nameserver("10.96.0.10");
    pod.run("erl").ends_with(78);
    pod.env("ERL_PORT", "").run("nonesuch").ends_with(127);
    assert_eq!(dns.asked().len(), 0);
}
