//! `erl` itself.

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
fn is_stopped_while_it_boots() {
    let (pod, _dns) = clustered();
    // A TERM is repeated to a node in its first 10 s. On a busy machine a VM may boot for longer, but for this.
    let node = pod.first(["nice", "-n", "-20", BEAMINIT, "--", "erl", "-noinput"]);
    // Before that it dies of a TERM, or of the death of its helper. From then on it drops a TERM until its kernel application
    // has started. Field 34 has the signals that are caught, proc(5).
    eventually("the VM takes TERM, its helper does not", || {
        let helper = node.inmate("erl_child_setup");
        let catches = |vm: i32| node.stat(vm, 34) & 1 << (Signal::SIGTERM as i32 - 1) != 0;
        helper.is_some_and(|helper| helper.group == helper.pid && catches(helper.parent))
    });
    node.signal(Signal::SIGTERM);
    node.ends_with(0);
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
    // By beaminit's gate, before the VM could find out.
    assert_eq!(again.code, 69, "{again}");
    let told = "beaminit: error: the node name app is taken: ";
    assert!(again.stderr.contains(told), "{again}");
}
