//! Peers out of the Kubernetes API, asked over TLS with the files of a service account.

use std::time::{Duration, Instant};

use crate::clusters::*;
use crate::harness::*;
use crate::peers::NOT_UP;

const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices";
const PODS: &str = "/api/v1/namespaces/prod/pods";

/// Pod `app-0` with its service account, and the API.
fn pod() -> (Pod, Api, Dns) {
    let mut pod = stateful_pod().env("BEAMINIT_PEERS", "kubernetes:app=hello,tier=back");
    let dns = pod.nameserver(CLUSTER_DNS);
    dns.publish_pod(OWN_NAME, "10.1.2.3");
    let api = Api::serve(pod.network());
    (api.mount(pod, "first-token"), api, dns)
}

/// A list of one EndpointSlice with the pods `app-0` and so on, at these addresses.
fn slice(addresses: &[&str]) -> Says {
    let endpoint = |(number, address): (usize, &&str)| {
        format!(
            r#"{{"addresses":["{address}"],"conditions":{{"ready":true}},"hostname":"app-{number}"}}"#
        )
    };
    let endpoints: Vec<String> = addresses.iter().enumerate().map(endpoint).collect();
    let items = format!(
        r#"[{{"addressType":"IPv4","endpoints":[{}]}}]"#,
        endpoints.join(",")
    );
    Says::Status(
        200,
        format!(r#"{{"kind":"EndpointSliceList","items":{items}}}"#),
    )
}

/// What `beaminit peers` lists, and the error that it gives, apart from that no node runs here.
fn listed(pod: &Pod) -> (Vec<String>, String) {
    let ended = pod.beaminit("peers -- erl").ends();
    let first = |line: &str| line.split(' ').next().unwrap().to_owned();
    let stderr = ended.stderr.split_inclusive('\n');
    let errors = stderr.filter(|line| !line.starts_with(NOT_UP)).collect();
    (ended.stdout.lines().map(first).collect(), errors)
}

#[test]
fn endpoint_slices_name_pods() {
    let (pod, api, _dns) = pod();
    api.says(SLICES, slice(&["10.1.2.3", "10.96.7.1"]));
    assert_eq!(
        listed(&pod),
        (vec![format!("app@{SIBLING}")], String::new())
    );
    let path = format!("{SLICES}?labelSelector=app%3Dhello%2Ctier%3Dback&limit=20");
    assert_eq!(api.asked(), [(path, "first-token".to_owned())]);
    let dashed = listed(&pod.env("BEAMINIT_HOST", "pod-ip"));
    assert_eq!(dashed.0, ["app@10-96-7-1.app.prod.svc.cluster.local"]);
}

#[test]
fn a_long_list_comes_in_pages() {
    let (pod, api, _dns) = pod();
    let first = r#"{"metadata":{"continue":"a/b="},"items":[{"endpoints":[{"addresses":["10.96.7.1"],"hostname":"app-1"}]}]}"#;
    api.says(
        "continue=a%2Fb%3D",
        slice(&["10.1.2.3", "10.96.7.1", "10.96.7.2"]),
    );
    api.says(SLICES, Says::Status(200, first.into()));
    let second = "app@app-2.app.prod.svc.cluster.local".to_owned();
    assert_eq!(
        listed(&pod),
        (vec![format!("app@{SIBLING}"), second], String::new())
    );
}

#[test]
fn pods_serve_where_slices_may_not_be_listed_or_have_other_labels() {
    let (pod, api, _dns) = pod();
    let pods = r#"{"items":[{"metadata":{"name":"app-1"},"status":{"phase":"Running","podIP":"10.96.7.1"}}]}"#;
    api.says(PODS, Says::Status(200, pods.into()));
    for slices in [
        Says::Status(403, "{}".into()),
        Says::Status(404, String::new()),
        slice(&[]),
    ] {
        api.says(SLICES, slices);
        assert_eq!(
            listed(&pod),
            (vec![format!("app@{SIBLING}")], String::new())
        );
    }
    api.says(PODS, Says::Status(403, "{}".into()));
    api.says(SLICES, Says::Status(403, "{}".into()));
    let (_, error) = listed(&pod);
    assert!(
        error.contains("the Kubernetes API answers 403; give the pod's service account a Role"),
        "{error}"
    );
}

#[test]
fn a_hostile_or_broken_api_costs_its_time_and_no_more() {
    let (pod, api, _dns) = pod();
    for (says, message) in [
        (Says::Endless, "longer than 1 MiB"),
        (Says::Nothing, "10.96.0.1:443: no answer in time"),
        (Says::Garbage, "does not speak HTTP"),
        (Says::Status(200, "[[[[".into()), "cannot be read"),
        (
            Says::Status(200, format!("\"{}\"", "x".repeat(880_000))),
            "cannot be read",
        ),
        (Says::Status(500, String::new()), "answers 500"),
    ] {
        api.says(SLICES, says);
        let began = Instant::now();
        let (nodes, error) = listed(&pod);
        assert!(
            nodes.is_empty() && error.contains(message) && error.len() < 500,
            "{message}: {error}"
        );
        let took = began.elapsed();
        is_within(Duration::from_secs(6), took, message);
    }
}

#[test]
fn another_authority_or_no_account_is_no_api() {
    let (pod, _api, _dns) = pod();
    let other = Api::serve(Pod::new("other").network());
    let (_, error) = listed(&other.mount(pod, "first-token"));
    assert!(error.contains("invalid peer certificate"), "{error}");
    let mut pod = stateful_pod().env("BEAMINIT_PEERS", "kubernetes:app=hello");
    pod.dead_nameserver(CLUSTER_DNS);
    let (_, error) = listed(&pod);
    assert!(error.contains("token cannot be read"), "{error}");
}

#[test]
fn a_running_node_follows_the_slices_though_the_token_changes() {
    let (pod, api, dns) = pod();
    dns.publish_pod(SIBLING, "10.1.2.4");
    let mut other = Pod::with_addresses("app-1", &["10.1.2.4"])
        .in_namespace("prod")
        .env("SNAME", "app")
        .env("CLUSTER_HOSTNAME", "app")
        .env("ERLANG_COOKIE", "chocolate");
    let others_dns = other.nameserver(CLUSTER_DNS);
    others_dns.publish_pod(OWN_NAME, "10.1.2.3");
    others_dns.publish_pod(SIBLING, "10.1.2.4");
    pod.network().wire("10.1.2.3", other.network(), "10.1.2.4");
    let second = other.run("erl -noinput");
    api.says(SLICES, slice(&["10.1.2.3"]));
    let pod = pod
        .env("PATH", "/usr/bin:/bin")
        .env("BEAMINIT_PEERS_INTERVAL", "1s");
    let node = pod.run("erl -noinput");
    eventually("the first round", || !api.asked().is_empty());
    let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    node.enter(["sh", "-c", &format!("echo second-token >{token}")])
        .ends();
    let with_it = |(_, token): &(String, String)| token == "second-token";
    eventually("the new token is used", || api.asked().iter().any(with_it));
    api.says(SLICES, slice(&["10.1.2.3", "10.1.2.4"]));
    node.says(&format!("joined app@{SIBLING}"));
    let pid = node.inmate("beaminit-peers").unwrap().pid;
    eventually("no more than 3 MiB between the rounds", || {
        node.resident(pid) <= 3 * 1024
    });
    drop(second);
    node.says(&format!("lost app@{SIBLING}"));
}
