//! `environment ──► Config`: the only place of launch that reads the environment. After it there are types.
//!
//! Every variable that cannot be read is reported, all of them together, one line each: the variable's name, its value
//! (never a cookie's), what to do.

pub mod addresses;
mod asks;
pub mod cookie;
mod keyword;
pub mod peers;
mod pod;
pub mod resolv_conf;
mod service_link;
mod service_name;
mod similar;
mod tls;
mod variables;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use crate::error::{Failure, Failures};
use crate::log::Logging;
use crate::node::host::loopback;
use crate::node::{Cookie, NamePart, NodeName, Port};
use crate::system::Environment;

pub use addresses::{AddressFilter, InterfaceAddress, Kind};
pub use keyword::{
    BindTo, Boot, Check, CookieVia, DnsMode, EpmdMode, HostForm, Keyword, LauncherKind,
};
pub use peers::Peers;
pub use pod::{Namespace, Pod};
pub use service_name::ServiceName;
pub use tls::Tls;
use variables::Variables;
pub use variables::unreplaced;

/// How long the dns gate waits by default.
const DNS_TIMEOUT: Duration = Duration::from_secs(120);

/// Everything that the environment says, read.
#[derive(Clone)]
pub struct Config {
    /// `SNAME`.
    pub sname: Option<NamePart>,
    /// `HOSTNAME`, as it came.
    pub hostname: Option<String>,
    /// `CLUSTER_HOSTNAME`.
    pub cluster: Option<ServiceName>,
    /// `POD_NAMESPACE`.
    pub namespace: Option<Namespace>,
    /// `POD_IP`, where it is an address or a variable that holds one.
    pub pod_ip: Option<IpAddr>,
    /// What this pod's address has to fit: `BEAMINIT_INTERFACE`, and `POD_IP` where it is a family.
    pub address_filters: Vec<Setting<AddressFilter>>,
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
    /// `BEAMINIT_BIND`.
    pub bind: BindTo,
    /// `BEAMINIT_PEERS`, `BEAMINIT_PEERS_INTERVAL` and `BEAMINIT_PEERS_BOOT`.
    pub peers: Option<Peers>,
    /// `BEAMINIT_TLS` and `BEAMINIT_TLS_PEERS`.
    pub tls: Option<Tls>,
    /// `BEAMINIT_LAUNCHER`.
    pub launcher: LauncherKind,
    /// `BEAMINIT_KUBECTL` and `BEAMINIT_DOCKER`, for beaminit-attach: the words of these programs.
    pub kubectl: Vec<String>,
    pub docker: Vec<String>,
    /// `RELEASE_NAME`.
    pub release_name: Option<String>,
    /// `RELEASE_COOKIE`.
    pub release_cookie: Option<Setting<Cookie>>,
    /// What is known from the pod itself; only for a node and its clients it is read.
    pub pod: Pod,
    /// The whole environment, for the command.
    pub environment: Environment,
    /// The names in it that the command line itself gave, by `env NAME=VALUE`.
    pub assigned: Vec<String>,
    /// `BEAMINIT_LOG`, `BEAMINIT_LOG_FORMAT` and `BEAMINIT_TERMINATION_LOG`.
    pub logging: Logging,
    /// What the user should know of the variables themselves.
    pub warnings: Vec<String>,
}

/// How beaminit was called.
#[derive(Clone)]
pub struct Invocation {
    /// The words of the command; a subcommand may have none.
    pub command: Vec<OsString>,
    pub environment: Environment,
}

/// A value, and the variable that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
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

/// How to log, also where the rest of the environment cannot be read.
pub fn logging(environment: &Environment) -> Logging {
    let pairs = environment.0.iter();
    let pairs = pairs.filter(|(name, _)| variables::LOG.iter().any(|log| name == log));
    let pairs: Vec<_> = pairs.cloned().collect();
    Variables::new(pairs.into()).logging()
}

impl Config {
    /// Reads the environment. `wants_cookie`: else nothing of a cookie is read or complained of.
    ///
    /// # Errors
    /// All that cannot be read, [`Exit::Config`](crate::exit::Exit::Config).
    pub fn read(environment: Environment, wants_cookie: bool) -> Result<Self, Failure> {
        let mut variables = Variables::new(environment);
        let config = Self::of(&mut variables, wants_cookie);
        variables.check();
        let mut failures = variables.failures;
        let cluster_hostname = variables.environment.variable("CLUSTER_HOSTNAME");
        if config.host.needs_cluster() && cluster_hostname.is_none() {
            failures.push(format!(
                "BEAMINIT_HOST is {:?}, and CLUSTER_HOSTNAME is not set; set it to the Service's DNS name",
                config.host.word()
            ));
        }
        if config.node.is_some() && config.host != HostForm::Auto {
            failures.push("BEAMINIT_NODE and BEAMINIT_HOST are both set; BEAMINIT_NODE is the whole name: unset one");
        }
        let mut config = Self {
            environment: variables.environment,
            warnings: variables.warnings,
            ..config
        };
        let (of_shared, others) = (variables.of_shared.or(()), failures.or(()));
        if others.is_ok() && !config.asks_for_changes() {
            let lines = of_shared.err().map(|failure| failure.lines);
            config.warnings.extend(lines.into_iter().flatten());
            return Ok(config);
        }
        let mut failures = Failures::default();
        failures.take(others);
        failures.take(of_shared);
        failures.or(config)
    }

    /// What is read by name. Each variable of beaminit's is in here, and is known by that.
    fn of(variables: &mut Variables, wants_cookie: bool) -> Self {
        let [cookie, release_cookie] = if wants_cookie {
            cookie::read(variables)
        } else {
            [None, None]
        };
        let dns_timeout = variables.read("BEAMINIT_DNS_TIMEOUT", time_limit);
        let (pod_ip, family) = addresses::pod_ip(variables);
        let interface = variables.read("BEAMINIT_INTERFACE", AddressFilter::parse);
        let interface = interface.map(|filter| Setting::new(filter, "BEAMINIT_INTERFACE"));
        Self {
            logging: variables.logging(),
            host: variables.keyword("BEAMINIT_HOST").unwrap_or_default(),
            dns: variables.keyword("BEAMINIT_DNS"),
            dns_timeout: dns_timeout.unwrap_or(Some(DNS_TIMEOUT)),
            launcher: variables.keyword("BEAMINIT_LAUNCHER").unwrap_or_default(),
            cookie_via: variables.keyword("BEAMINIT_COOKIE_VIA").unwrap_or_default(),
            check: variables.keyword("BEAMINIT_CHECK").unwrap_or_default(),
            epmd: variables.keyword("BEAMINIT_EPMD").unwrap_or_default(),
            bind: variables.keyword("BEAMINIT_BIND").unwrap_or_default(),
            sname: variables.read("SNAME", NamePart::parse),
            cluster: variables.read("CLUSTER_HOSTNAME", ServiceName::parse),
            namespace: variables.read("POD_NAMESPACE", Namespace::parse),
            pod_ip,
            address_filters: interface.into_iter().chain(family).collect(),
            cookie,
            release_cookie,
            wants_cookie,
            port: variables.read("ERL_PORT", Port::parse),
            node: variables.read("BEAMINIT_NODE", long_name),
            peers: Peers::read(variables),
            tls: Tls::read(variables),
            kubectl: words(variables.text("BEAMINIT_KUBECTL"), "kubectl"),
            docker: words(variables.text("BEAMINIT_DOCKER"), "docker"),
            release_name: variables.text("RELEASE_NAME"),
            hostname: variables.text("HOSTNAME"),
            pod: Pod::default(),
            assigned: Vec::new(),
            environment: Environment::default(),
            warnings: Vec::new(),
        }
    }

    /// A variable of the command's own, where it is UTF-8 and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.variable(name)
    }

    /// A variable that is a path, of whatever bytes, where it is not empty.
    pub fn path(&self, name: &str) -> Option<&Path> {
        self.environment.get(name).map(Path::new)
    }

    /// Does this pod have addresses of IPv6 alone, or is it to use those alone?
    pub fn has_ipv6_alone(&self) -> bool {
        let all = self.addresses();
        let used = if self.address_filters.is_empty() {
            all.len()
        } else {
            1
        };
        !all.is_empty() && all.iter().take(used).all(IpAddr::is_ipv6)
    }

    /// Are there signs of Kubernetes: a namespace from anywhere, or its API's address?
    pub fn is_kubernetes(&self) -> bool {
        self.namespace.is_some()
            || self.pod.namespace.is_some()
            || self.pod.resolv_conf.zone().is_some()
            || self.variable("KUBERNETES_SERVICE_HOST").is_some()
    }

    /// The port of the epmd that the VM starts or asks; `None` where it cannot be read.
    pub fn epmd_port(&self) -> Option<Port> {
        let set = self.variable("ERL_EPMD_PORT");
        set.map_or(Some(Port::EPMD), |text| Port::parse(text).ok())
    }

    /// Where a node of this container may listen: the address that it binds, or the loopback addresses, that of its own family
    /// first, and the pod's.
    pub fn listening_addresses(&self, ipv6: bool, bound: Option<IpAddr>) -> Vec<IpAddr> {
        if let Some(address) = bound {
            return vec![address];
        }
        let mut addresses = vec![loopback(ipv6), loopback(!ipv6)];
        addresses.extend(self.addresses());
        addresses
    }

    /// This pod's addresses, its main one first.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let interfaces = self.pod.addresses.iter().map(|one| one.address);
        let others = interfaces.filter(|address| Some(*address) != self.pod_ip);
        self.pod_ip.into_iter().chain(others).collect()
    }
}

fn words(set: Option<String>, default: &str) -> Vec<String> {
    let set = set.filter(|text| !text.trim().is_empty());
    let words = set.as_deref().unwrap_or(default).split_whitespace();
    words.map(str::to_owned).collect()
}

fn long_name(text: &str) -> Result<NodeName, String> {
    let name = NodeName::parse(text)?;
    if name.is_long() {
        return Ok(name);
    }
    Err("its host has no dot, and no peer may connect to such a long name; write the full host name".into())
}

/// A time like `90s` or `2m`; `0` is `None`, for ever.
fn time_limit(text: &str) -> Result<Option<Duration>, String> {
    if text == "0" {
        return Ok(None);
    }
    humantime::parse_duration(text)
        .map(|time| Some(time).filter(|time| !time.is_zero()))
        .map_err(|_| "not a time; write it like 90s or 2m, or 0 to wait for ever".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_time_limits() {
        for (text, expected) in [
            ("90s", Some(Some(90))),
            ("2m", Some(Some(120))),
            ("1m 30s", Some(Some(90))),
            ("0", Some(None)),
            ("0s", Some(None)),
            ("90", None),
            ("-1s", None),
            ("forever", None),
        ] {
            assert_eq!(
                time_limit(text).ok(),
                expected.map(|time| time.map(Duration::from_secs)),
                "{text}"
            );
        }
    }
}
