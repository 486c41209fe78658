//! The distribution port.
//!
//! `inet_dist_listen_min/max`: <https://www.erlang.org/doc/apps/kernel/kernel_app.html>

use std::fmt;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

/// A TCP port that a node can be pinned to: 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port(NonZeroU16);

impl Port {
    /// That of a node by default.
    pub const DEFAULT: Self = Self(NonZeroU16::new(43691).unwrap());

    /// epmd's own.
    pub const EPMD: Self = Self(NonZeroU16::new(4369).unwrap());

    /// One that is not 0.
    pub fn new(number: u16) -> Option<Self> {
        NonZeroU16::new(number).map(Self)
    }

    /// Reads a port.
    ///
    /// # Errors
    /// That it is none, to be put behind the variable's name and value.
    pub fn parse(text: &str) -> Result<Self, String> {
        // `parse` alone would take "+80".
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let port = text.parse().ok().filter(|_| digits).map(Self);
        port.ok_or_else(|| {
            // Kubernetes, "Accessing the Service": a Service named erl is ERL_PORT in every pod.
            let why = if text.starts_with("tcp://") {
                ": Kubernetes sets that for a Service of this name; set enableServiceLinks: false in the pod's spec"
            } else {
                ""
            };
            format!("not a port number (1-65535){why}")
        })
    }

    /// The number.
    pub fn number(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ports() {
        for (text, expected) in [
            ("43691", Some(43691)),
            ("1", Some(1)),
            ("65535", Some(65535)),
            ("0", None),
            ("65536", None),
            ("4369l", None),
            ("-1", None),
            ("+80", None),
            (" 80", None),
            ("", None),
        ] {
            assert_eq!(Port::parse(text).ok().map(Port::number), expected, "{text}");
        }
    }
}
