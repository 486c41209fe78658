//! What identifies a node: its name, its cookie, its port. Types that can only be made valid.
//!
//! `Config ──► Node ──► Plan`: the second step. [`identity`] derives the name; the rest are the types it is made of.

mod cookie;
pub mod host;
mod name;
mod port;
#[cfg(test)]
mod properties;

pub use cookie::Cookie;
pub use host::Host;
pub use name::{NamePart, NodeName};
pub use port::Port;
