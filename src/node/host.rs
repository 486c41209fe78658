//! The part of a node name behind the `@`: a domain name, a short host name, or an address.
//!
//! RFC 1035 §2.3.4 for the lengths; RFC 1123 §2.1 for the characters, with the underscore that Docker's names have.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host, as a node name carries it: no trailing dot, not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A domain name with a dot in it: a long name's host.
    Domain(String),
    /// A name without a dot: a short name's host.
    Short(String),
    /// An address: a long name's host that no DNS is asked for.
    Address(IpAddr),
}

impl Host {
    /// Reads a host; trailing dots are stripped.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind the variable's name and value.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let name = text.trim_end_matches('.');
        if name.is_empty() {
            return Err("there is no name in it".into());
        }
        for label in name.split('.') {
            check_label(label)?;
        }
        if name.len() > 253 {
            return Err(format!(
                "{} characters, and a domain name has at most 253",
                name.len()
            ));
        }
        if !name.contains('.') {
            return Ok(Self::Short(name.into()));
        }
        // OTP takes all that has a dot for a long name; all digits and dots is an address written wrong.
        if name.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return Err("it looks like an address and is none".into());
        }
        Ok(Self::Domain(name.into()))
    }

    /// This host under a domain: `app-0` under `app.prod.svc.cluster.local`.
    ///
    /// # Errors
    /// The whole is too long.
    pub fn under(label: &str, domain: &impl fmt::Display) -> Result<Self, String> {
        Self::parse(&format!("{label}.{domain}"))
    }

    /// May it stand in a long name? An address may, a short name may not.
    pub fn is_long(&self) -> bool {
        !matches!(self, Self::Short(_))
    }

    /// Is it equal to another as DNS compares names, without regard to case?
    pub fn is(&self, other: &Self) -> bool {
        self == other || self.to_string().eq_ignore_ascii_case(&other.to_string())
    }

    /// Is it in this domain?
    pub fn is_under(&self, domain: &Self) -> bool {
        let suffix = format!(".{domain}").to_ascii_lowercase();
        self.to_string().to_ascii_lowercase().ends_with(&suffix)
    }

    /// What is to be warned of: a name that is valid and that peers will hardly spell so.
    pub fn has_upper_case(&self) -> bool {
        matches!(self, Self::Domain(name) | Self::Short(name) if name.bytes().any(|byte| byte.is_ascii_uppercase()))
    }
}

fn check_label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("two dots in a row, or a dot at the start".into());
    }
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(bad) = label.chars().find(|c| !is_plain(c)) {
        return Err(format!(
            "{bad:?} cannot stand in a host name (letters, digits, - and _ can)"
        ));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(format!("its label {label:?} starts or ends with a dash"));
    }
    if label.len() > 63 {
        return Err(format!(
            "its label {label:?} has {} characters, and DNS allows 63",
            label.len()
        ));
    }
    Ok(())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) | Self::Short(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// An address as the first label of a pod's record: `10-1-2-3`, `fd00--1`, `fd00--0` for `fd00::`.
///
/// As `CoreDNS` makes it (plugin/kubernetes, endpointHostname): a label may not end in a dash.
pub fn dashed(address: IpAddr) -> String {
    let mut label = address.to_string().replace(['.', ':'], "-");
    if label.ends_with('-') {
        label.push('0');
    }
    label
}

/// Is the first label of a name that of one of these addresses?
pub fn is_dashed(name: &str, addresses: &[IpAddr]) -> bool {
    let mut labels = addresses.iter().map(|address| dashed(*address));
    labels.any(|dashed| first_label(name) == dashed)
}

pub fn first_label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// What follows the first label of a name.
pub fn domain(name: &str) -> Option<String> {
    let (_, domain) = name.split_once('.')?;
    Some(domain.to_ascii_lowercase())
}

/// The loopback address of a VM that speaks IPv4, or IPv6.
pub fn loopback(ipv6: bool) -> IpAddr {
    if ipv6 {
        Ipv6Addr::LOCALHOST.into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    }
}

/// The name that a PTR question asks: RFC 1035 §3.5, RFC 3596 §2.5.
pub fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let bytes = v6.octets().into_iter().rev();
            let nibbles = bytes.map(|byte| format!("{:x}.{:x}.", byte & 0xf, byte >> 4));
            nibbles.collect::<String>() + "ip6.arpa"
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_hosts() {
        let long = "a".repeat(63);
        let longer = "a".repeat(64);
        let deep = format!("{long}.{long}.{long}.{long}");
        for (text, expected) in [
            ("a.b", Ok(Host::Domain("a.b".into()))),
            ("a.b.", Ok(Host::Domain("a.b".into()))),
            ("a.b..", Ok(Host::Domain("a.b".into()))),
            ("pod", Ok(Host::Short("pod".into()))),
            (
                "proj_app_1.proj_net",
                Ok(Host::Domain("proj_app_1.proj_net".into())),
            ),
            ("10.1.2.3", Ok(Host::Address([10, 1, 2, 3].into()))),
            ("fd00::1", Ok(Host::Address("fd00::1".parse().unwrap()))),
            ("App.Local", Ok(Host::Domain("App.Local".into()))),
            (long.as_str(), Ok(Host::Short(long.clone()))),
            (longer.as_str(), Err("its label")),
            (deep.as_str(), Err("255 characters")),
            ("", Err("there is no name")),
            (".", Err("there is no name")),
            (".a", Err("two dots")),
            ("a..b", Err("two dots")),
            ("a b", Err("' ' cannot")),
            ("a@b.c", Err("'@' cannot")),
            ("é.b", Err("'é' cannot")),
            ("a/b", Err("'/' cannot")),
            ("-a.b", Err("its label \"-a\" starts")),
            ("a.b-", Err("its label \"b-\" starts")),
            ("[::1]", Err("'[' cannot")),
            ("10.1.2", Err("it looks like an address")),
            ("256.1.2.3", Err("it looks like an address")),
        ] {
            match (Host::parse(text), expected) {
                (got, Ok(host)) => assert_eq!(got, Ok(host), "{text}"),
                (got, Err(start)) => assert!(
                    got.clone().unwrap_err().starts_with(start),
                    "{text}: {got:?}"
                ),
            }
        }
    }

    #[test]
    fn dashes_addresses_as_coredns_does() {
        for (address, label) in [
            ("10.1.2.3", "10-1-2-3"),
            ("fd00::1", "fd00--1"),
            ("fd00::", "fd00--0"),
            ("::1", "--1"),
        ] {
            assert_eq!(dashed(address.parse().unwrap()), label);
        }
    }
}
