//! What holds for every name, not just for those in the tables.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::host::dashed;
use crate::node::*;

/// With a letter in it, so that no address is among them.
fn domain() -> impl Strategy<Value = String> {
    let labels = vec("[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?", 1..4);
    ("[a-zA-Z]{1,20}", labels).prop_map(|(first, rest)| format!("{first}.{}", rest.join(".")))
}

fn name_part() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_][A-Za-z0-9_-]{0,40}"
}

/// IPv6 addresses as they are given: with zeros at the end, at the start, within.
fn v6() -> impl Strategy<Value = Ipv6Addr> {
    (any::<[u16; 8]>(), vec(any::<Index>(), 0..8), 0..8usize).prop_map(
        |(mut groups, zeros, end)| {
            for zero in zeros {
                *zero.get_mut(&mut groups) = 0;
            }
            groups
                .iter_mut()
                .rev()
                .take(end)
                .for_each(|group| *group = 0);
            groups.into()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_domain_is_itself(domain in domain(), dots in r"\.{0,3}") {
        let host = Host::parse(&format!("{domain}{dots}")).unwrap();
        prop_assert_eq!(&host, &Host::Domain(domain.clone()));
        prop_assert_eq!(host.to_string(), domain.as_str());
        prop_assert_eq!(host.has_upper_case(), domain != domain.to_lowercase());
        for other in [domain.to_uppercase(), domain.to_lowercase()] {
            prop_assert!(host.is(&Host::parse(&other).unwrap()));
        }
        let below = Host::under("x", &domain).unwrap();
        prop_assert!(!host.is(&below));
    }

    #[test]
    fn no_host_has_another_character(
        domain in domain(),
        at: Index,
        bad in select(" @/\\'\"$`*#;&|\n\t\0é".chars().collect::<Vec<_>>()),
    ) {
        let mut text = domain;
        text.insert(at.index(text.len() + 1), bad);
        prop_assert!(Host::parse(&text).is_err());
    }

    #[test]
    fn what_parses_is_printed_and_parses_back(text in r"([a-z0-9-]{0,5}@)?[a-fA-F0-9:._-]{0,40}") {
        if let Ok(host) = Host::parse(&text) {
            prop_assert_eq!(Host::parse(&host.to_string()), Ok(host));
        }
        if let Ok(node) = NodeName::parse(&text) {
            prop_assert_eq!(NodeName::parse(&node.to_string()), Ok(node));
        }
    }

    #[test]
    fn a_node_name_is_its_parts(name in name_part(), domain in domain(), short: bool) {
        let host = if short { domain.split('.').next().unwrap() } else { &domain };
        let text = format!("{name}@{host}");
        let node = NodeName::parse(&text).unwrap();
        prop_assert_eq!(node.to_string(), text);
        prop_assert_eq!(node.name.to_string(), name);
        prop_assert_eq!(node.host.to_string(), host);
        prop_assert_eq!(node.flag(), if short { "-sname" } else { "-name" });
    }

    #[test]
    fn nothing_longer_than_255_is_a_node_name(name in "n{1,253}", labels in vec("h{1,63}", 2..5)) {
        let host = labels.join(".");
        let fits = host.len() <= 253 && name.len() + 1 + host.len() <= 255;
        prop_assert_eq!(NodeName::parse(&format!("{name}@{host}")).is_ok(), fits);
    }

    #[test]
    fn an_address_is_a_host(address: IpAddr) {
        let host = Host::parse(&address.to_string()).unwrap();
        prop_assert_eq!(&host, &Host::Address(address));
        prop_assert!(host.is_long() && !host.has_upper_case());
    }

    #[test]
    fn a_dashed_v4_is_a_label_of_its_bytes(address: Ipv4Addr) {
        let label = dashed(address.into());
        let bytes: Vec<u8> = label.split('-').map(|byte| byte.parse().unwrap()).collect();
        prop_assert_eq!(bytes, address.octets());
        prop_assert_eq!(Host::parse(&label), Ok(Host::Short(label)));
    }

    #[test]
    fn a_dashed_v6_tells_the_address_and_ends_in_no_dash(address in v6()) {
        let label = dashed(address.into());
        prop_assert!(!label.ends_with('-') && label.len() <= 63);
        // A dash at the start has no rule: CoreDNS publishes it, and no host name has it.
        prop_assert_eq!(Host::parse(&label).is_ok(), !label.starts_with('-'));
        // An IPv4 address inside has dots, which nothing brings back.
        if !address.to_string().contains('.') {
            prop_assert_eq!(label.replace('-', ":").parse(), Ok(address));
        }
    }
}
