//! The flags about the distribution port: which they are, and which of them the Plan takes over.
//!
//! <https://www.erlang.org/doc/apps/kernel/kernel_app.html> for the pin, `-erl_epmd_port` in
//! <https://www.erlang.org/doc/apps/erts/erl_cmd.html> for a node without epmd.

/// Which port flag it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// `inet_dist_listen_min`.
    Min,
    /// `inet_dist_listen_max`.
    Max,
    /// `-erl_epmd_port` and its like: the port of a node without epmd.
    Epmdless,
}

impl PortKind {
    /// Which one a parameter of the kernel application is.
    pub fn of_kernel(name: &str) -> Option<Self> {
        match name {
            "inet_dist_listen_min" => Some(Self::Min),
            "inet_dist_listen_max" => Some(Self::Max),
            "erl_epmd_node_listen_port" => Some(Self::Epmdless),
            _ => None,
        }
    }
}

/// A port flag and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortFlag {
    /// Which.
    pub kind: PortKind,
    /// Its value.
    pub text: String,
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
