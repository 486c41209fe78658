//! Many ends at once: all are reaped, and the command's own among them is not mistaken.

use nix::libc;

use super::fakes;
use super::observed::{kilobytes, status};
use crate::harness::*;

#[test]
fn five_thousand_orphans_at_once_leave_no_zombie() {
    let command = fakes::pod().run("leaves-many dead 5000");
    command.says("left");
    eventually("the command is init's only child", || {
        command.inmates().len() == 2
    });
    let memory = kilobytes(command.pid(), "RssAnon:");
    assert!(memory < 1024, "{memory} kB of its own");
    command.signal_number(libc::SIGTERM);
    command.ends_with(143);
}

#[test]
fn burst_after_burst_leaves_no_zombie() {
    let script = "while leaves-many living 200 0 >/dev/null && ! [ -e /srv/enough ]; do :; done; \
                  echo enough; exec sleep 1000";
    let pod = fakes::pod();
    let command = pod.run(["sh", "-c", script]);
    let reaped = || status(command.pid(), "voluntary_ctxt_switches:").parse::<u32>();
    eventually("init has woken up often", || {
        reaped().expect("a number") > 100
    });
    std::fs::write(pod.place("/srv/enough"), "").expect("a file");
    command.says("enough");
    eventually("the command is init's only child", || {
        command.inmates().len() == 2
    });
}

#[test]
fn the_commands_status_is_exact_among_many() {
    for status in [37, 1, 0, 255] {
        let command = fakes::pod().run(format!("leaves-many living 400 {status}").as_str());
        command.ends_with(status);
    }
}

#[test]
fn the_commands_status_is_exact_among_many_time_after_time() {
    let script = "for n in $(seq 2 60); do \
                    \"$0\" -- leaves-many living 50 $n; s=$?; [ $s = $n ] || echo $s, not $n; done";
    let ended = fakes::pod()
        .first(["sh", "-c", script, BEAMINIT])
        .ends_with(0);
    assert_eq!(ended.stdout.replace("left\n", ""), "", "{ended}");
}

#[test]
fn every_signal_that_ends_the_command_is_128_and_its_number() {
    // Each as a PID 1 of its own.
    let script = "for n in $(seq 64); do \
                    case $n in 17 | 18 | 19 | 2[0-3] | 28 | 32 | 33) continue;; esac; \
                    unshare --pid --fork --kill-child \"$0\" -- \
                      perl -e '$SIG{FPE} = q(DEFAULT); kill shift, $$; sleep 9' $n; s=$?; \
                    [ $s = $((128 + n)) ] || echo $s, not $((128 + n)); done; echo all";
    let ended = fakes::pod()
        .first(["sh", "-c", script, BEAMINIT])
        .ends_with(0);
    assert_eq!(ended.stdout, "all\n", "{ended}");
}
