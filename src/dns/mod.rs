//! A DNS client: one question, one answer. When to ask, and what an answer means, is for others to say.

pub mod answer;
pub mod ask;
pub mod hosts;
pub mod limit;
mod nameserver;
mod runtime;

pub use nameserver::Nameserver;
pub use runtime::{block_on, limited};
