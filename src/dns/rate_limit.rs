//! No more questions in a second than a nameserver tolerates.

use std::cell::Cell;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Questions in any second, whatever happens.
pub const MOST: usize = 6;
/// A second, and some for the way to the nameserver, which takes longer one time than another.
const SECOND: Duration = Duration::from_millis(1100);

#[derive(Default)]
pub struct RateLimit {
    recent: Cell<VecDeque<Instant>>,
    count: Cell<usize>,
}

impl RateLimit {
    /// Waits until one more question may be asked, and counts it.
    pub async fn wait(&self) {
        while let Some(until) = self.full_until() {
            sleep_until(until).await;
        }
        self.count.update(|count| count + 1);
    }

    fn full_until(&self) -> Option<Instant> {
        let mut recent = self.recent.take();
        let now = Instant::now();
        recent.retain(|at| *at + SECOND > now);
        let oldest = recent.front().filter(|_| recent.len() >= MOST);
        let until = oldest.map(|at| *at + SECOND);
        if until.is_none() {
            recent.push_back(now);
        }
        self.recent.set(recent);
        until
    }

    /// How many were asked since the last call.
    pub fn take_count(&self) -> usize {
        self.count.take()
    }
}
