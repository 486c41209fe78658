//! Erlang's own flags, wherever they stand: a command line, ERL_AFLAGS, a vm.args file.
//!
//! Feeds the Plan: what name, cookie and port do the user's own flags ask for, and where? So that the Plan can keep to
//! them, beat them, or name the place where it can't. <https://www.erlang.org/doc/apps/erts/erl_cmd.html>

mod expand;
mod flag;
mod otp;
mod settings;
mod sys_config;
mod tls_options;
mod variables;
mod vm_args;
pub mod words;

pub use expand::{Variable, expand, unset};
pub use flag::{Flag, FlagSetting, PortFlags};
pub use otp::{Otp, erl_root};
pub use settings::FlagSettings;
pub use tls_options::TlsOptions;
pub use variables::FlagVariables;
pub use vm_args::VmArgs;
