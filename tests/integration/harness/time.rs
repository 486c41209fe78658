//! How long things may take: on a busy machine, longer. All deadlines of the tests come from here.

use std::time::{Duration, Instant};

use super::Pod;

/// How long anything may take that is expected to happen: enough with a load of 50 on two processors, since it is spent
/// only where a test fails.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// No pod lives longer than this, whatever its test forgets. Many things happen in some, one after the other.
pub const LIFETIME: Duration = Duration::from_secs(900);

/// A time that is enough where the machine has nothing else to do, made longer by what it has to do: by as much as the
/// starts of ten pods take now.
pub fn stretched(time: Duration) -> Duration {
    let start_of_a_pod = || {
        let began = Instant::now();
        Pod::new("reference").first("true").ends_with(0);
        began.elapsed()
    };
    let slowest = (0..3).map(|_| start_of_a_pod()).max();
    time + 10 * slowest.unwrap_or_default()
}

/// Fails if something took as long as this limit, stretched.
#[track_caller]
pub fn is_within(limit: Duration, took: Duration, what: impl std::fmt::Display) {
    // On a machine that is not busy there is nothing to measure.
    if took >= limit {
        let stretched = stretched(limit);
        assert!(
            took < stretched,
            "{took:?}, not within {limit:?} (here and now {stretched:?}): {what}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "60s, not within 1s")]
    fn a_minute_is_not_within_a_second() {
        is_within(Duration::from_secs(1), Duration::from_secs(60), "a start");
    }

    #[test]
    fn a_second_is_within_two() {
        is_within(Duration::from_secs(2), Duration::from_secs(1), "a start");
    }
}
