//! A DNS client without policy: one question, one answer. When to ask, and what an answer means, is up to its callers.

pub mod answer;
pub mod client;
pub mod hosts;
mod nameserver;
pub mod rate_limit;
mod runtime;
pub mod strays;

pub use answer::{Answer, AnswerData};
pub use client::Client;
pub use nameserver::Nameserver;
pub use runtime::{block_on, within};
