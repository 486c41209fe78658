//! The settings that are one of a few words, or a time.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::log::Format;

/// `BEAMINIT_HOST`: which form of host the node's name gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostForm {
    /// What fits the other variables.
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

impl HostForm {
    const WORDS: [(&'static str, Self); 7] = [
        ("auto", Self::Auto),
        ("pod", Self::Pod),
        ("pod-ip", Self::PodIp),
        ("service", Self::Service),
        ("hostname", Self::Hostname),
        ("reverse", Self::Reverse),
        ("ip", Self::Ip),
    ];

    /// Reads the word.
    ///
    /// # Errors
    /// The words that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        one_of(&Self::WORDS, text)
    }

    /// Its word, as in the environment.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, form)| *form == self)
            .map_or("", |(word, _)| word)
    }

    /// Does it need `CLUSTER_HOSTNAME`?
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

impl DnsMode {
    /// Reads the word.
    ///
    /// # Errors
    /// The words that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        one_of(
            &[("own", Self::Own), ("any", Self::Any), ("off", Self::Off)],
            text,
        )
    }
}

/// `BEAMINIT_EPMD`: whether the node makes its port known through epmd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EpmdMode {
    /// As the VM does: it starts one.
    #[default]
    Auto,
    /// Without.
    Off,
}

impl EpmdMode {
    /// Reads the word.
    ///
    /// # Errors
    /// The words that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        one_of(&[("auto", Self::Auto), ("off", Self::Off)], text)
    }
}

/// `BEAMINIT_COOKIE_VIA`: how the VM gets its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieVia {
    /// As an argument, which `ps` shows.
    Arg,
    /// In a file that only this user can read.
    File,
}

impl CookieVia {
    /// Reads the word.
    ///
    /// # Errors
    /// The words that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        one_of(&[("arg", Self::Arg), ("file", Self::File)], text)
    }
}

/// `BEAMINIT_CHECK`: what is done about a node that is not the Plan's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// It is stopped.
    #[default]
    Stop,
    /// It is warned of.
    Warn,
    /// Nobody looks.
    Off,
}

impl Check {
    /// Reads the word.
    ///
    /// # Errors
    /// The words that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = [
            ("stop", Self::Stop),
            ("warn", Self::Warn),
            ("off", Self::Off),
        ];
        one_of(&words, text)
    }
}

/// Reads `BEAMINIT_LOG_FORMAT`.
///
/// # Errors
/// The words that there are.
pub fn log_format(text: &str) -> Result<Format, String> {
    one_of(&[("text", Format::Text), ("json", Format::Json)], text)
}

/// Reads `BEAMINIT_LOG`.
///
/// # Errors
/// The words that there are.
pub fn log_level(text: &str) -> Result<LevelFilter, String> {
    let words = [
        ("error", LevelFilter::ERROR),
        ("warn", LevelFilter::WARN),
        ("info", LevelFilter::INFO),
        ("debug", LevelFilter::DEBUG),
    ];
    one_of(&words, text)
}

/// Reads a time like `90s` or `2m`; `0` is `None`, for ever.
///
/// # Errors
/// How to write one.
pub fn time_limit(text: &str) -> Result<Option<Duration>, String> {
    if text == "0" {
        return Ok(None);
    }
    humantime::parse_duration(text)
        .map(|time| Some(time).filter(|time| !time.is_zero()))
        .map_err(|_| "not a time; write it like 90s or 2m, or 0 to wait for ever".into())
}

/// Reads one of a few words.
///
/// # Errors
/// All of them, and the one that is nearest.
pub fn one_of<T: Copy>(words: &[(&str, T)], text: &str) -> Result<T, String> {
    words
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let nearest = all
                .iter()
                .min_by_key(|word| strsim::damerau_levenshtein(word, text));
            let hint = nearest.filter(|word| strsim::damerau_levenshtein(word, text) <= 2);
            let hint = hint
                .map(|word| format!("; did you mean {word}?"))
                .unwrap_or_default();
            format!("not one of {}{hint}", all.join(", "))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_words() {
        assert_eq!(HostForm::parse("pod-ip"), Ok(HostForm::PodIp));
        assert!(
            HostForm::parse("pod_ip")
                .unwrap_err()
                .ends_with("did you mean pod-ip?")
        );
        assert!(
            HostForm::parse("Kubernetes")
                .unwrap_err()
                .ends_with("reverse, ip")
        );
        assert_eq!(DnsMode::parse("any"), Ok(DnsMode::Any));
        assert_eq!(log_format("json"), Ok(Format::Json));
        assert_eq!(log_level("warn"), Ok(LevelFilter::WARN));
        assert!(log_level("warning").is_err());
    }

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
