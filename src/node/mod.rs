//! What identifies a node: its name, its cookie, its port. Types that can only be made valid.
//!
//! They are made from the environment (`config`), by the forms of a name (`naming`), and from what releases say (`launchers`).

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
