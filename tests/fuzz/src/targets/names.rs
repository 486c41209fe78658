use std::net::IpAddr;

use hickory_resolver::proto::rr::Name;

use crate::node::host::dashed;
use crate::node::{Host, NamePart, NodeName, Port};

/// Host names, node names and their parts, ports; and the bytes as an address.
pub fn names(bytes: &[u8]) {
    let text = super::text(bytes);
    match Host::parse(&text) {
        Ok(host) => is_sound(&host, &text),
        Err(reason) => is_one_line(&reason),
    }
    match NodeName::parse(&text) {
        Ok(node) => {
            let printed = node.to_string();
            assert!(printed.len() <= 255);
            assert_eq!(NodeName::parse(&printed), Ok(node.clone()));
            assert_eq!(node.is_long(), node.flag() == "-name");
            is_sound(&node.host, text.split_once('@').unwrap().1);
        }
        Err(reason) => is_one_line(&reason),
    }
    match NamePart::parse(&text) {
        Ok(name) => assert_eq!(name.to_string(), text),
        Err(reason) => is_one_line(&reason),
    }
    if let Ok(port) = Port::parse(&text) {
        assert_eq!(
            Port::parse(&port.to_string()),
            Ok(port),
            "{}",
            port.number()
        );
    }
    for address in addresses(bytes) {
        let label = dashed(address);
        // A zero at the start has no rule in CoreDNS, and makes no name.
        assert_eq!(Host::parse(&label).is_ok(), !label.starts_with('-'));
        assert_eq!(
            Host::parse(&address.to_string()),
            Ok(Host::Address(address))
        );
    }
}

fn is_sound(host: &Host, text: &str) {
    let printed = host.to_string();
    assert_eq!(Host::parse(&printed).as_ref(), Ok(host));
    assert!((1..=253).contains(&printed.len()) && !printed.ends_with('.'));
    assert_eq!(host.is_long(), printed.contains(['.', ':']));
    for same in [text.to_ascii_lowercase(), text.to_ascii_uppercase()] {
        assert!(
            Host::parse(&same).is_ok_and(|same| same.is(host)),
            "{same:?}"
        );
    }
    if !matches!(host, Host::Address(_)) {
        assert_eq!(host.has_upper_case(), printed != printed.to_lowercase());
        assert_eq!(Name::from_ascii(&printed).unwrap().to_ascii(), printed);
    }
}

fn is_one_line(reason: &str) {
    assert!(
        !reason.is_empty() && !reason.contains(char::is_control),
        "{reason}"
    );
}

fn addresses(bytes: &[u8]) -> Vec<IpAddr> {
    let v4 = bytes.first_chunk::<4>().map(|four| IpAddr::from(*four));
    let v6 = bytes
        .first_chunk::<16>()
        .map(|sixteen| IpAddr::from(*sixteen));
    v4.into_iter().chain(v6).collect()
}
