//! `erl` itself.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::*;

const ERL: [&str; 4] = ["erl", "-noinput", "-eval", SPEAK];

#[test]
fn is_named_pinned_and_stopped() {
    let (pod, _dns) = clustered();
    let node = pod.run(ERL);
    is_as_planned(&node);
    assert_eq!(
        node.inmate("beam.smp").expect("the VM").parent,
        1,
        "the direct child is the VM"
    );
    node.signal(Signal::SIGTERM);
    node.ends_with(0);
}

#[test]
fn is_stopped_by_a_key_as_well() {
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
        let (pod, _dns) = clustered();
        let node = pod.input(Input::Open).run(ERL);
        is_as_planned(&node);
        node.signal(signal);
        node.ends_with(0);
    }
}

#[test]
fn is_stopped_at_any_moment_of_its_boot() {
    // The VM takes TERM from its first milliseconds on, and drops it until its kernel application has started.
    for step in 0..6 {
        let (pod, _dns) = clustered();
        let node = pod.run(["erl", "-noinput"]);
        let exec = node.says("beaminit: exec").at;
        let then = exec + Duration::from_millis(50) * step;
        std::thread::sleep(then.saturating_duration_since(Instant::now()));
        node.signal(Signal::SIGTERM);
        let ended = node.ends();
        // In its first moments a helper of the VM's may die of the TERM, and take the VM with it: seen on OTP 25 and 29.
        let of_its_helper = ended.code == 1 && ended.stderr.contains("erl_child_setup");
        assert!(
            of_its_helper || [0, 143].contains(&ended.code),
            "after {step} steps: {ended}"
        );
    }
}

#[test]
fn leaves_a_crash_dump_where_it_does_not_stop() {
    let (pod, _dns) = clustered();
    let pod = pod
        .env("BEAMINIT_STOP_TIMEOUT", "1s")
        .env("ERL_CRASH_DUMP", "/srv/dump");
    let deaf = "os:set_signal(sigterm, ignore).";
    let node = pod.run(["erl", "-noinput", "-eval", deaf, "-eval", SPEAK]);
    is_as_planned(&node);
    node.signal(Signal::SIGTERM);
    node.ends_with(1);
    let dump = std::fs::read_to_string(pod.place("/srv/dump")).expect("a crash dump");
    assert!(dump.contains("Received SIGUSR1"), "{dump:.300}");
}

#[test]
fn leaves_no_zombie() {
    let (pod, _dns) = clustered();
    let command =
        "[os:cmd(\"true & sleep 0.01 &\") || _ <- lists:seq(1, 20)], io:format(\"all gone~n\").";
    let node = pod.run(["erl", "-noinput", "-eval", command]);
    node.says("all gone");
    eventually("no zombie is left", || node.zombies().is_empty());
}

#[test]
fn is_short_named_on_a_laptop() {
    let pod = Pod::new("laptop")
        .env("SNAME", "me")
        .env("ERLANG_COOKIE", "mine");
    let node = pod.run(ERL);
    is_up(&node, "me@laptop", "mine", 43691);
}

#[test]
fn is_named_by_its_address() {
    let (pod, _dns) = clustered();
    let node = pod.env("BEAMINIT_HOST", "ip").run(ERL);
    is_up(&node, "app@10.1.2.3", "chocolate", 5555);
}

#[test]
fn is_named_by_its_ipv6_address() {
    let pod = Pod::with_addresses("app-0", &["fd00:10::3"])
        .env("SNAME", "app")
        .env("ERLANG_COOKIE", "chocolate")
        .env("BEAMINIT_HOST", "ip");
    let node = pod.run(ERL);
    is_up(&node, "app@fd00:10::3", "chocolate", 43691);
}

#[test]
fn is_named_by_its_pointer() {
    let (pod, dns) = clustered();
    dns.point("10.1.2.3", "shop-app-1.shop-net");
    dns.publish("shop-app-1.shop-net", "10.1.2.3");
    let node = pod
        .env("CLUSTER_HOSTNAME", "")
        .env("BEAMINIT_HOST", "reverse")
        .run(ERL);
    is_up(&node, "app@shop-app-1.shop-net", "chocolate", 5555);
}

#[test]
fn has_the_name_cookie_and_port_of_its_own_command_line() {
    let (pod, dns) = clustered();
    dns.publish("mine.example.com", "10.1.2.3");
    let pod = ["SNAME", "CLUSTER_HOSTNAME", "ERLANG_COOKIE", "ERL_PORT"]
        .iter()
        .fold(pod, Pod::without);
    let mut command = ERL.to_vec();
    command.extend(["-name", "me@mine.example.com", "-setcookie", "vanilla"]);
    command.extend([
        "-kernel",
        "inet_dist_listen_min",
        "7777",
        "inet_dist_listen_max",
        "7777",
    ]);
    let node = pod.run(command.as_slice());
    is_up(&node, "me@mine.example.com", "vanilla", 7777);
}

#[test]
fn a_second_node_finds_the_first_by_name() {
    let (pod, dns) = clustered();
    let node = pod.run(ERL);
    is_as_planned(&node);
    // In the same pod, and so under a name that answers the same address.
    dns.publish("other.example.com", "10.1.2.3");
    let ping = format!("io:format(\"~p from ~p~n\", [net_adm:ping('{NODE}'), node()]), halt().");
    let other = node.enter([
        "env",
        "BEAMINIT_NODE=other@other.example.com",
        "ERL_PORT=6666",
        BEAMINIT,
        "--",
        "erl",
        "-noinput",
        "-eval",
        &ping,
    ]);
    other.says("pong from 'other@other.example.com'");
    other.ends_with(0);
}

#[test]
fn the_name_of_another_node_is_not_taken_over() {
    let (pod, _dns) = clustered();
    let node = pod.run(ERL);
    is_as_planned(&node);
    let again = node
        .enter(["env", "ERL_PORT=6666", BEAMINIT, "--", "erl", "-noinput"])
        .ends();
    // By a gate of beaminit's or by the VM itself: but not by chance.
    assert_ne!(again.code, 0, "{again}");
    assert!(
        again.stderr.contains("in use")
            || again.stderr.contains("taken")
            || again.stdout.contains("in use"),
        "{again}"
    );
}
