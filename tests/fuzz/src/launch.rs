//! The room that becomes the command, up to the Plan, and what its gates read.

#[path = "../../../src/launch/gates/dns/answer.rs"]
pub mod answer;
#[path = "../../../src/launch/config/mod.rs"]
pub mod config;
#[path = "../../../src/launch/failure.rs"]
mod failure;
#[path = "../../../src/launch/files.rs"]
mod files;
#[path = "../../../src/launch/flags/mod.rs"]
pub mod flags;
#[path = "../../../src/launch/gates/holder.rs"]
pub mod holder;
#[path = "../../../src/launch/launchers/mod.rs"]
pub mod launchers;
#[path = "../../../src/launch/node/mod.rs"]
pub mod node;
#[path = "../../../src/launch/plan/mod.rs"]
pub mod plan;
#[path = "shell.rs"]
pub mod shell;
