//! The settings that are one of a few words.

use tracing::level_filters::LevelFilter;

use crate::log::LogFormat;

/// Words and their meanings.
type Table<T> = &'static [(&'static str, T)];

/// What a word of the environment means.
pub trait Keyword: Copy + PartialEq + 'static {
    const WORDS: Table<Self>;

    /// Reads the word.
    ///
    /// # Errors
    /// All the words that there are, and the one that is nearest.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, value)) = Self::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let all: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
        let hint = meant(text, &all).map(|word| format!("; did you mean {word}?"));
        let hint = hint.unwrap_or_default();
        Err(format!("not one of {}{hint}", all.join(", ")))
    }

    /// The word, as in the environment.
    fn word(self) -> &'static str {
        let mut words = Self::WORDS.iter();
        let found = words.find(|(_, value)| *value == self);
        found.map_or("", |(word, _)| word)
    }
}

/// The word that was meant: one of the same meaning, the nearest, or one with an ending.
fn meant<'a>(text: &str, all: &[&'a str]) -> Option<&'a str> {
    let text = text.to_ascii_lowercase().replace('_', "-");
    let first_of = |words: &[&str]| {
        words
            .iter()
            .find_map(|one| all.iter().find(|word| *word == one))
    };
    let begins = all
        .iter()
        .find(|word| word.len() > 2 && text.starts_with(**word));
    let is_part = |word: &&&str| word.starts_with(&text) || word.ends_with(&text);
    let part = || all.iter().find(is_part).filter(|_| text.len() > 2);
    let same = match text.as_str() {
        "none" | "no" | "off" | "false" | "disabled" | "never" | "0" => first_of(&["off", "none"]),
        "on" | "yes" | "true" | "enabled" | "default" | "1" => {
            first_of(&["auto", "own", "stop", "sync"])
        }
        _ => None,
    };
    let distance = |word: &&&str| strsim::damerau_levenshtein(word, &text);
    let nearest = || {
        all.iter()
            .min_by_key(distance)
            .filter(|word| distance(word) <= 2)
    };
    same.or_else(nearest).or_else(part).or(begins).copied()
}

/// `BEAMINIT_HOST`: which form of host the node's name gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostForm {
    /// What fits the other variables.
    #[default]
    Auto,
    /// `$HOSTNAME.$CLUSTER_HOSTNAME`.
    Pod,
    /// `A-B-C-D.$CLUSTER_HOSTNAME`.
    PodIp,
    /// `$CLUSTER_HOSTNAME`.
    Service,
    /// `$HOSTNAME`.
    Hostname,
    /// The PTR of this pod's address.
    Reverse,
    /// `$POD_IP`.
    Ip,
}

impl Keyword for HostForm {
    const WORDS: Table<Self> = &[
        ("auto", Self::Auto),
        ("pod", Self::Pod),
        ("pod-ip", Self::PodIp),
        ("service", Self::Service),
        ("hostname", Self::Hostname),
        ("reverse", Self::Reverse),
        ("ip", Self::Ip),
    ];
}

impl HostForm {
    pub fn needs_cluster(self) -> bool {
        matches!(self, Self::Pod | Self::PodIp | Self::Service)
    }
}

/// `BEAMINIT_DNS`: what the record must answer before the node starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsMode {
    /// An address of this pod.
    Own,
    /// Any address.
    Any,
    /// Nothing is asked.
    Off,
}

impl Keyword for DnsMode {
    const WORDS: Table<Self> = &[("own", Self::Own), ("any", Self::Any), ("off", Self::Off)];
}

/// `BEAMINIT_EPMD`: whether the node makes its port known through epmd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EpmdMode {
    /// As the VM does: it starts one.
    #[default]
    Auto,
    Off,
}

impl Keyword for EpmdMode {
    const WORDS: Table<Self> = &[("auto", Self::Auto), ("off", Self::Off)];
}

/// `BEAMINIT_BIND`: where the VM and its epmd listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BindTo {
    /// At all addresses, or as the user's own flags say.
    #[default]
    All,
    /// At this pod's address alone; epmd at loopback too.
    Pod,
}

impl Keyword for BindTo {
    const WORDS: Table<Self> = &[("all", Self::All), ("pod", Self::Pod)];
}

/// `BEAMINIT_COOKIE_VIA`: how the VM gets its cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieVia {
    /// As an argument, which `ps` shows.
    #[default]
    Arg,
    /// In a file that only this user can read.
    File,
}

impl Keyword for CookieVia {
    const WORDS: Table<Self> = &[("arg", Self::Arg), ("file", Self::File)];
}

/// `BEAMINIT_TLS_PEERS`: which certificates a node takes from the node that it connects to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsPeers {
    /// Those of the authority that name the other node's host.
    #[default]
    Host,
    /// All of the authority.
    Ca,
}

impl Keyword for TlsPeers {
    const WORDS: Table<Self> = &[("host", Self::Host), ("ca", Self::Ca)];
}

/// `BEAMINIT_CHECK`: what is done about a node that is not the Plan's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    #[default]
    Stop,
    Warn,
    /// The node is not checked.
    Off,
}

impl Keyword for Check {
    const WORDS: Table<Self> = &[
        ("stop", Self::Stop),
        ("warn", Self::Warn),
        ("off", Self::Off),
    ];
}

/// `BEAMINIT_PEERS_BOOT`: what the node knows of its peers when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Boot {
    /// Nothing: the process beside it will join them.
    #[default]
    Off,
    /// `sync_nodes_optional`: the node waits for those that were found.
    Sync,
}

impl Keyword for Boot {
    const WORDS: Table<Self> = &[("off", Self::Off), ("sync", Self::Sync)];
}

/// `BEAMINIT_LAUNCHER`: how the command starts a BEAM, where the user says so: a script of his own that ends in an
/// `exec erl`, or a node that is to be left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LauncherKind {
    /// What the command's file tells.
    #[default]
    Auto,
    /// `erl`, or what hands its environment to one.
    Erl,
    Elixir,
    Iex,
    Mix,
    Escript,
    /// A release made by `mix release`.
    MixRelease,
    /// A release made by relx.
    Relx,
    /// A release made by distillery.
    Distillery,
    /// An erlang-shipment made by gleam.
    Gleam,
    /// `rabbitmq-server` and its tools.
    RabbitMq,
    /// `ejabberdctl`.
    Ejabberd,
    /// None: the command runs untouched.
    None,
}

impl Keyword for LauncherKind {
    const WORDS: Table<Self> = &[
        ("auto", Self::Auto),
        ("erl", Self::Erl),
        ("elixir", Self::Elixir),
        ("iex", Self::Iex),
        ("mix", Self::Mix),
        ("escript", Self::Escript),
        ("mix-release", Self::MixRelease),
        ("relx", Self::Relx),
        ("distillery", Self::Distillery),
        ("gleam", Self::Gleam),
        ("rabbitmq", Self::RabbitMq),
        ("ejabberd", Self::Ejabberd),
        ("none", Self::None),
    ];
}

/// `BEAMINIT_LOG_FORMAT`.
impl Keyword for LogFormat {
    const WORDS: Table<Self> = &[("text", Self::Text), ("json", Self::Json)];
}

/// `BEAMINIT_LOG`.
impl Keyword for LevelFilter {
    const WORDS: Table<Self> = &[
        ("error", Self::ERROR),
        ("warn", Self::WARN),
        ("info", Self::INFO),
        ("debug", Self::DEBUG),
    ];
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_words() {
        assert_eq!(HostForm::parse("pod-ip"), Ok(HostForm::PodIp));
        assert_eq!(HostForm::PodIp.word(), "pod-ip");
        for (text, end) in [
            ("pod_ip", "did you mean pod-ip?"),
            ("Kubernetes", "reverse, ip"),
        ] {
            let reason = HostForm::parse(text).unwrap_err();
            assert!(reason.ends_with(end), "{reason}");
        }
        let hosts = ["auto", "pod", "pod-ip", "service", "ip"];
        for (text, all, word) in [
            ("POD-IP", &hosts[..], Some("pod-ip")),
            ("Pod_Ip", &hosts, Some("pod-ip")),
            ("serivce", &hosts, Some("service")),
            ("Kubernetes", &hosts, None),
            ("none", &["own", "any", "off"], Some("off")),
            ("false", &["auto", "off"], Some("off")),
            ("true", &["auto", "off"], Some("auto")),
            ("on", &["own", "any", "off"], Some("own")),
            ("off", &["auto", "erl", "none"], Some("none")),
            ("warning", &["error", "warn", "info"], Some("warn")),
            (
                "mix-rel",
                &["mix", "mix-release", "relx"],
                Some("mix-release"),
            ),
            (
                "release",
                &["erl", "mix-release", "relx"],
                Some("mix-release"),
            ),
            ("rabbit", &["erl", "rabbitmq"], Some("rabbitmq")),
            ("none", &["text", "json"], None),
        ] {
            assert_eq!(meant(text, all), word, "{text}");
        }
        assert_eq!(DnsMode::parse("any"), Ok(DnsMode::Any));
        assert_eq!(LogFormat::parse("json"), Ok(LogFormat::Json));
        assert_eq!(LevelFilter::parse("warn"), Ok(LevelFilter::WARN));
        assert!(LevelFilter::parse("warning").is_err());
    }
}
