use crate::config::resolv_conf::ResolvConf;

/// `/etc/resolv.conf`.
pub fn resolv_conf(bytes: &[u8]) {
    let text = super::text(bytes);
    let read = ResolvConf::parse(&text);
    assert!(!read.nameservers.is_empty());
    for domain in &read.search {
        assert!(!domain.is_empty() && !domain.ends_with('.'));
        assert!(!domain.contains(|c: char| c.is_whitespace() || "#;".contains(c)));
    }
    if let Some(namespace) = read.namespace() {
        assert!(!namespace.is_empty() && !namespace.contains('.'));
        assert!(read.zone().is_some());
    }
    assert!(read.zone().is_none_or(|zone| !zone.is_empty()));
    for same in [
        written(&read),
        text.replace('\n', "\r\n"),
        text.replace('\n', "# comment\n"),
        text.replace('\n', "\n\n ; comment\noptions what:5 ever\n"),
    ] {
        assert_eq!(ResolvConf::parse(&same), read, "{same:?}");
    }
}

fn written(conf: &ResolvConf) -> String {
    let servers = conf.nameservers.iter();
    let servers: Vec<String> = servers
        .map(|server| format!("nameserver {server}"))
        .collect();
    let options = if conf.over_tcp {
        "options use-vc\n"
    } else {
        ""
    };
    // The search line behind it has the last word on the list.
    let domain = if conf.has_domain {
        "domain any.example\n"
    } else {
        ""
    };
    format!(
        "{domain}search {}\n{}\n{options}",
        conf.search.join(" "),
        servers.join("\n")
    )
}
