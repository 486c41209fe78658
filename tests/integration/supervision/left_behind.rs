//! VMs that outlive the launcher which was told to stop: they get TERM, and time to end.

use nix::libc;

use super::fakes;
use crate::harness::*;

/// Takes its time over the end, as a VM does.
const VM: &str = "takes-signals vm 15 9 300";

/// What beaminit says of those that it does not wait for any longer.
const WARNING: &str = "the command has ended, and these have not, though they got a TERM: ";

/// Ways in which a launcher that dies of TERM leaves a VM behind.
const LAUNCHERS: [(&str, &str); 6] = [
    ("in its own group", "VM & wait"),
    ("in a session of its own", "setsid VM & wait"),
    ("an orphan already", "(setsid VM &); exec sleep 1000"),
    (
        "beside another that ends sooner",
        "setsid VM & setsid takes-signals other 15 0 50 & wait",
    ),
    ("below a shell of its group", "sh -c 'VM; true' & wait"),
    (
        "below a shell in a session of their own",
        "setsid sh -c 'VM; true' & wait",
    ),
];

/// Starts beaminit with this launcher.
type Start = fn(&Pod, &str) -> Running;

fn as_pid_1(pod: &Pod, launcher: &str) -> Running {
    pod.run(["sh", "-c", launcher])
}

fn without_proc(pod: &Pod, launcher: &str) -> Running {
    let hide = "mount -t tmpfs none /proc && exec \"$@\"";
    pod.first(["sh", "-c", hide, "sh", BEAMINIT, "--", "sh", "-c", launcher])
}

/// With the machine's own /proc, in which its pids are others.
fn with_anothers_proc(pod: &Pod, launcher: &str) -> Running {
    let bare = "umount /proc && exec \"$@\"";
    pod.first(["sh", "-c", bare, "sh", BEAMINIT, "--", "sh", "-c", launcher])
}

/// Below a shell that hands TERM on, and tells at the end who is left.
pub fn as_a_subreaper(pod: &Pod, launcher: &str) -> Running {
    let tells = "for name in /proc/[0-9]*/comm; do echo \"left: $(cat $name)\"; done";
    let shell = format!("{}; {tells}; exit $status", fakes::HANDS_TERM_ON);
    let command = [
        "sh", "-c", &shell, "sh", BEAMINIT, "--", "sh", "-c", launcher,
    ];
    pod.first(command)
}

/// What the VM did until beaminit ended with the launcher's status.
#[track_caller]
fn stopped(start: Start, launcher: &str) -> Ended {
    let running = start(&fakes::pod(), &launcher.replace("VM", VM));
    running.says("vm is ready");
    running.signal_number(libc::SIGTERM);
    running.ends_with(143)
}

fn terms(ended: &Ended) -> usize {
    ended.stdout.matches("vm takes 15").count()
}

#[track_caller]
fn each_is_told_once_and_waited_for(start: Start) {
    for (name, launcher) in LAUNCHERS {
        println!("{name}");
        let ended = stopped(start, launcher);
        assert!(ended.stdout.contains("vm ends"), "{name}: {ended}");
        assert_eq!(terms(&ended), 1, "{name}: {ended}");
        assert!(
            !ended.stdout.contains("left: takes-signals"),
            "{name}: {ended}"
        );
    }
}

#[test]
fn as_pid_1_each_is_told_once_and_waited_for() {
    each_is_told_once_and_waited_for(as_pid_1);
}

#[test]
pub fn as_a_subreaper_each_is_told_once_and_waited_for() {
    each_is_told_once_and_waited_for(as_a_subreaper);
}

#[test]
fn one_whose_name_the_kernel_cuts_within_a_letter_is_told_too() {
    let name = "vmééééééééé";
    let pod = fakes::pod_where("takes-signals", name);
    let running = as_pid_1(&pod, &format!("setsid {name} vm 15 9 300 & wait"));
    running.says("vm is ready");
    running.signal_number(libc::SIGTERM);
    let ended = running.ends_with(143);
    assert!(ended.stdout.contains("vm ends"), "{ended}");
}

#[test]
fn a_vm_below_a_shell_that_waits_for_it_is_told_too() {
    for start in [as_pid_1 as Start, as_a_subreaper] {
        let ended = stopped(start, "setsid bash -c 'trap : TERM; VM; exit 1' & wait");
        assert!(ended.stdout.contains("vm ends"), "{ended}");
    }
}

#[test]
fn without_a_proc_of_its_own_pid_1_tells_everybody_and_waits() {
    for start in [without_proc as Start, with_anothers_proc] {
        for (name, launcher) in LAUNCHERS {
            println!("{name}");
            let ended = stopped(start, launcher);
            assert!(ended.stdout.contains("vm ends"), "{name}: {ended}");
        }
    }
}

#[test]
fn what_a_vm_started_is_left_to_the_vm_until_that_has_ended() {
    let pod = fakes::pod();
    let setup = "#!/bin/sh\ntakes-signals port & wait\n";
    let pod = pod.file_with_mode("/srv/bin/erl_child_setup", setup, 0o755);
    let launcher = "setsid sh -c 'erl_child_setup & exec takes-signals vm 15 0 500' & wait";
    for start in [as_pid_1 as Start, as_a_subreaper] {
        let running = start(&pod, launcher);
        running.says("vm is ready");
        running.says("port is ready");
        running.signal_number(libc::SIGTERM);
        let ended = running.ends_with(143);
        let (until_its_end, later) = ended.stdout.split_once("vm ends").expect("the VM's end");
        assert!(!until_its_end.contains("port takes"), "{ended}");
        assert_eq!(later.matches("port takes 15").count(), 1, "{ended}");
    }
}

#[test]
fn epmd_is_not_waited_for() {
    for (vm, start) in [
        ("", as_pid_1 as Start),
        ("", as_a_subreaper),
        ("setsid takes-signals vm 15 0 500 &", as_pid_1),
    ] {
        let pod = fakes::pod_where("takes-signals", "epmd");
        let launcher = format!("(setsid epmd epmd 0 &); {vm} exec takes-signals command 15 3");
        let running = start(&pod, &launcher);
        running.says("epmd is ready");
        running.says("command is ready");
        if !vm.is_empty() {
            running.says("vm is ready");
        }
        running.signal_number(libc::SIGTERM);
        let ended = running.ends_with(3);
        assert_eq!(ended.stdout.contains("vm ends"), !vm.is_empty(), "{ended}");
    }
}

#[test]
fn a_command_that_ends_by_itself_is_not_waited_after() {
    let launcher = "(setsid takes-signals vm &); read line; exit 6";
    let mut running = fakes::pod().input(Input::Open).run(["sh", "-c", launcher]);
    running.says("vm is ready");
    running.types("go\n");
    let ended = running.ends_with(6);
    assert!(!ended.stdout.contains("vm takes"), "{ended}");
}

#[test]
fn nor_is_one_that_another_signal_ends() {
    let running = as_pid_1(
        &fakes::pod(),
        "(setsid takes-signals vm &); exec sleep 1000",
    );
    running.says("vm is ready");
    running.signal_number(libc::SIGUSR1);
    let ended = running.ends_with(138);
    assert!(!ended.stdout.contains("vm takes"), "{ended}");
}

#[test]
fn who_ignores_term_is_named_and_not_waited_for_any_longer() {
    for start in [as_pid_1 as Start, as_a_subreaper] {
        for setsid in ["", "setsid"] {
            let launcher = format!("{setsid} takes-signals port 0 & exec takes-signals node 15 3");
            let running = start(&fakes::pod(), &launcher);
            running.says("port is ready");
            running.says("node is ready");
            running.signal_number(libc::SIGTERM);
            let ended = running.ends_with(3);
            assert_eq!(ended.stdout.matches("port takes 15").count(), 1, "{ended}");
            let warning = format!("{WARNING}takes-signals (pid ");
            assert!(ended.stderr.contains(&warning), "{ended}");
            assert!(!ended.stdout.contains("left: takes-signals"), "{ended}");
        }
    }
}

#[test]
fn who_is_no_vm_has_the_stop_timeout_where_it_is_set() {
    let pod = fakes::pod().env("BEAMINIT_STOP_TIMEOUT", "10m");
    let launcher = "takes-signals port 15 0 4000 & exec takes-signals node 15 3";
    let running = as_pid_1(&pod, launcher);
    running.says("port is ready");
    running.says("node is ready");
    running.signal_number(libc::SIGTERM);
    let ended = running.ends_with(3);
    assert!(ended.stdout.contains("port ends"), "{ended}");
}

#[test]
fn a_vm_is_waited_for_as_long_as_it_takes() {
    let pod = fakes::pod_where("takes-signals", "beam.smp");
    let running = as_pid_1(&pod, "setsid beam.smp vm 15 9 4000 & wait");
    running.says("vm is ready");
    running.signal_number(libc::SIGTERM);
    let ended = running.ends_with(143);
    assert!(ended.stdout.contains("vm ends"), "{ended}");
    assert!(!ended.stderr.contains(WARNING), "{ended}");
}

#[test]
fn who_cannot_be_told_is_not_waited_for() {
    let launcher = "setpriv --reuid=1234 takes-signals other & exec takes-signals node 15 3";
    let running = fakes::pod().first([
        "setpriv",
        "--bounding-set=-kill",
        "--inh-caps=-kill",
        BEAMINIT,
        "--",
        "sh",
        "-c",
        launcher,
    ]);
    running.says("other is ready");
    running.says("node is ready");
    running.signal_number(libc::SIGTERM);
    let ended = running.ends_with(3);
    assert!(!ended.stdout.contains("other takes"), "{ended}");
    assert!(!ended.stderr.contains(WARNING), "{ended}");
}

#[test]
fn who_came_after_the_term_is_told_too() {
    let late = "takes-signals late >/srv/late & until grep -q ready /srv/late; do :; done; exit 3";
    let script = format!("trap '{late}' TERM; echo ready; while :; do sleep 0.1; done");
    let pod = fakes::pod();
    let running = as_pid_1(&pod, &script);
    running.says("ready");
    running.signal_number(libc::SIGTERM);
    let ended = running.ends_with(3);
    let said = std::fs::read_to_string(pod.place("/srv/late")).expect("what it said");
    assert!(said.contains("late takes 15 from 1, 1 in all"), "{said}");
    assert!(!ended.stderr.contains(WARNING), "{ended}");
}

#[test]
fn what_it_starts_to_end_with_is_left_to_it() {
    let orphan = "trap 'takes-signals tidies 40 0 & sleep 0.5; kill -40 $!; wait; exit' TERM; \
                  echo orphan is ready; while :; do sleep 0.1; done";
    let launcher = format!("setsid sh -c \"{orphan}\" & exec takes-signals node 15 3");
    let running = as_pid_1(&fakes::pod(), &launcher.replace('$', "\\$"));
    running.says("orphan is ready");
    running.says("node is ready");
    running.signal_number(libc::SIGTERM);
    let ended = running.ends_with(3);
    assert!(ended.stdout.contains("tidies ends"), "{ended}");
    assert!(!ended.stdout.contains("tidies takes 15"), "{ended}");
}

#[test]
fn a_command_that_has_left_its_group_is_told_itself() {
    let moves = "$| = 1; my $other = fork; if (!$other) { setpgrp(0, 0); sleep 1000 } \
                 setpgrp($other, $other); setpgrp(0, $other); \
                 $SIG{TERM} = sub { exit 5 }; print qq(moved\\n); sleep 1 while 1";
    let running = fakes::pod().run(["perl", "-e", moves]);
    running.says("moved");
    running.signal_number(libc::SIGTERM);
    running.ends_with(5);
}

#[test]
fn many_below_each_other_cost_little_memory() {
    let running = fakes::pod().run("leaves-many below 1500 3");
    running.says("left");
    let before = running.peak(1);
    running.signal_number(libc::SIGTERM);
    // They ignore it, and are looked through until they are given up.
    running.says(WARNING);
    let grown = running.peak(1) - before;
    assert!(grown <= 2 << 10, "grown by {grown} kB");
    running.ends_with(3);
}

#[test]
fn who_is_left_gets_what_is_sent_from_then_on() {
    let pod = fakes::pod_where("takes-signals", "beam.smp");
    let running = as_pid_1(&pod, "setsid beam.smp vm 40 & wait");
    running.says("vm is ready");
    for (sent, count) in [(libc::SIGTERM, 1), (libc::SIGTERM, 2), (libc::SIGUSR1, 3)] {
        running.signal_number(sent);
        running.says(&format!("vm takes {sent} from 1, {count} in all"));
    }
    running.signal_number(40);
    running.ends_with(143);
}
