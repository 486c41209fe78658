use std::net::IpAddr;

use crate::config::{self, Config, InterfaceAddress, Kind, Namespace, Pod, ServiceName, Setting};
use crate::exit::Exit;
use crate::init::Settings;
use crate::naming::{self, Lookup};
use crate::node::NodeName;
use crate::system::Environment;
use crate::system::printable::one_line;

/// A whole environment, as in `/proc/PID/environ`, up to the names of the node. What is no assignment is the pod's own:
/// `@HOSTNAME`, `+ADDRESS`, `/NAMESPACE`, `?SEARCH LIST`.
pub fn environment(bytes: &[u8]) {
    let mut environment = Vec::new();
    let mut pod = Pod::default();
    for entry in bytes.split(|byte| *byte == 0) {
        if let Some(pair) = super::assignment(entry) {
            environment.push(pair);
            continue;
        }
        let entry = super::text(entry);
        if let Some(name) = entry.strip_prefix('@').filter(|name| !name.is_empty()) {
            pod.hostname = Some(name.into());
        } else if let Some(name) = entry.strip_prefix('/') {
            pod.namespace = Namespace::parse(name).ok();
        } else if let Some(search) = entry.strip_prefix('?') {
            pod.resolv_conf.search = search.split_whitespace().map(Into::into).collect();
        } else {
            let address = entry.strip_prefix('+').map(str::parse::<IpAddr>);
            let address = address.and_then(Result::ok);
            pod.addresses
                .extend(address.map(|address| InterfaceAddress {
                    interface: "eth0".into(),
                    address,
                    kind: Kind::Plain,
                }));
        }
    }
    let environment = Environment(environment);
    let secret = is_secret(&environment, bytes);
    let complaints = Settings::parse(|name| {
        environment
            .variable(name)
            .filter(|value| !value.is_empty())
            .map(Into::into)
    })
    .err();
    let logging = format!("{:?}", config::logging(&environment));
    assert!(!(secret && logging.contains(super::SECRET)));
    match Config::read(environment, true) {
        Ok(config) => {
            assert_eq!(complaints, None);
            names(&Config { pod, ..config });
        }
        Err(failure) => {
            assert_eq!(failure.exit, Exit::Config);
            for line in complaints.iter().flatten() {
                assert!(failure.lines.contains(line));
            }
            are_lines(&failure.lines);
            assert!(!(secret && failure.lines.concat().contains(super::SECRET)));
        }
    }
}

/// Is the secret in a cookie's variable, and nowhere else?
fn is_secret(environment: &Environment, bytes: &[u8]) -> bool {
    let cookies = ["ERLANG_COOKIE", "RELEASE_COOKIE"];
    let mut values = environment
        .0
        .iter()
        .filter(|(name, _)| cookies.iter().any(|known| name == known));
    values.any(|(_, value)| value.to_string_lossy().contains(super::SECRET))
        && super::text(bytes).matches(super::SECRET).count() == 1
}

fn are_lines(lines: &[String]) {
    assert!(!lines.is_empty());
    for line in lines {
        assert!(
            !line.is_empty() && !one_line(line).contains('\n'),
            "{line:?}"
        );
    }
}

/// The candidates: each is a name, made as it says.
fn names(config: &Config) {
    let default = Setting::new("prog".to_owned(), "the program's file name");
    let candidates = match naming::candidates(config, None, &default) {
        Ok(candidates) => candidates,
        Err(failure) => {
            assert_eq!(failure.exit, Exit::Config);
            return are_lines(&failure.lines);
        }
    };
    assert!(!candidates.is_empty());
    let said = config.names_node().is_some();
    assert!(said || candidates.iter().all(|one| one.lookup == Lookup::Own));
    for one in &candidates {
        assert!(!one.from.is_empty());
        assert_eq!(
            NodeName::parse(&one.node.to_string()).as_ref(),
            Ok(&one.node)
        );
        if let Lookup::Reverse(address) = one.lookup {
            assert_eq!(one.node.host.to_string(), reverse_name(address));
        }
        // Only what is whole as it is may be short.
        let whole = |cluster: &ServiceName| cluster.is_absolute || !config.is_kubernetes();
        assert!(one.node.is_long() || config.cluster.as_ref().is_none_or(whole));
        if config.node.is_none()
            && let Some(name) = &config.sname
        {
            assert_eq!(*name, one.node.name);
        }
        if one.lookup == Lookup::Service && naming::is_completed(config) {
            let host = one.node.host.to_string().to_lowercase();
            assert!(host.contains(".svc."), "{host}");
        }
    }
}

/// RFC 1035 §3.5 and RFC 3596 §2.5, by another way than the code's.
fn reverse_name(address: IpAddr) -> String {
    let (mut labels, zone): (Vec<String>, _) = match address {
        IpAddr::V4(v4) => (
            v4.to_string().split('.').map(Into::into).collect(),
            "in-addr.arpa",
        ),
        IpAddr::V6(v6) => (
            format!("{:032x}", v6.to_bits())
                .chars()
                .map(Into::into)
                .collect(),
            "ip6.arpa",
        ),
    };
    labels.reverse();
    format!("{}.{zone}", labels.join("."))
}
