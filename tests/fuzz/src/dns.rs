//! The part of the DNS client that reads messages.

#[path = "../../../src/dns/answer.rs"]
pub mod answer;
#[path = "../../../src/dns/nameserver.rs"]
mod nameserver;

pub use nameserver::Nameserver;
