//! Whatever oddities stand around them, the good lines count, and nothing else.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::config::resolv_conf::*;

#[derive(Clone, Debug)]
enum Line {
    Nameserver(IpAddr, Option<&'static str>),
    Search(&'static str, Vec<String>),
    Odd(String),
}

fn line() -> impl Strategy<Value = Line> {
    let domains = vec(r"[a-z0-9_-]{1,9}(\.[A-Z0-9-]{1,9}){0,3}", 1..6);
    prop_oneof![
        any::<IpAddr>().prop_map(|address| Line::Nameserver(address, None)),
        (any::<Ipv6Addr>(), select(vec!["eth0", "2"]))
            .prop_map(|(address, interface)| Line::Nameserver(address.into(), Some(interface))),
        (select(vec!["search", "domain"]), domains)
            .prop_map(|(keyword, domains)| Line::Search(keyword, domains)),
        odd().prop_map(Line::Odd),
    ]
}

/// As found in the wild.
fn odd() -> impl Strategy<Value = String> {
    let fixed = [
        "",
        "options ndots:5 edns0 trust-ad single-request what:ever",
        "nameserver",
        "nameserver fe80::1%",
        "nameserver 10.0.0.1%eth0",
        "nameserver 10.0.0.256",
        "nameserver dns.example.com 10.0.0.1",
        "nameserver10.0.0.1",
        "NAMESERVER 10.0.0.1",
        "Search x.y",
        "sortlist 10.0.0.0/8",
        "lookup file bind",
        "\u{feff}nameserver 10.0.0.1",
    ];
    prop_oneof![
        select(fixed.to_vec()).prop_map(Into::into),
        "[#;][ -~]{0,20}",
        "[A-Z]{1,9}[ -~]{0,20}",
    ]
}

/// A line as somebody may have typed it: indented, with tabs, a comment behind it, CRLF.
fn typed(line: &Line, [indent, gap, comment, end]: [&str; 4]) -> String {
    let words = match line {
        Line::Nameserver(address, None) => vec!["nameserver".into(), address.to_string()],
        Line::Nameserver(address, Some(interface)) => {
            vec!["nameserver".into(), format!("{address}%{interface}")]
        }
        Line::Search(keyword, domains) => {
            let dotted = domains.iter().map(|domain| format!("{domain}."));
            let domains = if comment.is_empty() {
                domains.clone()
            } else {
                dotted.collect()
            };
            [vec![(*keyword).to_owned()], domains].concat()
        }
        Line::Odd(text) => vec![text.clone()],
    };
    format!("{indent}{}{comment}{end}", words.join(gap))
}

fn typing() -> impl Strategy<Value = [&'static str; 4]> {
    [
        select(vec!["", " ", "\t"]),
        select(vec![" ", "\t", " \t "]),
        select(vec!["", " # why", ";x", "#nameserver 10.9.9.9"]),
        select(vec!["\n", "\r\n", " \r\n", "\n\n"]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_good_lines_count(lines in vec((line(), typing()), 0..12)) {
        let text: String = lines.iter().map(|(line, typing)| typed(line, *typing)).collect();
        let mut nameservers: Vec<Nameserver> = Vec::new();
        let mut search = Vec::new();
        let mut has_domain = false;
        for (line, _) in lines {
            match line {
                Line::Nameserver(address, interface) => {
                    nameservers.push(Nameserver { address, interface: interface.map(Into::into) });
                    nameservers.dedup();
                }
                Line::Search(keyword, domains) => {
                    has_domain |= keyword == "domain" && !domains.is_empty();
                    search = domains;
                }
                Line::Odd(_) => {}
            }
        }
        if nameservers.is_empty() {
            nameservers.push(Nameserver::LOCAL);
        }
        prop_assert_eq!(ResolvConf::parse(&text), ResolvConf { nameservers, search, has_domain, over_tcp: false, written: None });
    }

    #[test]
    fn kubernetes_is_told_by_its_search_list(
        namespace in "[a-z0-9-]{1,9}",
        zone in r"[a-z]{1,9}(\.[a-z]{1,9}){0,3}",
        others in vec(r"[a-z]{4,9}\.[a-z]{4,9}", 0..4),
    ) {
        prop_assume!(namespace != "svc");
        let search = format!("search {namespace}.svc.{zone} svc.{zone} {zone} {}", others.join(" "));
        let conf = ResolvConf::parse(&search);
        prop_assert_eq!(conf.namespace(), Some(namespace.as_str()));
        prop_assert_eq!(conf.zone(), Some(zone.as_str()));
    }

    #[test]
    fn anything_has_a_nameserver(text: String) {
        prop_assert!(!ResolvConf::parse(&text).nameservers.is_empty());
    }
}
