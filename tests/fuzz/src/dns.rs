//! The part of the DNS client that reads messages.

#[path = "../../../src/dns/answer.rs"]
pub mod answer;
#[path = "../../../src/dns/hosts.rs"]
pub mod hosts;
#[path = "../../../src/dns/nameserver.rs"]
mod nameserver;
#[path = "../../../src/dns/strays.rs"]
pub mod strays;

pub use nameserver::Nameserver;
