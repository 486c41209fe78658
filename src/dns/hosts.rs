//! /etc/hosts, as the C library's resolver reads it: for what other programs look up, not for the gate. hosts(5)

use std::net::IpAddr;

use crate::system::files::text_of;

const FILE: &str = "/etc/hosts";

/// The addresses that it has for a name.
pub fn addresses(name: &str) -> Vec<IpAddr> {
    parse(&text_of(FILE).unwrap_or_default(), name)
}

/// Is it a machine's, which the kubelet has copied for a pod in the machine's network? In the first line it says so:
/// <https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet_pods.go>, managedHostsHeaderWithHostNetwork
pub fn is_of_machine() -> bool {
    text_of(FILE)
        .is_ok_and(|text| text.starts_with("# Kubernetes-managed hosts file (host network)"))
}

fn parse(hosts: &str, name: &str) -> Vec<IpAddr> {
    let address_of = |(address, names): (&str, Vec<&str>)| {
        let is_named = names.iter().any(|word| word.eq_ignore_ascii_case(name));
        address.parse().ok().filter(|_| is_named)
    };
    lines(hosts).filter_map(address_of).collect()
}

/// The long form of a name, in the first line that has it.
pub fn long_form(host: &str) -> Option<String> {
    let hosts = text_of(FILE).unwrap_or_default();
    let (_, names) = lines(&hosts).find(|(_, names)| names.contains(&host))?;
    let start = format!("{host}.");
    let long = names.into_iter().find(|name| name.starts_with(&start));
    long.map(str::to_owned)
}

/// The address of each line, and its names.
fn lines(hosts: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    hosts.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        Some((words.next()?, words.collect()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts() {
        for (hosts, expected) in [
            ("127.0.0.1 localhost\n10.1.2.3\tapp-0", "10.1.2.3"),
            ("10.1.2.3 app-0.example.com APP-0 # me", "10.1.2.3"),
            ("10.1.2.3 app-0\nfd00::3 app-0\n", "10.1.2.3 fd00::3"),
            ("10.1.2.3 app-0.example.com", ""),
            ("# 10.1.2.3 app-0", ""),
            ("10.1.2.3 other # app-0", ""),
            ("none app-0", ""),
            ("app-0", ""),
            ("", ""),
        ] {
            let found: Vec<String> = parse(hosts, "app-0")
                .iter()
                .map(IpAddr::to_string)
                .collect();
            assert_eq!(found.join(" "), expected, "{hosts}");
        }
    }
}
