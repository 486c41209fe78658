//! The three settings of init: `BEAMINIT_SIGNALS`, `BEAMINIT_STOP_DELAY`, `BEAMINIT_STOP_TIMEOUT`.
//!
//! All that init takes from the environment, read before the fork. Launch reads them again, to report what is wrong with
//! them together with every other error of a start.

use std::ffi::OsString;
use std::time::Duration;

use super::rewrite::Rewrites;

/// How init forwards and stops.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `BEAMINIT_SIGNALS`, where it is set.
    pub rewrites: Option<Rewrites>,
    /// How long a TERM is held back.
    pub stop_delay: Duration,
    /// How long the command may take to stop; `None` is for ever.
    pub stop_timeout: Option<Duration>,
}

/// What is wrong with the settings: one line each.
pub type Complaints = Vec<String>;

impl Settings {
    /// The variables that init reads.
    pub const NAMES: [&str; 3] = [
        "BEAMINIT_SIGNALS",
        "BEAMINIT_STOP_DELAY",
        "BEAMINIT_STOP_TIMEOUT",
    ];

    /// Reads the environment.
    ///
    /// # Errors
    /// One line for each variable that cannot be read.
    pub fn from_environment() -> Result<Self, Complaints> {
        Self::parse(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// Reads the variables, as `variable` gives them.
    ///
    /// # Errors
    /// One line for each that cannot be read.
    pub fn parse(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Complaints> {
        let mut complaints = Vec::new();
        let [signals, delay, timeout] = Self::NAMES.map(|name| (name, variable(name)));
        let rewrites = read(signals, Rewrites::parse, &mut complaints);
        let stop_delay = read(delay, duration, &mut complaints).flatten();
        let settings = Self {
            rewrites,
            stop_delay: stop_delay.unwrap_or_default(),
            stop_timeout: read(timeout, duration, &mut complaints).flatten(),
        };
        if complaints.is_empty() {
            Ok(settings)
        } else {
            Err(complaints)
        }
    }
}

/// A variable's value, read, if it is set; what is wrong with it is a complaint.
fn read<T>(
    (name, value): (&str, Option<OsString>),
    parse: fn(&str) -> Result<T, String>,
    complaints: &mut Complaints,
) -> Option<T> {
    let value = value?;
    let text = value.to_str().ok_or_else(|| "it is not UTF-8".to_owned());
    let complain = |reason| complaints.push(format!("{name} is {value:?}: {reason}"));
    text.and_then(parse).map_err(complain).ok()
}

/// `10s`, `2m`; `0` and `off` are `None`.
fn duration(text: &str) -> Result<Option<Duration>, String> {
    if matches!(text, "0" | "off") {
        return Ok(None);
    }
    humantime::parse_duration(text)
        .map(|time| Some(time).filter(|time| !time.is_zero()))
        .map_err(|_| "not a time; write it like 10s or 2m, or off".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_times() {
        for (text, expected) in [
            ("0", Some(None)),
            ("0s", Some(None)),
            ("off", Some(None)),
            ("10s", Some(Some(10_000))),
            ("2m", Some(Some(120_000))),
            ("250ms", Some(Some(250))),
            ("10", None),
            ("-1s", None),
            ("soon", None),
        ] {
            assert_eq!(
                duration(text).ok(),
                expected.map(|time| time.map(Duration::from_millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn complains_of_all_at_once() {
        let complaints = Settings::parse(|name| Some(format!("x-{name}").into())).unwrap_err();
        assert_eq!(complaints.len(), 3);
        assert!(
            complaints
                .iter()
                .all(|line| line.starts_with("BEAMINIT_S") && line.contains("x-BEAMINIT_"))
        );
        assert_eq!(Settings::parse(|_| None), Ok(Settings::default()));
    }
}
