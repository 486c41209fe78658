//! The variables that mean something to beaminit, each known by being read. Everything else in the environment passes by,
//! whatever bytes it has.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tracing::level_filters::LevelFilter;

use super::keyword::Keyword;
use super::service_link::is_service_link;
use super::similar::nearest;
use crate::error::Failures;
use crate::init::Settings;
use crate::log::{LogFormat, Logging};
use crate::system::printable::shortened;
use crate::system::{Environment, secrets};

/// Other programs' variables that hold a node's name or cookie.
const OF_OTHERS: [&str; 6] = [
    "RELEASE_NODE",
    "RABBITMQ_NODENAME",
    "RABBITMQ_ERLANG_COOKIE",
    "ERLANG_NODE",
    "ERLANG_NODE_ARG",
    "RELEASE_DISTRIBUTION",
];

/// Those of ours that other programs read as well, and that ask for nothing.
const SHARED: [&str; 4] = ["HOSTNAME", "POD_IP", "POD_NAMESPACE", "RELEASE_NAME"];

/// The log's.
pub const LOG: [&str; 3] = [
    "BEAMINIT_LOG",
    "BEAMINIT_LOG_FORMAT",
    "BEAMINIT_TERMINATION_LOG",
];

/// The environment while it is read: what is wrong with it is collected, to be reported together.
pub struct Variables {
    pub environment: Environment,
    /// What is text and not yet read, by name in lower case: envy reads it so.
    values: BTreeMap<String, String>,
    /// The names that were read.
    names: Vec<&'static str>,
    pub warnings: Vec<String>,
    pub failures: Failures,
    /// Those of variables that other programs read as well: none where nothing is asked for.
    pub of_shared: Failures,
}

impl Variables {
    pub fn new(environment: Environment) -> Self {
        let text = environment.0.iter().filter_map(|(name, value)| {
            let name = name.to_str()?;
            // One with lower case in it is another variable.
            let is_other = name.contains(|c: char| c.is_ascii_lowercase());
            let value = value.to_str().filter(|_| !is_other)?;
            Some((name.to_owned(), value.to_owned()))
        });
        Self {
            values: envy::from_iter(text).unwrap_or_default(),
            environment,
            names: Settings::NAMES.to_vec(),
            warnings: Vec::new(),
            failures: Failures::default(),
            of_shared: Failures::default(),
        }
    }

    /// A value as it is, but for line ends behind it; it is taken out, and each is read once.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.names.push(name);
        let mut text = self.values.remove(&name.to_ascii_lowercase())?;
        text.truncate(without_line_ends(&text).len());
        Some(text).filter(|text| !text.is_empty())
    }

    /// Warns of one that is set and says something of another, which is not.
    pub fn warn_of_alone(&mut self, name: &str, other: &str) {
        self.warnings.push(format!(
            "{name} is set, and does nothing without {other}; set both, or unset {name}"
        ));
    }

    /// A value, read; what is wrong with it becomes a line with its name and what may be shown of it.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let reason = match parse(&text) {
            Ok(value) => return Some(value),
            Err(reason) => reason,
        };
        let hint = unreplaced(&text);
        let shown = shortened(&secrets::shown_value(name, text));
        let failures = failures_of(name, [&mut self.failures, &mut self.of_shared]);
        failures.push(format!("{name} is {shown:?}: {reason}{hint}"));
        None
    }

    /// One of a few words.
    pub fn keyword<T: Keyword>(&mut self, name: &'static str) -> Option<T> {
        self.read(name, T::parse)
    }

    /// How to log. Where that cannot be read, the defaults serve until it is reported.
    pub fn logging(&mut self) -> Logging {
        Logging {
            level: self.keyword(LOG[0]).unwrap_or(LevelFilter::INFO),
            format: self.keyword(LOG[1]).unwrap_or(LogFormat::Text),
            termination_log: self.text(LOG[2]).map(PathBuf::from),
        }
    }

    /// When all is read: complains of values that are not text, of names given twice, of `BEAMINIT_` names that mean
    /// nothing, and of init's settings. Takes line ends off values, since a Secret that `echo` made ends in one.
    pub fn check(&mut self) {
        let of_values = std::mem::take(&mut self.failures);
        let setting = |name: &str| self.environment.get(name).map(ToOwned::to_owned);
        for line in Settings::parse(setting).err().into_iter().flatten() {
            self.failures.push(line);
        }
        let mut found = Vec::new();
        for (name, value) in &mut self.environment.0 {
            let Some(name) = name.to_str() else { continue };
            let is_ours = self.names.contains(&name);
            let failures = failures_of(name, [&mut self.failures, &mut self.of_shared]);
            if is_ours && found.contains(&name) {
                failures.push(format!("{name} is in the environment twice; leave one out"));
            }
            found.push(name);
            if Settings::NAMES.contains(&name) {
                continue;
            }
            match value.to_str() {
                Some(text) if is_ours || OF_OTHERS.contains(&name) => {
                    let trimmed = without_line_ends(text);
                    if trimmed.len() < text.len() {
                        self.warnings.push(format!(
                            "{name} ends in a line end, which is left out; write it without (printf, or echo -n)"
                        ));
                        *value = trimmed.into();
                    }
                }
                None if is_ours => {
                    let is_secret = secrets::shown_value(name, &*value) != value.to_string_lossy();
                    let shown = (!is_secret).then(|| format!("{value:?}, "));
                    failures.push(format!(
                        "{name} is {}not UTF-8; write it in plain characters",
                        shown.unwrap_or_default()
                    ));
                }
                _ if name.starts_with("BEAMINIT_")
                    && !is_service_link(name, &value.to_string_lossy()) =>
                {
                    failures.push(format!(
                        "{} is no variable of beaminit's; did you mean {}?",
                        shortened(&secrets::shown_name(name)),
                        nearest(name, &self.names)
                    ));
                }
                _ => {}
            }
        }
        self.failures.take(of_values.or(()));
    }
}

/// Where what is wrong with a variable belongs: with our own, or with the shared ones.
fn failures_of<'a>(name: &str, [own, shared]: [&'a mut Failures; 2]) -> &'a mut Failures {
    if SHARED.contains(&name) { shared } else { own }
}

/// The reason why a value still has `$(NAME)` in it, if it has.
/// <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>
pub fn unreplaced(text: &str) -> &'static str {
    if text.contains("$(") || text.contains("${") {
        "; nothing has replaced the variable in it: Kubernetes does so only for one that is defined before it"
    } else {
        ""
    }
}

fn without_line_ends(text: &str) -> &str {
    text.trim_end_matches(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    /// What is wrong with these variables.
    fn complaints(pairs: &[(&str, &[u8])]) -> Vec<String> {
        let result = Config::read(environment(pairs), true);
        result.map_or_else(|failure| failure.lines, |_| Vec::new())
    }

    fn environment(pairs: &[(&str, &[u8])]) -> Environment {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| (name.into(), OsString::from_vec(value.to_vec())));
        pairs.collect::<Vec<_>>().into()
    }

    #[test]
    fn reads_what_it_knows_and_lets_the_rest_pass() {
        let pairs: [(&str, &[u8]); 4] = [
            ("SNAME", b"app\n"),
            ("HOSTNAME", b"\n"),
            ("sname", b"other"),
            ("LANG", b"\xff\xfe"),
        ];
        assert_eq!(complaints(&pairs), Vec::<String>::new());
        let mut variables = Variables::new(environment(&pairs));
        assert_eq!(variables.text("SNAME").as_deref(), Some("app"));
        assert_eq!(variables.text("HOSTNAME"), None);
        variables.check();
        assert_eq!(variables.warnings.len(), 2);
        assert_eq!(variables.environment.variable("SNAME"), Some("app"));
    }

    #[test]
    fn what_is_read_is_not_kept_a_second_time() {
        let pairs: [(&str, &[u8]); 3] = [
            ("BEAMINIT_LOG", b"debug"),
            ("ERLANG_COOKIE", b"chocolate"),
            ("RELEASE_COOKIE", b"vanilla"),
        ];
        let mut variables = Variables::new(environment(&pairs));
        let config = Config::of(&mut variables, true);
        assert!(config.cookie.is_some());
        assert_eq!(config.logging.level, LevelFilter::DEBUG);
        assert_eq!(variables.values, BTreeMap::new());
    }

    #[test]
    fn the_help_has_each_variable() {
        let mut variables = Variables::new(Environment::default());
        Config::of(&mut variables, true);
        let mut known = variables.names;
        known.retain(|name| !name.starts_with("RELEASE_"));
        let help = [crate::cli::HELP, include_str!("../attach/help.txt")].concat();
        for name in known {
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
            let lines = complaints(&[(name, value.as_bytes())]);
            assert_eq!(lines.is_empty(), ours, "{name}={value}: {lines:?}");
        }
    }

    #[test]
    fn the_name_that_was_meant() {
        let mut variables = Variables::new(Environment::default());
        Config::of(&mut variables, true);
        for (name, meant) in [
            ("COOKI", "COOKIE_VIA"),
            ("COKIE", "COOKIE_VIA"),
            ("COOKIEVIA", "COOKIE_VIA"),
            ("COOKIE_FILE", "COOKIE_VIA"),
            ("VIA", "COOKIE_VIA"),
            ("HSOT", "HOST"),
            ("host", "HOST"),
            ("HOSTNAME", "HOST"),
            ("DSN", "DNS"),
            ("DN", "DNS"),
            ("DNS_MODE", "DNS"),
            ("TIMEOUT\n", "DNS_TIMEOUT"),
            ("DNS_TIME", "DNS_TIMEOUT"),
            ("DNS_TIMEUOT", "DNS_TIMEOUT"),
            ("STOP_TIME", "STOP_TIMEOUT"),
            ("LOG_LEVEL", "LOG"),
            ("LOG_FORMA", "LOG_FORMAT"),
            ("FORMAT", "LOG_FORMAT"),
            ("TERMINATION", "TERMINATION_LOG"),
            ("PEER", "PEERS"),
            ("INTERVAL", "PEERS_INTERVAL"),
            ("LAUNCH", "LAUNCHER"),
            ("SIGNAL", "SIGNALS"),
            ("EPMD_OFF", "EPMD"),
            ("TLS_PEER", "TLS_PEERS"),
        ] {
            let (name, meant) = (format!("BEAMINIT_{name}"), format!("BEAMINIT_{meant}"));
            assert_eq!(nearest(&name, &variables.names), meant, "{name}");
        }
    }

    #[test]
    fn complains_of_bytes_and_of_unknown_names() {
        let lines = complaints(&[
            ("SNAME", b"a\xff"),
            ("HOSTNAME", b"a"),
            ("HOSTNAME", b"b"),
            ("ERLANG_COOKIE", b"secret\xff"),
            ("BEAMINIT_DSN", b"off"),
            ("BEAMINIT_TIMEOUT\n", b"1s"),
        ]);
        assert_eq!(lines.len(), 5);
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
        assert!(!all.contains("secret"), "{all:?}");
    }
}
