//! How many questions there is room for: one a second in the long run, and two in each round.

use std::time::{Duration, Instant};

/// So many questions may be asked at once when none was for a while.
const BURST: f64 = 20.0;

/// The room that is left.
#[derive(Debug)]
pub struct Budget {
    left: f64,
    per_second: f64,
    since: Instant,
}

impl Budget {
    /// `interval` is that of the rounds; `None` for a single one, which may ask what it likes.
    pub fn new(interval: Option<Duration>) -> Self {
        let per_second =
            interval.map_or(f64::INFINITY, |time| (2.0 / time.as_secs_f64()).max(0.95));
        Self {
            left: if interval.is_some() {
                BURST
            } else {
                f64::INFINITY
            },
            per_second,
            since: Instant::now(),
        }
    }

    /// Is there room for one?
    pub fn has_room(&mut self) -> bool {
        let now = Instant::now();
        let earned = now.duration_since(self.since).as_secs_f64() * self.per_second;
        self.since = now;
        if earned > 0.0 {
            self.left = (self.left + earned).min(BURST.max(self.left));
        }
        self.left >= 1.0
    }

    /// One is asked.
    pub fn spend(&mut self) {
        self.left -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_in_a_burst_and_then_less_than_one_a_second() {
        let mut budget = Budget::new(Some(Duration::from_secs(5)));
        let mut asked = 0;
        for _ in 0..600 {
            while budget.has_room() {
                budget.spend();
                asked += 1;
            }
            // As if a second had passed.
            budget.since -= Duration::from_secs(1);
        }
        assert!((500..=600).contains(&asked), "{asked}");
        let mut single = Budget::new(None);
        (0..1000).for_each(|_| single.spend());
        assert!(single.has_room());
    }
}
