//! `environment ──► Config`: the only place of launch that reads the environment. After it there are types.
//!
//! Every variable that cannot be read is reported, all of them together, one line each: the variable's name, its value
//! (never a cookie's), what to do.

mod cluster;
pub mod cookie;
mod launcher;
pub mod peers;
mod pod;
mod raw;
pub mod resolv_conf;
mod values;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::error::Failure;
use crate::node::{Cookie, Host, NamePart, NodeName, Port};
use crate::system::secrets;

use crate::log::{Format, Logging};
use crate::system::Environment;
pub use cluster::Cluster;
pub use launcher::LauncherKind;
pub use peers::Peers;
pub use pod::Pod;
pub use raw::Raw;
pub use values::{Check, CookieVia, DnsMode, EpmdMode, HostForm};

/// How long the dns gate waits where nothing is said.
const DNS_TIMEOUT: Duration = Duration::from_secs(120);

/// Everything that the environment says, read.
#[derive(Clone)]
pub struct Config {
    /// `SNAME`.
    pub sname: Option<NamePart>,
    /// `HOSTNAME`, as it came.
    pub hostname: Option<String>,
    /// `CLUSTER_HOSTNAME`; whether it ended in a dot decides its completion.
    pub cluster: Option<Cluster>,
    /// `POD_NAMESPACE`.
    pub namespace: Option<String>,
    /// `POD_IP`.
    pub pod_ip: Option<IpAddr>,
    /// `ERLANG_COOKIE`, or what `ERLANG_COOKIE_FILE` holds.
    pub cookie: Option<Setting<Cookie>>,
    /// Is any cookie wanted? If not, none is read, wherever it is.
    pub wants_cookie: bool,
    /// `BEAMINIT_COOKIE_VIA`.
    pub cookie_via: CookieVia,
    /// `BEAMINIT_CHECK`.
    pub check: Check,
    /// `ERL_PORT`.
    pub port: Option<Port>,
    /// `BEAMINIT_NODE`.
    pub node: Option<NodeName>,
    /// `BEAMINIT_HOST`.
    pub host: HostForm,
    /// `BEAMINIT_DNS`.
    pub dns: Option<DnsMode>,
    /// `BEAMINIT_DNS_TIMEOUT`; `None` is for ever.
    pub dns_timeout: Option<Duration>,
    /// `BEAMINIT_EPMD`.
    pub epmd: EpmdMode,
    /// `BEAMINIT_PEERS`, `BEAMINIT_PEERS_INTERVAL` and `BEAMINIT_PEERS_BOOT`.
    pub peers: Option<Peers>,
    /// `BEAMINIT_LAUNCHER`.
    pub launcher: LauncherKind,
    /// `BEAMINIT_KUBECTL`.
    pub kubectl: Option<String>,
    /// `RELEASE_NAME`.
    pub release_name: Option<String>,
    /// `RELEASE_COOKIE`.
    pub release_cookie: Option<Cookie>,
    /// What the pod itself tells, once somebody has looked: only a node and its clients need to.
    pub pod: Pod,
    /// All of it, for the command.
    pub environment: Environment,
    /// The names in it that the command line itself gave, by `env NAME=VALUE`.
    pub assigned: Vec<String>,
    /// What the user should know of the variables themselves.
    pub warnings: Vec<String>,
}

/// How beaminit was called.
pub struct Invocation {
    /// The words of the command, at least one.
    pub command: Vec<OsString>,
    /// The environment.
    pub environment: Environment,
    /// What init had to complain of in its own settings.
    pub settings: Option<Vec<String>>,
}

/// A value and the variable that said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The variable's name, or another place.
    pub by: String,
}

impl<T> Setting<T> {
    /// A value and its place.
    pub fn new(value: T, by: impl Into<String>) -> Self {
        let by = by.into();
        Self { value, by }
    }
}

/// The environment, read by name but not yet by meaning.
pub struct Reading {
    raw: Raw,
    environment: Environment,
    wants_cookie: bool,
    complaints: Vec<String>,
    warnings: Vec<String>,
}

impl Reading {
    /// Takes the environment, and what init had to complain of in its own settings.
    pub fn new(mut environment: Environment, settings: Option<Vec<String>>) -> Self {
        let warnings = raw::trim_line_ends(&mut environment);
        let (raw, mut complaints) = raw::read(&environment);
        complaints.extend(settings.into_iter().flatten());
        Self {
            raw,
            environment,
            wants_cookie: true,
            complaints,
            warnings,
        }
    }

    /// How to log. What cannot be read is complained of later; until then the defaults serve.
    pub fn logging(&mut self) -> Logging {
        let Self {
            raw, complaints, ..
        } = self;
        let level = read(
            "BEAMINIT_LOG",
            raw.beaminit_log.as_deref(),
            values::log_level,
            complaints,
        );
        let format = read(
            "BEAMINIT_LOG_FORMAT",
            raw.beaminit_log_format.as_deref(),
            values::log_format,
            complaints,
        );
        Logging {
            level: level.unwrap_or(LevelFilter::INFO),
            format: format.unwrap_or(Format::Text),
            termination_log: raw.beaminit_termination_log.as_ref().map(PathBuf::from),
        }
    }

    /// Reads everything else.
    ///
    /// # Errors
    /// All complaints of the start, [`Exit::Config`].
    pub fn config(self) -> Result<Config, Failure> {
        let Self {
            raw,
            environment,
            wants_cookie,
            mut complaints,
            warnings,
        } = self;
        let lines = &mut complaints;
        macro_rules! read {
            ($name:literal, $field:ident, $parse:expr) => {
                read($name, raw.$field.as_deref(), $parse, lines)
            };
        }
        let host = read!("BEAMINIT_HOST", beaminit_host, HostForm::parse);
        let dns_timeout = read!(
            "BEAMINIT_DNS_TIMEOUT",
            beaminit_dns_timeout,
            values::time_limit
        );
        let launcher = read!("BEAMINIT_LAUNCHER", beaminit_launcher, LauncherKind::parse);
        let cookie_via = read!("BEAMINIT_COOKIE_VIA", beaminit_cookie_via, CookieVia::parse);
        let check = read!("BEAMINIT_CHECK", beaminit_check, Check::parse);
        let epmd = read!("BEAMINIT_EPMD", beaminit_epmd, EpmdMode::parse);
        if let Some(form) =
            host.filter(|form| form.needs_cluster() && raw.cluster_hostname.is_none())
        {
            lines.push(format!(
                "BEAMINIT_HOST is {:?}, and CLUSTER_HOSTNAME is not set; set it to the Service's DNS name",
                form.word()
            ));
        }
        let config = Config {
            sname: read!("SNAME", sname, NamePart::parse),
            namespace: read!("POD_NAMESPACE", pod_namespace, namespace),
            pod_ip: read!("POD_IP", pod_ip, address),
            cookie: cookie::read(&raw, lines),
            wants_cookie,
            cookie_via: cookie_via.unwrap_or(CookieVia::Arg),
            check: check.unwrap_or_default(),
            port: read!("ERL_PORT", erl_port, Port::parse),
            node: read!("BEAMINIT_NODE", beaminit_node, long_name),
            host: host.unwrap_or(HostForm::Auto),
            dns: read!("BEAMINIT_DNS", beaminit_dns, DnsMode::parse),
            dns_timeout: dns_timeout.unwrap_or(Some(DNS_TIMEOUT)),
            epmd: epmd.unwrap_or_default(),
            peers: Peers::read(&raw, lines),
            launcher: launcher.unwrap_or(LauncherKind::Auto),
            release_cookie: cookie::of_release(&raw, lines),
            cluster: read!("CLUSTER_HOSTNAME", cluster_hostname, Cluster::parse),
            kubectl: raw.beaminit_kubectl,
            release_name: raw.release_name,
            hostname: raw.hostname,
            pod: Pod::default(),
            environment,
            assigned: Vec::new(),
            warnings,
        };
        if config.node.is_some() && host.is_some_and(|form| form != HostForm::Auto) {
            lines.push("BEAMINIT_NODE and BEAMINIT_HOST are both set; BEAMINIT_NODE is the whole name: unset one".into());
        }
        if complaints.is_empty() {
            Ok(config)
        } else {
            Err(Failure::config_lines(complaints))
        }
    }
}

impl Config {
    /// A variable of the command's own, where it is UTF-8 and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.variable(name)
    }

    /// A variable that is a path, of whatever bytes, where it is not empty.
    pub fn path(&self, name: &str) -> Option<&Path> {
        self.environment.get(name).map(Path::new)
    }

    /// The words that kubectl's command lines begin with: `BEAMINIT_KUBECTL`, split at blanks.
    pub fn kubectl(&self) -> Vec<String> {
        let words = self.kubectl.as_deref().unwrap_or_default();
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            vec!["kubectl".to_owned()]
        } else {
            words
        }
    }

    /// The variable that says, on purpose, what the node is called; a name made of mere defaults yields to a release's own.
    pub fn names_node(&self) -> Option<&'static str> {
        let said = [
            ("BEAMINIT_NODE", self.node.is_some()),
            ("CLUSTER_HOSTNAME", self.cluster.is_some()),
            ("BEAMINIT_HOST", self.host != HostForm::Auto),
            ("SNAME", self.sname.is_some()),
        ];
        said.iter().find(|(_, set)| *set).map(|(name, _)| *name)
    }

    /// The variable that asks, on purpose, for a node of the cluster. Without one, nothing is changed.
    pub fn asks_for_node(&self) -> Option<&'static str> {
        // Set, even for who does not read it.
        let is_set = |name: &&str| self.variable(name).is_some();
        let cookie = || {
            let mut names = ["ERLANG_COOKIE", "ERLANG_COOKIE_FILE"].into_iter();
            names.find(is_set)
        };
        let others = [
            ("ERL_PORT", self.port.is_some()),
            ("BEAMINIT_PEERS", self.peers.is_some()),
            ("BEAMINIT_EPMD", self.epmd == EpmdMode::Off),
        ];
        let other = || others.iter().find(|(_, set)| *set).map(|(name, _)| *name);
        self.names_node().or_else(cookie).or_else(other)
    }

    /// Does any variable ask for something that a start can only do by changing the command's own name, cookie or port, or
    /// by a gate?
    pub fn asks_for_changes(&self) -> bool {
        let others = self.dns.is_some() || self.cookie_via == CookieVia::File;
        others || self.asks_for_node().is_some()
    }

    /// Does this pod have addresses of IPv6 alone?
    pub fn has_ipv6_alone(&self) -> bool {
        let all = self.addresses();
        !all.is_empty() && all.iter().all(IpAddr::is_ipv6)
    }

    /// Are there signs of Kubernetes: a namespace from anywhere, or its API's address?
    pub fn is_kubernetes(&self) -> bool {
        self.namespace.is_some()
            || self.pod.namespace.is_some()
            || self.pod.resolv_conf.zone().is_some()
            || self.variable("KUBERNETES_SERVICE_HOST").is_some()
    }

    /// This pod's addresses: `POD_IP`, then those of its interfaces.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let interfaces = self
            .pod
            .addresses
            .iter()
            .copied()
            .filter(|address| Some(*address) != self.pod_ip);
        self.pod_ip.into_iter().chain(interfaces).collect()
    }
}

/// Reads one variable; what is wrong with it becomes a line with its name and value.
fn read<T>(
    name: &str,
    value: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, String>,
    lines: &mut Vec<String>,
) -> Option<T> {
    let value = value?;
    let shown = || secrets::shown_value(name, value);
    parse(value)
        .map_err(|reason| lines.push(format!("{name} is {:?}: {reason}", shown())))
        .ok()
}

/// Reads a variable whose value may not be shown.
fn secret(name: &str, value: &str, lines: &mut Vec<String>) -> Option<Cookie> {
    Cookie::parse(value)
        .map_err(|reason| lines.push(format!("{name} cannot be a cookie: {reason}")))
        .ok()
}

fn long_name(text: &str) -> Result<NodeName, String> {
    let name = NodeName::parse(text)?;
    if name.is_long() {
        return Ok(name);
    }
    Err("its host has no dot, and no peer may connect to such a long name; write the full host name".into())
}

fn namespace(text: &str) -> Result<String, String> {
    match Host::parse(text)? {
        Host::Short(name) => Ok(name),
        _ => Err("a namespace is one label, without dots".into()),
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "not an IP address".into())
}
