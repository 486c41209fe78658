//! The operating system, without policy: signals, terminal, descriptors, processes, files, secrets.

pub mod account;
pub mod descriptors;
pub mod environ;
pub mod files;
pub mod listeners;
pub mod memory;
mod place;
pub mod printable;
pub mod private_file;
pub mod processes;
pub mod program;
pub mod random;
mod search;
pub mod secrets;
pub mod shell;
pub mod signals;
pub mod terminal;
pub mod wait;

pub use environ::Environment;
pub use place::Place;
