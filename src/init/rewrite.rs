//! Which signal is forwarded as which: `BEAMINIT_SIGNALS`, and the default for a node. signal(7).
//!
//! A BEAM that gets INT opens its BREAK menu and, with an open standard input, hangs there for good; QUIT and HUP end it
//! with nothing shut down. So for a node that nobody sits in front of, all three mean TERM.

use std::borrow::Cow;

use nix::libc;

use crate::system::signals::Signal;

/// The real-time signals as Docker, systemd and glibc's kill(1) number them: musl's own `SIGRTMIN` is 35.
const RTMIN: Signal = 34;
const RTMAX: Signal = 64;

/// What to do instead of forwarding a signal as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrites(Cow<'static, [(Signal, Option<Signal>)]>);

impl Rewrites {
    /// Nothing is rewritten.
    pub const NONE: Self = Self(Cow::Borrowed(&[]));

    /// The default for a node without a terminal.
    pub const FOR_A_NODE: Self = Self(Cow::Borrowed(&[
        (libc::SIGINT, Some(libc::SIGTERM)),
        (libc::SIGQUIT, Some(libc::SIGTERM)),
        (libc::SIGHUP, Some(libc::SIGTERM)),
    ]));

    /// Reads `INT=TERM,USR2=`; an empty right side drops the signal.
    ///
    /// # Errors
    /// One line that says which part cannot be read, and why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table: Vec<(Signal, Option<Signal>)> = Vec::new();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (from, to) = pair(part)?;
            if table.iter().any(|(known, _)| *known == from) {
                return Err(format!(
                    "{part:?} rewrites a signal that is rewritten already"
                ));
            }
            table.push((from, to));
        }
        Ok(Self(table.into()))
    }

    /// What is sent when `signal` came; `None` drops it.
    pub fn of(&self, signal: Signal) -> Option<Signal> {
        self.0
            .iter()
            .find(|(from, _)| *from == signal)
            .map_or(Some(signal), |(_, to)| *to)
    }
}

/// One `INT=TERM`.
fn pair(part: &str) -> Result<(Signal, Option<Signal>), String> {
    let (from, to) = part
        .split_once('=')
        .ok_or_else(|| format!("{part:?} is not like INT=TERM"))?;
    let from = number(from.trim())?;
    if [libc::SIGKILL, libc::SIGSTOP, libc::SIGCHLD].contains(&from) {
        return Err(format!(
            "{part:?}: that signal cannot be rewritten, it never reaches beaminit or is its own"
        ));
    }
    let to = Some(to.trim()).filter(|to| !to.is_empty());
    Ok((from, to.map(number).transpose()?))
}

/// `TERM`, `SIGTERM`, `15`, `RTMIN+1`, `RTMAX-1`: in any case, as kill(1) takes them.
fn number(text: &str) -> Result<Signal, String> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    // `parse` alone would take "+15".
    let digits = |text: &str| {
        let all = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<Signal>().ok().filter(|_| all)
    };
    let offset = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            digits(text.strip_prefix(['+', '-'])?)
        }
    };
    let number = if let Some(rest) = name.strip_prefix("RTMIN") {
        offset(rest).and_then(|n| RTMIN.checked_add(n))
    } else if let Some(rest) = name.strip_prefix("RTMAX") {
        offset(rest).and_then(|n| RTMAX.checked_sub(n))
    } else if let Some(number) = digits(name) {
        Some(number)
    } else {
        let known = format!("SIG{name}").parse::<nix::sys::signal::Signal>();
        known.ok().map(|known| known as Signal)
    };
    number.filter(|n| (1..=RTMAX).contains(n)).ok_or_else(|| {
        format!("{text:?} is no signal's name; use names like TERM, USR1 or RTMIN+1")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_signals() {
        for (text, expected) in [
            ("TERM", Some(15)),
            ("SIGTERM", Some(15)),
            ("term", Some(15)),
            ("15", Some(15)),
            ("WINCH", Some(28)),
            ("PWR", Some(30)),
            ("IO", Some(29)),
            ("STKFLT", Some(16)),
            ("RTMIN", Some(34)),
            ("SIGRTMIN+3", Some(37)),
            ("RTMAX-2", Some(62)),
            ("RTMAX", Some(64)),
            ("RTMAX+1", Some(63)),
            ("RTMIN+99", None),
            ("RTMIN++1", None),
            ("RTMIN+-1", None),
            ("+15", None),
            ("0", None),
            ("65", None),
            ("-1", None),
            ("TREM", None),
            ("", None),
        ] {
            assert_eq!(number(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn rewrites() {
        let table = Rewrites::parse(" INT=TERM, usr2= ,HUP=1").unwrap();
        for (from, to) in [
            (2, Some(15)),
            (12, None),
            (1, Some(1)),
            (15, Some(15)),
            (40, Some(40)),
        ] {
            assert_eq!(table.of(from), to, "{from}");
        }
        assert_eq!(Rewrites::NONE.of(2), Some(2));
        assert_eq!(Rewrites::FOR_A_NODE.of(3), Some(15));
        for bad in [
            "INT",
            "INT=TREM",
            "INT=TERM,SIGINT=QUIT",
            "KILL=TERM",
            "=TERM",
            "CHLD=",
        ] {
            assert!(Rewrites::parse(bad).is_err(), "{bad}");
        }
    }
}
