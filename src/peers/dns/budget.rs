//! How many questions may be asked: one a second in the long run, and two in each round.

use std::time::{Duration, Instant};

/// So many questions may be asked at once after a while without any.
const BURST: f64 = 20.0;

#[derive(Debug)]
pub struct Budget {
    left: f64,
    most: f64,
    per_second: f64,
    since: Instant,
}

impl Budget {
    /// `interval` is that of the rounds; `None` for a single one, which may ask as much as it needs.
    pub fn new(interval: Option<Duration>) -> Self {
        let (most, per_second) = match interval {
            Some(time) => (BURST, (2.0 / time.as_secs_f64()).max(0.95)),
            None => (f64::INFINITY, 0.0),
        };
        Self {
            left: most,
            most,
            per_second,
            since: Instant::now(),
        }
    }

    /// Takes one question, if there is one left.
    pub fn take(&mut self) -> bool {
        let now = Instant::now();
        let earned = now.duration_since(self.since).as_secs_f64() * self.per_second;
        self.since = now;
        self.left = (self.left + earned).min(self.most);
        let is_left = self.left >= 1.0;
        if is_left {
            self.spend(1);
        }
        is_left
    }

    /// Counts questions that are asked in any case.
    pub fn spend(&mut self, questions: u8) {
        self.left -= f64::from(questions);
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
            while budget.take() {
                asked += 1;
            }
            // As if a second had passed.
            budget.since -= Duration::from_secs(1);
        }
        assert!((500..=600).contains(&asked), "{asked}");
        let mut single = Budget::new(None);
        assert!((0..1000).all(|_| single.take()));
    }
}
