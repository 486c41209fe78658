//! The formulas as a table: environment and pod in, names out.
#![allow(clippy::unwrap_used, clippy::too_many_lines)] // a table is as long as it is

use hickory_resolver::proto::rr::Name;
use proptest::prelude::*;

use super::*;
use crate::config::{InterfaceAddress, Kind, Namespace, Pod};

/// Reads a configuration from `NAME=value` words; `@name`, `+address`, `/namespace` and `search …` are the pod's own.
fn config(words: &[&str]) -> Result<Config, Failure> {
    let mut pod = Pod::default();
    let mut environment = Vec::new();
    for word in words {
        match word.split_at(1) {
            ("@", name) => pod.hostname = Some(name.into()),
            ("+", address) => pod.addresses.push(InterfaceAddress {
                interface: format!("eth{}", pod.addresses.len()),
                address: address.parse().unwrap(),
                kind: Kind::Plain,
            }),
            ("/", namespace) => pod.namespace = Some(Namespace::parse(namespace).unwrap()),
            ("?", search) => pod.resolv_conf.search = search.split(' ').map(Into::into).collect(),
            _ => environment.extend(
                word.split_once('=')
                    .map(|(name, value)| (name.into(), value.into())),
            ),
        }
    }
    let config = Config::read(environment.into(), true)?;
    Ok(Config { pod, ..config })
}

fn names(words: &[&str]) -> Result<Vec<String>, String> {
    config(words)
        .and_then(|config| candidates(&config, None, &Setting::new("prog".into(), "the program")))
        .map(|all| all.iter().map(|one| one.node.to_string()).collect())
        .map_err(|failure| failure.lines.join("; "))
}

#[test]
fn names_by_every_formula() {
    const K8S: &str = "?prod.svc.cluster.local svc.cluster.local cluster.local";
    const FQDN: &str = "CLUSTER_HOSTNAME=app.prod.svc.cluster.local";
    let table: &[(&[&str], &[&str])] = &[
        // The seeds' three formulas.
        (&["SNAME=a", "HOSTNAME=h.example.com"], &["a@h.example.com"]),
        (
            &["SNAME=a", "HOSTNAME=p", FQDN, "BEAMINIT_HOST=service"],
            &["a@app.prod.svc.cluster.local"],
        ),
        (
            &["SNAME=a", "HOSTNAME=p", FQDN, "BEAMINIT_HOST=pod"],
            &["a@p.app.prod.svc.cluster.local"],
        ),
        // The pod's address, and the dashed form.
        (
            &["SNAME=a", "POD_IP=10.1.2.3", "BEAMINIT_HOST=ip"],
            &["a@10.1.2.3"],
        ),
        (
            &["SNAME=a", "+10.9.9.9", "BEAMINIT_HOST=ip"],
            &["a@10.9.9.9"],
        ),
        (
            &["SNAME=a", "POD_IP=10.1.2.3", FQDN, "BEAMINIT_HOST=pod-ip"],
            &["a@10-1-2-3.app.prod.svc.cluster.local"],
        ),
        (
            &["SNAME=a", "POD_IP=fd00::", FQDN, "BEAMINIT_HOST=pod-ip"],
            &["a@fd00--0.app.prod.svc.cluster.local"],
        ),
        (
            &["SNAME=a", "+10.1.2.3", "BEAMINIT_HOST=reverse"],
            &["a@3.2.1.10.in-addr.arpa"],
        ),
        // auto: both that can be.
        (
            &["SNAME=a", "HOSTNAME=p", "POD_IP=10.1.2.3", FQDN],
            &[
                "a@p.app.prod.svc.cluster.local",
                "a@10-1-2-3.app.prod.svc.cluster.local",
            ],
        ),
        (
            &["SNAME=a", "HOSTNAME=p", FQDN],
            &["a@p.app.prod.svc.cluster.local"],
        ),
        (&["SNAME=a", "HOSTNAME=laptop"], &["a@laptop"]),
        (&["@laptop"], &["prog@laptop"]),
        (&["RELEASE_NAME=rel", "@laptop"], &["rel@laptop"]),
        // Completion, from each source; trailing dots; a domain that is there already.
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app", "POD_NAMESPACE=ns"],
            &["prog@p.app.ns.svc.cluster.local"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app", "/file", K8S],
            &["prog@p.app.file.svc.cluster.local"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app", K8S],
            &["prog@p.app.prod.svc.cluster.local"],
        ),
        (
            &[
                "HOSTNAME=p",
                "CLUSTER_HOSTNAME=app",
                "?ns.svc.ocp.x svc.ocp.x",
            ],
            &["prog@p.app.ns.svc.ocp.x"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app.ns", K8S],
            &["prog@p.app.ns.svc.cluster.local"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app.ns.svc", "?svc.z.test"],
            &["prog@p.app.ns.svc.z.test"],
        ),
        (&["HOSTNAME=p", "CLUSTER_HOSTNAME=a.b.c"], &["prog@p.a.b.c"]),
        (
            &[
                "HOSTNAME=p",
                "CLUSTER_HOSTNAME=app.ns",
                "KUBERNETES_SERVICE_HOST=10.96.0.1",
            ],
            &["prog@p.app.ns.svc.cluster.local"],
        ),
        // Outside Kubernetes a name is whole: Podman's, Fly's, mDNS's, a compose network's; a search list of a company's is
        // none of a cluster's.
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=dns.podman", "?dns.podman"],
            &["prog@p.dns.podman"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app.internal"],
            &["prog@p.app.internal"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app.local", "?corp.example"],
            &["prog@p.app.local"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=shop_net"],
            &["prog@p.shop_net"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=app.local.", K8S],
            &["prog@p.app.local"],
        ),
        (
            &[
                "HOSTNAME=p",
                "CLUSTER_HOSTNAME=blog",
                "BEAMINIT_HOST=service",
            ],
            &["prog@blog"],
        ),
        (
            &[
                "HOSTNAME=p.",
                "CLUSTER_HOSTNAME=app.prod.svc.cluster.local.",
            ],
            &["prog@p.app.prod.svc.cluster.local"],
        ),
        (
            &["HOSTNAME=p", "CLUSTER_HOSTNAME=cluster.test."],
            &["prog@p.cluster.test"],
        ),
        (
            &["HOSTNAME=p.app.prod.svc.cluster.local", FQDN],
            &["prog@p.app.prod.svc.cluster.local"],
        ),
        (
            &["HOSTNAME=P.App.Prod.svc.cluster.local", FQDN],
            &["prog@P.App.Prod.svc.cluster.local"],
        ),
        (
            &[
                "HOSTNAME=p.app.prod.svc.cluster.local",
                "CLUSTER_HOSTNAME=app",
                K8S,
            ],
            &["prog@p.app.prod.svc.cluster.local"],
        ),
        // Told outright.
        (&["BEAMINIT_NODE=n@x.y.", "HOSTNAME=bad host"], &["n@x.y"]),
    ];
    for (words, expected) in table {
        assert_eq!(
            names(words),
            Ok(expected.iter().map(ToString::to_string).collect()),
            "{words:?}"
        );
    }
}

/// A name from the main of several addresses is warned of, unless somebody has chosen: nobody in the first rows.
#[test]
fn warns_of_an_address_that_nobody_chose() {
    const TWO: [&str; 3] = ["HOSTNAME=p", "+10.1.2.3", "+10.9.0.4"];
    for (words, node, warned) in [
        (&["BEAMINIT_HOST=ip"][..], "n@10.1.2.3", true),
        (&["CLUSTER_HOSTNAME=a.b.c"], "n@10-1-2-3.a.b.c", true),
        (&["BEAMINIT_HOST=reverse"], "n@x_1.other", true),
        (
            &["BEAMINIT_HOST=reverse", "CLUSTER_HOSTNAME=net"],
            "n@x_1.other",
            true,
        ),
        (
            &["BEAMINIT_HOST=reverse", "CLUSTER_HOSTNAME=net"],
            "n@x_1.net",
            false,
        ),
        (&["CLUSTER_HOSTNAME=a.b.c"], "n@p.a.b.c", false),
        (&["BEAMINIT_NODE=n@10.1.2.3"], "n@10.1.2.3", false),
        (
            &["BEAMINIT_HOST=ip", "BEAMINIT_INTERFACE=eth0"],
            "n@10.1.2.3",
            false,
        ),
        (
            &["BEAMINIT_HOST=ip", "POD_IP=10.1.2.3"],
            "n@10.1.2.3",
            false,
        ),
        (&["POD_IP=192.168.1.5"], "n@p", true),
    ] {
        let config = config(&[&TWO[..], words].concat()).unwrap();
        let chosen = Candidate::own(NodeName::parse(node).unwrap(), "");
        let warning = address_warning(&config, &chosen);
        assert_eq!(warning.is_some(), warned, "{words:?}: {warning:?}");
    }
    for (words, node, part) in [
        (
            &["BEAMINIT_HOST=reverse", "CLUSTER_HOSTNAME=net"][..],
            "n@x_1.other",
            "no PTR of an address of this container is in CLUSTER_HOSTNAME (net), so that the host is x_1.other;",
        ),
        (
            &["POD_IP=127.0.0.1"],
            "n@p",
            "POD_IP is 127.0.0.1, at which no other node reaches this one;",
        ),
        (&["POD_IP=::"], "n@p", "POD_IP is ::, at which no"),
        (&["POD_IP=192.168.1.5"], "n@p", "is it status.podIP?"),
    ] {
        let config = config(&[&["HOSTNAME=p", "+10.1.2.3"][..], words].concat()).unwrap();
        let chosen = Candidate::own(NodeName::parse(node).unwrap(), "");
        let warning = address_warning(&config, &chosen).unwrap_or_default();
        assert!(warning.contains(part), "{words:?}: {warning}");
    }
}

#[test]
fn says_what_is_missing() {
    let label = "x".repeat(64);
    let hostname = format!("HOSTNAME={label}");
    for (words, says) in [
        (
            vec![
                "HOSTNAME=p",
                "CLUSTER_HOSTNAME=app",
                "KUBERNETES_SERVICE_HOST=10.96.0.1",
            ],
            "set POD_NAMESPACE",
        ),
        (vec!["BEAMINIT_HOST=service"], "CLUSTER_HOSTNAME is not set"),
        (vec!["BEAMINIT_HOST=ip"], "POD_IP is not set"),
        (
            vec!["BEAMINIT_HOST=hostname", "HOSTNAME=p"],
            "HOSTNAME is \"p\", without a dot",
        ),
        (vec![], "HOSTNAME is not set"),
        (vec!["HOSTNAME=a b"], "HOSTNAME is \"a b\": ' ' cannot"),
        (
            vec![hostname.as_str()],
            "has 64 characters, and DNS allows 63",
        ),
        (
            vec!["RELEASE_NAME=a.b", "HOSTNAME=p"],
            "RELEASE_NAME is \"a.b\": '.' cannot",
        ),
        (
            vec!["SNAME=a.b", "HOSTNAME=p"],
            "SNAME is \"a.b\": '.' cannot",
        ),
        (vec!["BEAMINIT_NODE=n@pod"], "has no dot"),
    ] {
        let got = names(&words).unwrap_err();
        assert!(got.contains(says), "{words:?}: {got}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn asks_for_a_ptr_by_the_name_that_dns_software_does(address: IpAddr) {
        let name = reverse_name(address);
        prop_assert_eq!(format!("{name}."), Name::from(address).to_ascii());
        prop_assert!(Host::parse(&name).is_ok());
    }
}
