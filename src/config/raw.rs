//! The environment as it came: the variables that mean something to beaminit, by their exact names.
//!
//! First step of `environment ──► Config`. envy reads them into one struct of strings; everything else in the
//! environment passes by, whatever bytes it has.

use serde::Deserialize;

use crate::system::Environment;

use crate::init::Settings;
use crate::system::secrets;

macro_rules! variables {
    ($($field:ident = $name:literal,)*) => {
        /// The variables' values; unset and empty are both `None`.
        #[derive(Clone, Default, Deserialize)]
        pub struct Raw { $(pub $field: Option<String>,)* }

        /// Their names, spelled as in the environment.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

variables! {
    sname = "SNAME",
    hostname = "HOSTNAME",
    cluster_hostname = "CLUSTER_HOSTNAME",
    pod_namespace = "POD_NAMESPACE",
    pod_ip = "POD_IP",
    erlang_cookie = "ERLANG_COOKIE",
    erlang_cookie_file = "ERLANG_COOKIE_FILE",
    erl_port = "ERL_PORT",
    beaminit_node = "BEAMINIT_NODE",
    beaminit_host = "BEAMINIT_HOST",
    beaminit_dns = "BEAMINIT_DNS",
    beaminit_dns_timeout = "BEAMINIT_DNS_TIMEOUT",
    beaminit_epmd = "BEAMINIT_EPMD",
    beaminit_cookie_via = "BEAMINIT_COOKIE_VIA",
    beaminit_check = "BEAMINIT_CHECK",
    beaminit_launcher = "BEAMINIT_LAUNCHER",
    beaminit_peers = "BEAMINIT_PEERS",
    beaminit_peers_interval = "BEAMINIT_PEERS_INTERVAL",
    beaminit_peers_boot = "BEAMINIT_PEERS_BOOT",
    beaminit_kubectl = "BEAMINIT_KUBECTL",
    beaminit_log = "BEAMINIT_LOG",
    beaminit_log_format = "BEAMINIT_LOG_FORMAT",
    beaminit_termination_log = "BEAMINIT_TERMINATION_LOG",
    release_name = "RELEASE_NAME",
    release_cookie = "RELEASE_COOKIE",
}

/// What cannot be read at all: one line each.
type Lines = Vec<String>;

/// Reads the variables, and complains of `BEAMINIT_` names that mean nothing.
pub fn read(environment: &Environment) -> (Raw, Lines) {
    let mut lines = Vec::new();
    let mut known = Vec::new();
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        if NAMES.contains(&name) {
            match value.to_str() {
                Some("") => {}
                Some(value) => known.push((name.to_owned(), value.to_owned())),
                None if secrets::shown_value(name, value) != value.to_string_lossy() => {
                    lines.push(format!("{name} is not UTF-8; write it in plain characters"));
                }
                None => lines.push(format!(
                    "{name} is {value:?}, not UTF-8; write it in plain characters"
                )),
            }
        } else if name.starts_with("BEAMINIT_")
            && !Settings::NAMES.contains(&name)
            && !is_service_link(name, &value.to_string_lossy())
        {
            lines.push(format!(
                "{} is no variable of beaminit's; did you mean {}?",
                secrets::shown_name(name).escape_debug(),
                nearest(name)
            ));
        }
    }
    let raw = envy::from_iter(known).unwrap_or_else(|error| {
        // Strings into strings: only a name given twice in the environment can get here.
        lines.push(format!(
            "the environment cannot be read: {error}; is a variable in it twice?"
        ));
        Raw::default()
    });
    (raw, lines)
}

/// Other programs' variables that hold a node's name or cookie.
const OF_OTHERS: [&str; 6] = [
    "RELEASE_NODE",
    "RABBITMQ_NODENAME",
    "RABBITMQ_ERLANG_COOKIE",
    "ERLANG_NODE",
    "ERLANG_NODE_ARG",
    "RELEASE_DISTRIBUTION",
];

/// Takes line ends off the values that nobody meant to have one: a Secret that `echo` made ends in one. Says of which.
pub fn trim_line_ends(environment: &mut Environment) -> Lines {
    let is_known = |name: &str| NAMES.contains(&name) || OF_OTHERS.contains(&name);
    let mut lines = Vec::new();
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| is_known(name)) else {
            continue;
        };
        let Some(text) = value.to_str() else { continue };
        let trimmed = text.trim_end_matches(['\n', '\r']);
        if trimmed.len() < text.len() {
            lines.push(format!(
                "{name} ends in a line end, which is left out; write it without (printf, or echo -n)"
            ));
            *value = trimmed.into();
        }
    }
    lines
}

/// Is this what Kubernetes sets in every pod for a Service, here one whose name starts with `beaminit`?
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>
fn is_service_link(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    // A plain BEAMINIT_PORT=5555 is somebody's mistake.
    let is_url = || {
        let protocol = value.split_once("://").map(|(protocol, _)| protocol);
        protocol.is_some_and(|it| PROTOCOLS.contains(&it.to_ascii_uppercase().as_str()))
    };
    let is_port = |(_, port): (&str, &str)| {
        let mut words = port.split('_');
        words
            .next()
            .is_some_and(|number| number.parse::<u16>().is_ok())
            && words.next().is_some_and(|word| PROTOCOLS.contains(&word))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT") && is_url()
        || name.split_once("_PORT_").is_some_and(is_port)
}

fn nearest(name: &str) -> &'static str {
    let name = name.to_ascii_uppercase();
    let ours = NAMES.iter().filter(|known| known.starts_with("BEAMINIT_"));
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, &name);
    ours.chain(&Settings::NAMES)
        .min_by_key(distance)
        .copied()
        .unwrap_or("BEAMINIT_HOST")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    fn environment(pairs: &[(&str, &[u8])]) -> Environment {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| (name.into(), OsString::from_vec(value.to_vec())));
        pairs.collect::<Vec<_>>().into()
    }

    #[test]
    fn reads_what_it_knows_and_lets_the_rest_pass() {
        let (raw, lines) = read(&environment(&[
            ("SNAME", b"app"),
            ("HOSTNAME", b""),
            ("sname", b"other"),
            ("LANG", b"\xff\xfe"),
            ("ERL_PORT", b"1"),
        ]));
        assert_eq!(
            (raw.sname.as_deref(), raw.hostname, raw.erl_port.as_deref()),
            (Some("app"), None, Some("1"))
        );
        assert_eq!(lines, Vec::<String>::new());
    }

    #[test]
    fn the_readme_has_a_row_for_each_variable_and_no_other() {
        let readme = include_str!("../../README.md");
        let rows = readme
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        let names = rows.map(|(name, _)| name);
        let looks_ours = |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let mut documented: Vec<&str> = names.filter(looks_ours).collect();
        let of_releases = |name: &&&str| !name.starts_with("RELEASE_");
        let mut known: Vec<&str> = NAMES.iter().filter(of_releases).copied().collect();
        known.extend(Settings::NAMES);
        documented.sort_unstable();
        documented.dedup();
        known.sort_unstable();
        assert_eq!(documented, known);
        let help = [crate::cli::HELP, include_str!("../attach/help.txt")].concat();
        for name in NAMES.iter().filter(of_releases).chain(&Settings::NAMES) {
            assert!(help.contains(name), "{name} in --help");
        }
    }

    #[test]
    fn a_service_of_this_name_is_no_setting() {
        for (name, value, ours) in [
            ("BEAMINIT_SERVICE_HOST", "10.96.0.7", true),
            ("BEAMINIT_SERVICE_PORT", "4369", true),
            ("BEAMINIT_SERVICE_PORT_EPMD", "4369", true),
            ("BEAMINIT_PORT", "tcp://10.96.0.7:4369", true),
            ("BEAMINIT_PORT_4369_TCP", "tcp://10.96.0.7:4369", true),
            ("BEAMINIT_PORT_53_UDP_ADDR", "10.96.0.7", true),
            ("BEAMINIT_DNS_SERVICE_HOST", "10.96.0.7", true),
            ("BEAMINIT_DNS_PORT", "udp://10.96.0.7:53", true),
            ("BEAMINIT_PORT", "43691", false),
            ("BEAMINIT_PORT_MIN", "43691", false),
            ("BEAMINIT_SERVICE", "app", false),
        ] {
            let (_, lines) = read(&environment(&[(name, value.as_bytes())]));
            assert_eq!(lines.is_empty(), ours, "{name}={value}: {lines:?}");
        }
    }

    #[test]
    fn complains_of_bytes_and_of_unknown_names() {
        let (_, lines) = read(&environment(&[
            ("SNAME", b"a\xff"),
            ("ERLANG_COOKIE", b"secret\xff"),
            ("BEAMINIT_DSN", b"off"),
            ("BEAMINIT_TIMEOUT\n", b"1s"),
        ]));
        assert_eq!(lines.len(), 4);
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("SNAME is \"a\\xFF\", not UTF-8")),
            "{lines:?}"
        );
        assert!(
            lines
                .iter()
                .any(|line| line.ends_with("did you mean BEAMINIT_DNS?")),
            "{lines:?}"
        );
        let all = lines.join("");
        assert!(!all.contains("secret") && !all.contains('\n'), "{all:?}");
    }
}
