//! Of the DNS client, what reads.

#[path = "../../../src/dns/answer.rs"]
pub mod answer;
#[path = "../../../src/dns/nameserver.rs"]
mod nameserver;

pub use nameserver::Nameserver;
