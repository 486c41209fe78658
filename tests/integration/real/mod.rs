//! The real thing: Erlang, Elixir and their releases as Debian has them. The node itself says its name and its cookie, and
//! the kernel which port it listens at; around it lie flags and files that say otherwise.

mod bind;
mod clients;
pub mod cookie_files;
mod cookies;
mod daemons;
mod env_sh;
mod epmdless;
mod erl;
pub mod fixtures;
mod mix;
mod mix_release;
mod names;
mod other_ways;
#[cfg(feature = "full")]
mod over_tls;
mod peers;
mod probe;
mod relx_release;
mod stopping;
mod surroundings;
mod swap;
mod table;
mod tls;
mod users;
mod watch;

use std::collections::BTreeSet;

use crate::clusters::*;
use crate::harness::*;

/// Prints what every node here prints when it is up.
pub const SPEAK: &str = "io:format(\"node=~ts cookie=~ts~n\", [node(), erlang:get_cookie()]).";

/// The full name of the node in `clustered`.
pub const NODE: &str = "app@app-0.app.prod.svc.cluster.local";

/// Pod `app-0` of the StatefulSet `app`, with a cookie and a port of its own, and the name server that knows it.
pub fn clustered() -> (Pod, Dns) {
    crate::clusters::numbered(0)
}

/// Waits until the node says that it has this name and cookie, and sees that it listens at this port and no other.
#[track_caller]
fn is_up(node: &Running, name: &str, cookie: &str, port: u16) {
    let said = node.writes("what the node says of itself", |line| {
        line.text.contains("node=")
    });
    let said = said.text.split_once("node=").unwrap().1.to_owned();
    assert_eq!(
        said,
        format!("{name} cookie={cookie}"),
        "{}",
        node.transcript()
    );
    assert_eq!(
        node.listening(),
        BTreeSet::from([port]),
        "{}",
        node.transcript()
    );
}

/// The VM's process.
#[track_caller]
fn vm(node: &Running) -> i32 {
    let vm = node.inmate("beam.smp");
    vm.unwrap_or_else(|| panic!("no VM:\n{}", node.transcript()))
        .pid
}

/// What beaminit wrote of a line, without its name. A VM of OTP 23 leaves a line of its own without an end.
fn of_beaminit(line: &str) -> Option<&str> {
    Some(line.split_once("beaminit: ")?.1)
}

/// The warnings of beaminit's in what was written to standard error.
fn warnings(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines().filter_map(of_beaminit);
    lines
        .filter_map(|line| line.strip_prefix("warning: "))
        .collect()
}

/// The same for what `clustered` asks for.
#[track_caller]
pub fn is_as_planned(node: &Running) {
    is_up(node, NODE, "chocolate", 5555);
}

/// Types at the terminal of a command that was run in a pod.
#[track_caller]
fn type_at(terminal: Option<std::fs::File>, text: &str) {
    use std::io::Write;
    terminal
        .expect("a terminal")
        .write_all(text.as_bytes())
        .expect("somebody reads");
}

/// Stops a node as a container runtime does: it shuts its applications down and ends with 0.
#[track_caller]
fn stops_gracefully(node: &Running) {
    node.signal(nix::sys::signal::Signal::SIGTERM);
    let ended = node.ends_with(0);
    assert!(
        ended.stdout.contains("stopped"),
        "its applications were not stopped: {ended}"
    );
}

/// The start is refused, with a line that begins with where what stands in its way is said.
#[track_caller]
fn is_refused(node: &Running, place: &str) {
    let ended = node.ends_with(78);
    let error = format!("beaminit: error: {place}");
    let told = ended.stderr.lines().any(|line| line.starts_with(&error));
    assert!(told, "not for {place}: {ended}");
}
