//! Why a node could not be spoken with.

use std::fmt;
use std::io::{self, ErrorKind};

#[cfg(feature = "full")]
use super::tls;

pub const TLS_HANDSHAKE: &str = "the TLS handshake";

/// Its text follows the node's name or address.
#[derive(Debug)]
pub enum DistError {
    /// What there is here to ask it with will not do.
    CannotAsk(String),
    NoConnection(io::Error),
    /// The kernel gives no random number to ask with.
    NoRandom(io::Error),
    /// No answer in time, in this step.
    Silent(&'static str),
    /// The connection was closed in this step.
    Closed(&'static str),
    /// It does not speak the distribution protocol.
    Foreign,
    /// It speaks TLS, and was spoken to without.
    SpeaksTls,
    /// The TLS handshake failed, or ended by an alert: what the node does.
    #[cfg_attr(not(feature = "full"), allow(dead_code))]
    Tls(String),
    /// The node has a list of nodes that it allows.
    NotAllowed,
    /// It has another cookie.
    Cookie,
    /// The answer was longer than [`LONGEST`].
    TooLong,
    /// The called function failed.
    BadRpc(String),
}

impl fmt::Display for DistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotAsk(reason) => write!(f, "cannot be asked: {reason}"),
            Self::NoConnection(error) => write!(f, "takes no connection: {error}"),
            Self::NoRandom(error) => write!(f, "cannot be asked: no random number: {error}"),
            // One that speaks none waits for the rest of a message.
            Self::Silent(TLS_HANDSHAKE) => write!(
                f,
                "does not answer {TLS_HANDSHAKE} in time; does it speak TLS?"
            ),
            Self::Silent(step) => write!(f, "does not answer {step} in time"),
            Self::Closed(step) => write!(f, "closed the connection instead of answering {step}"),
            Self::Foreign => f.write_str("does not speak the distribution protocol as a node does"),
            Self::SpeaksTls => f.write_str(
                "speaks TLS, and beaminit knows no certificate for it; set BEAMINIT_TLS",
            ),
            Self::Tls(what) => f.write_str(what),
            Self::NotAllowed => f.write_str("does not allow this connection (net_kernel:allow/1)"),
            Self::Cookie => f.write_str("has another cookie"),
            Self::TooLong => f.write_str("gave an answer that is too long"),
            Self::BadRpc(reason) => write!(f, "could not do what was asked: {reason}"),
        }
    }
}

impl std::error::Error for DistError {}

impl DistError {
    /// What a failed read or write in this step of the conversation means.
    pub(super) fn in_step(step: &'static str) -> impl Fn(io::Error) -> Self + Copy {
        move |error| match error.kind() {
            ErrorKind::TimedOut => Self::Silent(step),
            #[cfg(feature = "full")]
            ErrorKind::InvalidData => tls::reason(&error).map_or(Self::Closed(step), Self::Tls),
            _ => Self::Closed(step),
        }
    }
}
