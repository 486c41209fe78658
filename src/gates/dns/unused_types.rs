//! Record types that nobody else asks for: unassigned ones, each asked once per negative TTL.
//!
//! A cache keeps "no such name" under the name, the type and the class (RFC 2308 §5). A question for A before the record
//! exists makes the cache say for its TTL that there is none, to the VM and to its peers too. A question of an unassigned
//! type shows just as well whether the name exists (NXDOMAIN or NODATA), and disturbs nobody.
//!
//! The types start at a random place: after a restart, the cache has hardly any of them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::system::random;

/// Unassigned types: <https://www.iana.org/assignments/dns-parameters>.
const FIRST: u16 = 1024;
const RANGE: u16 = 31_000;
/// So many are used before the oldest is used again, so that a pod with two names fills no more than 200 cache entries.
const ENOUGH: usize = 90;
/// Where the cache keeps them too long for that, a further one comes no more often than this.
const SPARSE: Duration = Duration::from_secs(10);

/// A type for a question that is asked once.
pub fn any() -> u16 {
    FIRST + random::below(RANGE)
}

/// The types for one name. Times are those since the start of the wait.
#[derive(Debug)]
pub struct UnusedTypes {
    next: u16,
    /// The types that were asked, the oldest first, and when.
    used: VecDeque<(u16, Duration)>,
}

impl UnusedTypes {
    pub fn new() -> Self {
        Self {
            next: random::below(RANGE),
            used: VecDeque::new(),
        }
    }

    /// A type that is in no cache now, if caches keep answers for `ttl`; `None` if it is too early for another.
    pub fn take(&mut self, now: Duration, ttl: Duration) -> Option<u16> {
        let (oldest, asked) = self.used.front().copied().unwrap_or_default();
        let kind = if self.used.len() >= ENOUGH && asked + ttl < now {
            self.used.pop_front();
            oldest
        } else {
            let (_, last) = self.used.back().copied().unwrap_or_default();
            if self.used.len() >= ENOUGH && now < last + SPARSE {
                return None;
            }
            self.next = (self.next + 1) % RANGE;
            FIRST + self.next
        };
        self.used.push_back((kind, now));
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The types of a wait with one question in so many milliseconds; asserts that none is asked again too early.
    fn types(ttl: Duration, pauses: impl Iterator<Item = u64>) -> BTreeSet<u16> {
        let mut unused = UnusedTypes::new();
        let mut last: BTreeMap<u16, Duration> = BTreeMap::new();
        let mut now = Duration::ZERO;
        for pause in pauses {
            if let Some(kind) = unused.take(now, ttl) {
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
