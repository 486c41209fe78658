//! No more questions in a second than a nameserver forgives.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Questions in any second, whatever happens.
pub const MOST: usize = 6;
/// A second, and some for the way to the server, which is longer one time than another.
const SECOND: Duration = Duration::from_millis(1100);

/// When the last questions were asked, and how many since somebody looked.
#[derive(Debug, Default)]
pub struct Asked(Mutex<(VecDeque<Instant>, usize)>);

impl Asked {
    /// Waits until one more may be asked, and counts it.
    pub async fn one_more(&self) {
        while let Some(until) = self.count() {
            sleep_until(until).await;
        }
    }

    /// Counts one, or says when there will be room for it.
    fn count(&self) -> Option<Instant> {
        // Whoever held the lock when it broke had only counted.
        let mut asked = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let (recent, count) = &mut *asked;
        let now = Instant::now();
        while recent.front().is_some_and(|at| *at + SECOND <= now) {
            recent.pop_front();
        }
        if recent.len() >= MOST {
            return recent.front().map(|at| *at + SECOND);
        }
        recent.push_back(now);
        *count += 1;
        None
    }

    /// How many were asked since this was last called.
    pub fn since(&self) -> usize {
        let mut asked = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut asked.1)
    }
}
