//! `Plan ──► gates ──► exec`: what must be true of the world before the node starts.

pub mod dns;
pub mod epmd;
pub mod port;
pub mod tls;
