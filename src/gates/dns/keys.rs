//! Keys that nobody else's question has: types of records that do not exist, each asked once per negative TTL.
//!
//! A cache keeps "no such name" under the name, the type and the class (RFC 2308 §5). Whoever asks for A before the record
//! is there makes the cache say for its TTL that it is not, to the VM and to its peers too. Of a type that nobody uses,
//! the answer tells just as well whether the name exists (NXDOMAIN or NODATA), and it spoils nothing.
//!
//! The types start at a random place: what was asked before a restart is not asked again while the cache keeps it.

use std::collections::VecDeque;
use std::time::Duration;

/// Unassigned types: <https://www.iana.org/assignments/dns-parameters>.
const FIRST: u16 = 1024;
/// So many of them.
const RANGE: u16 = 31_000;
/// So many are used before the oldest is used again, so that a pod with two names fills no more than 200 places.
const ENOUGH: usize = 90;
/// Where the cache keeps them too long for that, a further one comes no more often than this.
const SPARSE: Duration = Duration::from_secs(10);

/// A type for a question that is asked once.
pub fn any() -> u16 {
    FIRST + fastrand::u16(..RANGE)
}

/// The types for one name. Times are those since the start of the wait.
#[derive(Debug)]
pub struct Keys {
    next: u16,
    /// Those that were asked, the oldest first, and when.
    asked: VecDeque<(u16, Duration)>,
}

impl Keys {
    /// Starts anywhere.
    pub fn new() -> Self {
        Self {
            next: fastrand::u16(..RANGE),
            asked: VecDeque::new(),
        }
    }

    /// A type that a cache that keeps them for `ttl` does not know now; `None` if it is too early for another.
    pub fn take(&mut self, now: Duration, ttl: Duration) -> Option<u16> {
        let oldest = self.asked.front().copied();
        let forgotten = oldest.filter(|(_, asked)| *asked + ttl < now);
        let kind = match forgotten {
            _ if self.asked.len() < ENOUGH => self.fresh(),
            Some((kind, _)) => {
                self.asked.pop_front();
                kind
            }
            None => {
                let (_, last) = self.asked.back()?;
                if now < *last + SPARSE {
                    return None;
                }
                self.fresh()
            }
        };
        self.asked.push_back((kind, now));
        Some(kind)
    }

    fn fresh(&mut self) -> u16 {
        self.next = (self.next + 1) % RANGE;
        FIRST + self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The types of a wait with one question in so many milliseconds; asserts that none is asked again too early.
    fn types(ttl: Duration, pauses: impl Iterator<Item = u64>) -> BTreeSet<u16> {
        let mut keys = Keys::new();
        let mut last: BTreeMap<u16, Duration> = BTreeMap::new();
        let mut now = Duration::ZERO;
        for pause in pauses {
            if let Some(kind) = keys.take(now, ttl) {
                let before = last.insert(kind, now);
                assert!(before.is_none_or(|before| now > before + ttl));
                assert!((FIRST..FIRST + RANGE).contains(&kind));
            }
            now += Duration::from_millis(pause);
        }
        last.into_keys().collect()
    }

    #[test]
    fn each_is_asked_once_per_negative_ttl_and_few_are_used() {
        for (ttl, at_most) in [(0, 90), (5, 90), (30, 90), (60, 91), (3600, 100)] {
            let minute = std::iter::repeat_n(690, 87);
            let later = std::iter::repeat_n(2100, 45);
            let used = types(Duration::from_secs(ttl), minute.chain(later)).len();
            assert!(used <= at_most, "{used} with a TTL of {ttl} s");
        }
    }

    #[test]
    fn two_starts_hardly_ever_share_one() {
        let start = || types(Duration::from_secs(30), std::iter::repeat_n(690, 60));
        let shared = (0..200).filter(|_| !start().is_disjoint(&start())).count();
        assert!(shared <= 10, "{shared} of 200");
    }
}
