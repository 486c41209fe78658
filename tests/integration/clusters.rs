//! The surroundings that the tests speak of: pods as Kubernetes, OpenShift and Docker make them.

use crate::harness::*;
use crate::started::Started;

/// The cluster's name server.
pub const CLUSTER_DNS: &str = "10.96.0.10";

/// The name of the pod `app-0` that `stateful_pod` is.
pub const OWN_NAME: &str = "app-0.app.prod.svc.cluster.local";

/// The name that the cluster gives the same pod where it has no other: its address, dashed.
pub const DASHED_NAME: &str = "10-1-2-3.app.prod.svc.cluster.local";

/// The name of the next pod of the same Service.
pub const SIBLING: &str = "app-1.app.prod.svc.cluster.local";

/// The name of the Service itself.
pub const SERVICE_NAME: &str = "app.prod.svc.cluster.local";

/// A pod of the StatefulSet `app`, with a cookie and a port, and its name server, which knows the first.
pub fn numbered(number: u8) -> (Pod, Dns) {
    let mut pod = Pod::with_addresses(
        &format!("app-{number}"),
        &[&format!("10.1.2.{}", 3 + number)],
    )
    .in_namespace("prod")
    .env("SNAME", "app")
    .env("CLUSTER_HOSTNAME", "app")
    .env("ERLANG_COOKIE", "chocolate")
    .env("ERL_PORT", "5555")
    .env("LANG", "C.UTF-8");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    (pod, dns)
}

/// One of two such pods that know each other, and its name server.
pub fn member(number: u8) -> (Pod, Dns) {
    let (pod, dns) = numbered(number);
    dns.publish_pod(SIBLING, "10.1.2.4");
    (pod, dns)
}

/// Pod `app-0` of a StatefulSet behind the headless Service `app` in namespace `prod`; its `erl` says how it was started.
pub fn stateful_pod() -> Pod {
    Pod::new("app-0")
        .env("ERLANG_COOKIE", "chocolate")
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .program("erl", "prints-args")
}

/// A machine with no cluster around it.
pub fn laptop() -> Pod {
    Pod::new("laptop").program("erl", "prints-args")
}

/// The same, where something asks for a node.
pub fn asking_laptop() -> Pod {
    laptop().env("SNAME", "erl")
}

/// What became of `erl`, which must have been started.
#[track_caller]
pub fn erl_in(pod: &Pod) -> Started {
    Started::from(&pod.run("erl -noinput").ends_with(0))
}

/// The node name that `erl` was given.
#[track_caller]
pub fn name_in(pod: &Pod) -> String {
    erl_in(pod).node().expect("a node name")
}
