//! beaminit from the outside: the built binary as a real PID 1, asking real DNS, starting programs that tell what they
//! got. See `harness` for the words that the tests are written in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    clippy::missing_panics_doc,
    clippy::wildcard_imports,
    clippy::format_push_string
)]

mod addresses;
mod adversaries;
mod attach;
mod bad_inputs;
mod cli;
mod clusters;
mod dns_gate;
mod documents;
mod epmd_gate;
mod harness;
mod identity;
#[cfg(feature = "full")]
mod kubernetes;
mod launchers;
mod node;
mod own_host;
mod peers;
mod port_gate;
mod private_files;
mod probe;
mod real;
mod started;
mod supervision;
mod tls_gate;
