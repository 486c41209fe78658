//! /etc/hosts, as the resolver of a libc reads it: for what others than we look up. hosts(5)

use std::net::IpAddr;

use crate::system::files::text_of;

/// The addresses that it has for a name.
pub fn addresses(name: &str) -> Vec<IpAddr> {
    read(&text_of("/etc/hosts").unwrap_or_default(), name)
}

fn read(hosts: &str, name: &str) -> Vec<IpAddr> {
    let lines = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let address = words.next()?.parse().ok()?;
            let is_it = words.any(|word| word.eq_ignore_ascii_case(name));
            is_it.then_some(address)
        })
        .collect()
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
            let found: Vec<String> = read(hosts, "app-0").iter().map(IpAddr::to_string).collect();
            assert_eq!(found.join(" "), expected, "{hosts}");
        }
    }
}
