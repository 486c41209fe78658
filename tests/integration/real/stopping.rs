//! A TERM to a real VM: what hears it, and how often.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use nix::sys::signal::Signal;

use super::*;

/// A port program that takes TERM, and then some time.
const PORT: &str = "#!/bin/sh\ntrap 'echo told >>/srv/told; sleep 1; echo tidied >>/srv/told; exit' TERM\n\
                    echo port is ready >&2\nwhile :; do sleep 0.1; done\n";

/// An application's own handler of signals, instead of OTP's.
const HANDLER: &str = "-module(handler). -behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2]).
init(_) -> {ok, []}.
handle_call(_, State) -> {ok, ok, State}.
handle_event(Event, State) ->
    io:format(\"handler takes ~p~n\", [Event]),
    State =:= [] andalso timer:apply_after(3000, erlang, halt, [7]),
    {ok, told}.
";
const HANDLES: &str = "{ok, handler} = compile:file(\"/srv/handler\"), \
    ok = gen_event:swap_handler(erl_signal_server, {erl_signal_handler, []}, {handler, []}), \
    io:format(\"handles~n\").";

/// The states of all threads of the VM.
fn threads(node: &Running) -> String {
    let tasks = format!("/proc/{}/root/proc/{}/task", node.pid(), vm(node));
    let mut states = String::new();
    for task in std::fs::read_dir(tasks).into_iter().flatten().flatten() {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| &rest[..1]);
        let _ = write!(states, "{state}");
    }
    states
}

#[test]
fn a_young_node_ends_in_its_own_time_and_its_port_program_is_told_once() {
    let open = "open_port({spawn, \"/srv/port\"}, [{cd, \"/srv\"}]).";
    for init in [BEAMINIT, "/usr/bin/tini"] {
        let pod = Pod::new("laptop").file_with_mode("/srv/port", PORT, 0o755);
        let node = pod.first([init, "--", "erl", "-noinput", "-eval", open]);
        node.says("port is ready");
        node.signal(Signal::SIGTERM);
        let ended = node.ends_with(0);
        let told = std::fs::read_to_string(pod.place("/srv/told")).unwrap_or_default();
        // tini ends with its child, and the kernel kills the rest.
        let expected = if init == BEAMINIT {
            "told\ntidied\n"
        } else {
            ""
        };
        assert_eq!(told, expected, "{init}: {ended}");
        assert_eq!(
            ended.stdout.matches("SIGTERM received").count(),
            1,
            "{ended}"
        );
    }
}

#[test]
fn an_applications_own_handler_sees_one_event() {
    for arguments in [&["-sname", "app"][..], &[]] {
        let pod = Pod::new("laptop").file("/srv/handler.erl", HANDLER);
        let command = [&["erl", "-noinput", "-eval", HANDLES][..], arguments].concat();
        let node = pod.run(command.as_slice());
        node.says("handles");
        if arguments.is_empty() {
            // No watcher says that it is up.
            eventually("the VM is at rest", || {
                threads(&node).bytes().all(|state| state == b'S')
            });
        } else {
            node.says("is up");
        }
        node.signal(Signal::SIGTERM);
        let ended = node.ends_with(7);
        assert_eq!(ended.stdout.matches("handler takes").count(), 1, "{ended}");
    }
}

/// It listens some milliseconds before it hears one.
#[test]
fn a_node_that_has_just_been_reported_hears_a_term() {
    for _ in 0..8 {
        let node = Pod::new("laptop").run(["erl", "-noinput", "-sname", "app"]);
        watch::reported(&node);
        node.signal(Signal::SIGTERM);
        node.ends_with(0);
    }
}

/// It waits for a file as on a slow FUSE, and looks idle, before it hears a TERM.
#[test]
fn a_node_that_waits_for_a_file_while_it_boots_hears_a_term() {
    let pod = Pod::new("laptop").file("/srv/nothing", "");
    let slow = pod.place("/srv/slow.config");
    nix::unistd::mkfifo(&slow, nix::sys::stat::Mode::all()).unwrap();
    let node = pod.run(["erl", "-noinput", "-sname", "app", "-config", "/srv/slow"]);
    let mut options = std::fs::File::options();
    options.write(true).custom_flags(nix::libc::O_NONBLOCK);
    // It can be opened so only when somebody reads it.
    let writer = std::cell::OnceCell::new();
    eventually("the VM reads it", || {
        options
            .open(&slow)
            .is_ok_and(|file| writer.set(file).is_ok())
    });
    eventually("the VM is idle", || {
        threads(&node).bytes().all(|state| state == b'S')
    });
    node.signal(Signal::SIGTERM);
    // Not before init has looked at the VM.
    let status = format!("/proc/{}/status", node.pid());
    eventually("the TERM is taken", || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        status.contains("ShdPnd:\t0000000000000000")
    });
    writer.into_inner().unwrap().write_all(b"[].").unwrap();
    node.ends_with(0);
}
