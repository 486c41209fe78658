//! beaminit where tini was, with none of its variables: every launcher starts the same node, with the same arguments and
//! environment, as soon, and ends with the same status.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::table::*;
use super::*;

/// What may stand before the command of an image.
const INITS: [&[&str]; 2] = [&["tini", "--"], &[BEAMINIT, "--"]];

/// With no more than every container has, and an answer to what its shells would ask.
fn pod() -> Pod {
    Pod::new("web-0")
        .env("LANG", "C.UTF-8")
        .file_with_mode("/srv/.erlang.cookie", "at_home", 0o400)
}

fn named_erl() -> Way {
    let command = ["erl", "-noinput", "-name", "mine@10.1.2.3", "-eval", SPEAK];
    Way::new(|pod| pod, &command, Client::Erl)
}

/// What can be seen of a node, but for what differs between any two starts, and what it is called.
type Seen = [(&'static str, String); 8];

/// Looks at a node when it is up, and stops it.
#[track_caller]
fn seen(way: &Way, init: &[&str], node: &Running) -> Seen {
    let says = node.writes("what the node says of itself", |line| {
        line.text.contains("node=")
    });
    // A TERM before that is repeated, and a VM that stops already may complain of the second.
    if init.contains(&BEAMINIT) && !says.text.contains("node=nonode@") {
        node.says(" is up: port ");
    }
    let vm = vm(node);
    let (arguments, environment) = (node.arguments(vm), node.environment(vm));
    let (ports, epmd) = (node.listening().len(), node.inmate("epmd").is_some());
    node.signal(Signal::SIGTERM);
    let ended = node.ends();
    // Of a terminal, nothing: it is one for all that write. Nor what comes after the TERM: under tini a launcher may end
    // before its VM has said a word.
    let before = ended.stdout.split(&says.text).next();
    let before = before.filter(|_| !way.terminal).unwrap_or_default();
    [
        ("node and cookie", says.text.clone()),
        ("arguments", arguments.join("\n")),
        ("environment", environment.join("\n")),
        ("number of ports", ports.to_string()),
        ("an epmd", epmd.to_string()),
        ("status after a TERM", ended.code.to_string()),
        ("standard output", before.to_owned()),
        ("standard error", without_ours(&ended.stderr)),
    ]
}

fn without_ours(stderr: &str) -> String {
    let lines = stderr.split_inclusive('\n');
    lines
        .filter(|line| !line.starts_with("beaminit: "))
        .collect()
}

#[track_caller]
fn is_the_same_in(way: &Way, pod: fn() -> Pod) {
    let [theirs, ours] = INITS.map(|init| seen(way, init, &way.start_under(init, pod())));
    for ((what, theirs), (_, ours)) in theirs.iter().zip(&ours) {
        assert_eq!(
            ours, theirs,
            "{what} (left: under beaminit, right: under tini)"
        );
    }
}

fn is_the_same(way: &Way) {
    is_the_same_in(way, pod);
}

/// A random user with no passwd entry and no home.
fn is_the_same_for_any_user(way: &Way) {
    is_the_same_in(way, || pod().user(1_000_660_000).env("HOME", "/"));
}

fn halts_the_same(way: &Way) {
    let statuses = INITS.map(|init| {
        // What stands there runs in every launcher when its applications have started.
        let pod = pod().env("ERL_AFLAGS", "-eval halt(3).");
        let ended = way.start_under(init, pod).ends();
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert!(!last.starts_with("beaminit: error: "), "{ended}");
        ended.code
    });
    assert_eq!(statuses, [3, 3]);
}

/// How much longer a start may take: much more than it does, on a machine that has more to do.
const LONGER: f64 = 1.5;

/// How often both are started, one after the other, until ours is near theirs: a busy machine is not always as busy.
const ROUNDS: usize = 8;

fn listens_as_soon(way: &Way) {
    let mut tried = Vec::new();
    let is_near = (0..ROUNDS).any(|_| {
        let [theirs, ours] = INITS.map(|init| starts_in(way, init));
        tried.push([theirs, ours]);
        ours.as_secs_f64() < theirs.as_secs_f64() * LONGER
    });
    assert!(is_near, "tini and beaminit: {tried:?}");
}

/// The time from the exec of an init until the node listens, or speaks where it does not listen.
fn starts_in(way: &Way, init: &[&str]) -> Duration {
    let announced = [&["sh", "-c", "echo begins; exec \"$@\"", "sh"], init].concat();
    let node = way.start_under(&announced, pod());
    let began = node.says("begins").at;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if !node.listening().is_empty() {
            return began.elapsed();
        }
        let lines = node.transcript().lines();
        if let Some(line) = lines.iter().find(|line| line.text.contains("node=nonode@")) {
            return line.at - began;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it neither listens nor speaks:\n{}", node.transcript());
}

table!(erl elixir iex mix mix_release relx_release escript gleam;
    (is_the_same is_the_same_for_any_user halts_the_same listens_as_soon));
// With no cookie of its own, and so with none for a user that has no home.
table!(named_erl; (is_the_same halts_the_same listens_as_soon));
