//! All that reads bytes or files in beaminit, each as a function of bytes that fails where a property does not hold.
//!
//! Built twice: by cargo-fuzz, for each of `fuzz_targets`; and as a test of beaminit itself, which has every file of
//! `corpus` go through its target. There is no library to depend on, so the rooms are included, by `mod` lines of our own
//! that open what is private.
#![allow(dead_code, unused_imports)] // of the rooms only what reads is called, and their unit tests run elsewhere
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

#[path = "../../../src/peers/kubernetes/answer.rs"]
mod api_answer;
#[path = "../../../src/beam/mod.rs"]
mod beam;
#[path = "../../../src/cli.rs"]
mod cli;
#[path = "../../../src/config/mod.rs"]
mod config;
#[path = "../../../src/dist/mod.rs"]
mod dist;
mod dns;
#[path = "../../../src/error.rs"]
mod error;
#[path = "../../../src/exit.rs"]
mod exit;
mod init;
#[path = "../../../src/launchers/mod.rs"]
mod launchers;
#[path = "../../../src/log.rs"]
mod log;
#[path = "../../../src/naming/mod.rs"]
mod naming;
#[path = "../../../src/node/mod.rs"]
mod node;
#[path = "../../../src/plan/mod.rs"]
mod plan;
#[cfg(test)]
mod replay;
mod system;
mod targets;

pub use targets::*;

#[cfg(test)]
fn main() -> std::process::ExitCode {
    replay::all()
}
