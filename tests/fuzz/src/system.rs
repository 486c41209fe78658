//! Of the operating system all but the shell, which is asked nothing.

#[path = "../../../src/system/account.rs"]
pub mod account;
#[path = "../../../src/system/descriptors.rs"]
pub mod descriptors;
#[path = "../../../src/system/environ.rs"]
mod environ;
#[path = "../../../src/system/files.rs"]
pub mod files;
#[path = "../../../src/system/listeners.rs"]
pub mod listeners;
#[path = "../../../src/system/memory.rs"]
mod memory;
#[path = "../../../src/system/place.rs"]
mod place;
#[path = "../../../src/system/printable.rs"]
pub mod printable;
#[path = "../../../src/system/private_file.rs"]
pub mod private_file;
#[path = "../../../src/system/processes.rs"]
pub mod processes;
#[path = "../../../src/system/program.rs"]
pub mod program;
#[path = "../../../src/system/random.rs"]
pub mod random;
#[path = "../../../src/system/search.rs"]
mod search;
#[path = "../../../src/system/secrets/mod.rs"]
pub mod secrets;
#[path = "shell.rs"]
pub mod shell;
#[path = "../../../src/system/signals.rs"]
pub mod signals;

pub use environ::Environment;
pub use place::Place;
