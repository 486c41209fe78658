//! The pause between rounds: short in the first minute of a start, and long enough that a nameserver does not notice a
//! thousand pods that start together.
//!
//! For two names, one question each: every 0.7 s in the first minute, every 2.1 s from then on.

use std::time::Duration;

use crate::dns::rate_limit::MOST;
use crate::system::random;

/// The time in which nearly every record comes.
const FIRST_MINUTE: Duration = Duration::from_secs(60);
/// Questions a second until then, and from then on: just below three and one.
const RATES: [f64; 2] = [2.9, 0.95];
/// The first pause is drawn from this range, times a usual one, so that pods that started together spread out.
const SPREAD: [f64; 2] = [0.45, 1.75];
/// The others vary by this much, up and down.
const JITTER: f64 = 0.04;

/// The pause after a round: its number from 0 on, when it began, and how many questions it asked.
pub fn pause(round: u32, began: Duration, questions: usize) -> Duration {
    let [early, late] = RATES;
    let rate = if began < FIRST_MINUTE { early } else { late };
    // After a first round that asked more than for the names, the pause is a full one.
    let [least, most] = if round == 0 && questions < MOST {
        SPREAD
    } else {
        [1.0 - JITTER, 1.0 + JITTER]
    };
    let questions = f64::from(u32::try_from(questions.max(1)).unwrap_or(u32::MAX));
    let varied = least + (most - least) * random::fraction();
    Duration::from_secs_f64(questions / rate * varied)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many questions a wait of so many seconds asks.
    fn asked(questions: usize, seconds: u64) -> usize {
        let (mut at, mut rounds) = (Duration::ZERO, 0);
        while at < Duration::from_secs(seconds) {
            at += pause(rounds, at, questions);
            rounds += 1;
        }
        usize::try_from(rounds).unwrap_or(0) * questions
    }

    #[test]
    fn a_pod_asks_no_more_than_promised() {
        for _ in 0..50 {
            for questions in [1, 2] {
                assert!(asked(questions, 10) <= 45);
                assert!(asked(questions, 60) <= 180);
                assert!(asked(questions, 300) <= 180 + 240);
            }
        }
    }

    #[test]
    fn pods_that_start_together_spread_out() {
        let pods = 1000;
        let mut seconds = [0_usize; 10];
        for _ in 0..pods {
            let (mut at, mut round) = (Duration::ZERO, 0);
            let second = |at: Duration| usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
            while let Some(second) = seconds.get_mut(second(at)) {
                *second += 2;
                at += pause(round, at, 2);
                round += 1;
            }
        }
        assert!(seconds.iter().all(|asked| *asked < 4 * pods), "{seconds:?}");
    }
}
