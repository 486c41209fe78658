//! One flag that says something of the node, and where it stands, so that a message can name the place.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use crate::system::Place;
use crate::system::secrets;

/// The flags that matter here, and the parameters of the kernel application that do.
///
/// <https://www.erlang.org/doc/apps/erts/erl_cmd.html>, <https://www.erlang.org/doc/apps/kernel/kernel_app.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// `-name`
    Name,
    /// `-sname`
    Sname,
    /// `-setcookie`
    Cookie,
    /// `-nocookie`
    NoCookie,
    /// `inet_dist_listen_min`
    PortMin,
    /// `inet_dist_listen_max`
    PortMax,
    /// `-erl_epmd_port` and its like: the port of a node without epmd.
    EpmdlessPort,
    /// `-start_epmd`
    StartEpmd,
    /// `-epmd_module` and `-no_epmd`: nodes find each other in a way of the user's own.
    OwnEpmd,
    /// `-proto_dist`
    ProtoDist,
    /// `-ssl_dist_optfile`
    TlsFile,
    /// One of `-ssl_dist_opt`: its name is that towards which it has a value.
    TlsOption,
    /// `-dist_listen`
    DistListen,
    /// `inet_dist_use_interface`
    Interface,
    /// `-remsh`
    Remsh,
    /// `-version` and `+V`: the VM only prints something and ends.
    Informs,
}

impl Flag {
    /// Those that name the node.
    pub const NAMES: [Self; 2] = [Self::Name, Self::Sname];

    /// Those that say where it listens.
    pub const PORTS: [Self; 3] = [Self::PortMin, Self::PortMax, Self::EpmdlessPort];

    /// The word of one that names the node.
    pub fn name_word(self) -> &'static str {
        match self {
            Self::Sname => "-sname",
            _ => "-name",
        }
    }

    /// Which one a word of the VM's arguments is.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "-name" => Self::Name,
            "-sname" => Self::Sname,
            "-setcookie" => Self::Cookie,
            "-nocookie" => Self::NoCookie,
            "-erl_epmd_port" => Self::EpmdlessPort,
            "-start_epmd" => Self::StartEpmd,
            "-epmd_module" | "-no_epmd" => Self::OwnEpmd,
            "-proto_dist" => Self::ProtoDist,
            "-ssl_dist_optfile" => Self::TlsFile,
            "-ssl_dist_opt" => Self::TlsOption,
            "-dist_listen" => Self::DistListen,
            "-remsh" => Self::Remsh,
            "-version" | "+V" => Self::Informs,
            _ => return None,
        })
    }

    /// Which one a parameter of the kernel application is.
    pub fn of_kernel(name: &str) -> Option<Self> {
        Some(match name {
            "inet_dist_listen_min" => Self::PortMin,
            "inet_dist_listen_max" => Self::PortMax,
            "erl_epmd_node_listen_port" => Self::EpmdlessPort,
            "epmd_module" => Self::OwnEpmd,
            "inet_dist_use_interface" => Self::Interface,
            _ => return None,
        })
    }

    /// Is it taken out of a text of the user's, where the Plan says it anew?
    pub fn is_replaced(self, ports: PortFlags) -> bool {
        match self {
            Self::Name | Self::Sname | Self::Cookie | Self::NoCookie => true,
            Self::PortMin | Self::PortMax => ports != PortFlags::None,
            Self::EpmdlessPort | Self::StartEpmd => ports == PortFlags::All,
            _ => false,
        }
    }
}

/// Which flags about the port the Plan says anew, and so takes out of the user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortFlags {
    /// None: a range of the user's own is kept.
    None,
    /// Those that pin it. A port without epmd stays: it comes with other flags, and the Plan keeps to it.
    Pins,
    /// Those too, and `-start_epmd`: whether there is an epmd is the Plan's to say.
    All,
}

/// A flag with its value, and its place.
#[derive(Clone, PartialEq, Eq)]
pub struct FlagSetting {
    /// Which.
    pub flag: Flag,
    /// Its value; that of `-setcookie NODE C` is C, that of `-ssl_dist_opt OPTION VALUE` VALUE.
    pub text: String,
    /// NODE, or OPTION.
    pub towards: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// Its bytes in a text that can be written anew without it; `None` for a flag that stays.
    pub span: Option<Range<usize>>,
}

impl FlagSetting {
    /// One that stays where it is.
    pub fn new(flag: Flag, text: impl Into<String>, place: Place) -> Self {
        Self {
            flag,
            text: text.into(),
            towards: None,
            place,
            span: None,
        }
    }

    /// Its value, if that is an address as Erlang writes it: `{127,0,0,1}`, `{16#fd00,0,0,0,0,0,0,3}`.
    pub fn address(&self) -> Option<IpAddr> {
        let numbers = self.text.strip_prefix('{')?.strip_suffix('}')?.split(',');
        let numbers = numbers.map(|number| match number.trim().strip_prefix("16#") {
            Some(digits) => u16::from_str_radix(digits, 16).ok(),
            None => number.trim().parse().ok(),
        });
        let numbers = numbers.collect::<Option<Vec<u16>>>()?;
        if let Ok(segments) = <[u16; 8]>::try_from(numbers.as_slice()) {
            return Some(IpAddr::from(segments));
        }
        let octets = numbers.into_iter().map(|number| u8::try_from(number).ok());
        let octets: [u8; 4] = octets.collect::<Option<Vec<u8>>>()?.try_into().ok()?;
        Some(IpAddr::from(octets))
    }

    /// Does it stay where it is, whatever the Plan says?
    pub fn stays(&self) -> bool {
        self.span.is_none()
    }
}

impl fmt::Debug for FlagSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands in the node's place may be the cookie itself, with something else behind it.
        let text = match self.flag {
            Flag::Cookie => secrets::HIDDEN,
            _ => &self.text,
        };
        write!(f, "{:?} {text:?} ({})", self.flag, self.place)
    }
}
