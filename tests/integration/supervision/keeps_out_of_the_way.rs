//! The supervisor holds nothing that others want to have back: no directory, no descriptor, no processor, no memory.

use nix::libc;

use super::fakes;
use super::observed::{kilobytes, status};
use crate::harness::*;

#[test]
fn what_it_was_started_in_and_with_can_be_unmounted() {
    // Of the command's own it can close and leave everything; what then keeps the mount busy is beaminit, which may not
    // have had the processor since its fork.
    let command = "cd /; exec 3<&-; for try in $(seq 1000); do \
                   umount /srv/mount 2>/dev/null && echo free && exit; sleep 0.01; done; umount /srv/mount";
    for holds in ["cd /srv/mount", "exec 3</srv/mount/file", ":"] {
        let script = format!(
            "mkdir /srv/mount; mount -t tmpfs none /srv/mount; echo >/srv/mount/file; {holds}; exec \"$@\""
        );
        let first = [
            "sh", "-c", &script, "sh", BEAMINIT, "--", "sh", "-c", command,
        ];
        let ended = Pod::new("laptop").first(first).ends();
        assert_eq!(ended.stdout, "free\n", "after {holds:?}: {ended}");
    }
}

#[test]
fn the_end_of_a_pipe_that_the_command_closes_is_the_end() {
    // The reader waits for every writer's end.
    let script = "mkfifo /srv/pipe; { cat /srv/pipe; echo end; } & exec \"$@\" 5>/srv/pipe";
    let command = [
        "sh",
        "-c",
        "echo written >&5; exec 5>&-; exec takes-signals command",
    ];
    let first = [&["sh", "-c", script, "sh", BEAMINIT, "--"], &command[..]].concat();
    let running = fakes::pod().first(first.as_slice());
    running.says("written");
    running.says("command is ready");
    running.says("end");
}

#[test]
fn the_command_has_them_all_the_same() {
    let script = "cd /srv/bin; exec 7</dev/null; exec \"$@\"";
    let tells = "pwd; [ -e /proc/$$/fd/7 ] && echo 7 is open";
    let first = ["sh", "-c", script, "sh", BEAMINIT, "--", "sh", "-c", tells];
    let ended = Pod::new("laptop").first(first).ends_with(0);
    assert_eq!(ended.stdout, "/srv/bin\n7 is open\n");
}

#[test]
fn while_nothing_happens_it_does_not_wake_up() {
    for command in ["takes-signals fake 64", "erl -noinput"] {
        let running = fakes::pod_with_node("exec takes-signals fake 64").run(command);
        running.says("fake is ready");
        running.signal_number(libc::SIGUSR1);
        running.says("fake takes 10");
        let wakes = || status(running.pid(), "voluntary_ctxt_switches:");
        eventually("it waits", || {
            status(running.pid(), "State:").starts_with('S')
        });
        let before = wakes();
        // A second without a signal.
        running.says("fake hears nothing");
        assert_eq!(wakes(), before, "{command}");
    }
}

#[test]
fn its_memory_is_a_few_pages() {
    let running = fakes::pod_with_node("exec takes-signals fake").run("erl -noinput");
    running.says("fake is ready");
    let memory = kilobytes(running.pid(), "RssAnon:");
    assert!(memory < 256, "{memory} kB of its own");
}

#[test]
fn it_has_left_the_folder_before_there_is_a_command() {
    // Held up at the end of its fork, for longer than any start takes.
    let held = [
        "strace",
        "-o",
        "/dev/null",
        "-e",
        "inject=clone,clone3,?fork:delay_exit=3000000",
    ];
    let asks = [
        BEAMINIT,
        "--",
        "sh",
        "-c",
        "readlink /proc/$PPID/cwd /proc/$$/cwd",
    ];
    let ended = Pod::new("laptop")
        .first([&held[..], &asks].concat().as_slice())
        .ends_with(0);
    assert_eq!(ended.stdout, "/\n/srv\n");
}

#[test]
fn a_command_stays_in_a_folder_that_it_may_not_search() {
    let script = "mkdir -m 700 /srv/closed; cd /srv/closed; exec setpriv --reuid=12345 --regid=0 --clear-groups \"$@\"";
    let asks = [
        "sh",
        "-c",
        script,
        "sh",
        BEAMINIT,
        "--",
        "readlink",
        "/proc/self/cwd",
    ];
    let ended = Pod::new("laptop").first(asks).ends_with(0);
    assert_eq!(ended.stdout, "/srv/closed\n");
}
