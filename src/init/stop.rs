//! The way from TERM to the end: held back (`BEAMINIT_STOP_DELAY`), forwarded, repeated to a node that still boots, run
//! out of time (`BEAMINIT_STOP_TIMEOUT`). Pure: time goes in, what to do comes out.

use std::time::Duration;

use super::fact::Fact;

/// How long a BEAM may take for the crash dump that USR1 asks for, before KILL.
const CRASH_DUMP: Duration = Duration::from_secs(5);
/// A BEAM takes TERM from its first milliseconds on, and drops it until its kernel application has started: a quarter of
/// a second on an idle machine, seconds on a busy one. So long a TERM is repeated to it.
const BOOT: Duration = Duration::from_secs(10);
/// And so often.
const AGAIN: Duration = Duration::from_millis(400);

/// So long a node may take to stop that is not the one that was planned.
const REFUSED: Duration = Duration::from_secs(30);

/// What is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    /// TERM, forwarded.
    Term,
    /// USR1, for a crash dump.
    CrashDump,
    /// KILL, to all.
    Kill,
}

/// Where the stop stands; the times are those of [`super::fact::clock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Held {
        until: Duration,
    },
    Termed {
        again: Option<Duration>,
        timeout: Option<Duration>,
    },
    Dumping {
        until: Duration,
    },
    Killed,
}

/// The stop of one command.
#[derive(Debug)]
pub struct Stop {
    delay: Duration,
    timeout: Option<Duration>,
    stage: Stage,
}

impl Stop {
    /// Nothing has been asked to stop yet.
    pub fn new(delay: Duration, timeout: Option<Duration>) -> Self {
        Self {
            delay,
            timeout,
            stage: Stage::Running,
        }
    }

    /// A TERM has come. The first is held back if there is a delay and the command runs; a second ends the wait.
    pub fn term(&mut self, now: Duration, fact: Fact) -> Option<Send> {
        match self.stage {
            Stage::Running if fact.runs_since.is_some() && !self.delay.is_zero() => {
                self.stage = Stage::Held {
                    until: now.saturating_add(self.delay),
                };
                None
            }
            Stage::Running | Stage::Held { .. } => {
                self.stage = Stage::Termed {
                    again: next_term(now, fact),
                    timeout: self.timeout.map(|timeout| now.saturating_add(timeout)),
                };
                Some(Send::Term)
            }
            Stage::Termed { .. } | Stage::Dumping { .. } | Stage::Killed => Some(Send::Term),
        }
    }

    /// The node is not the one that was planned: it gets a TERM now, and a limit even where none is set.
    pub fn refuse(&mut self, now: Duration, fact: Fact) -> Option<Send> {
        if self.is_under_way() {
            return None;
        }
        let timeout = self.timeout.unwrap_or(REFUSED);
        self.stage = Stage::Termed {
            again: next_term(now, fact),
            timeout: Some(now.saturating_add(timeout)),
        };
        Some(Send::Term)
    }

    /// Has a TERM been forwarded?
    pub fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::Running | Stage::Held { .. })
    }

    /// Has it come to KILL?
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Killed
    }

    /// When to look again, if nothing comes before.
    pub fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Held { until } | Stage::Dumping { until } => Some(until),
            Stage::Termed { again, timeout } => again.into_iter().chain(timeout).min(),
            Stage::Running | Stage::Killed => None,
        }
    }

    /// What the time says: called when the deadline may have passed.
    pub fn due(&mut self, now: Duration, fact: Fact) -> Option<Send> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match self.stage {
            Stage::Held { .. } => self.term(now, fact),
            Stage::Termed { timeout, .. } if timeout.is_none_or(|timeout| now < timeout) => {
                self.stage = Stage::Termed {
                    again: next_term(now, fact),
                    timeout,
                };
                Some(Send::Term)
            }
            Stage::Termed { .. } if fact.node => {
                self.stage = Stage::Dumping {
                    until: now.saturating_add(CRASH_DUMP),
                };
                Some(Send::CrashDump)
            }
            _ => {
                self.stage = Stage::Killed;
                Some(Send::Kill)
            }
        }
    }
}

/// When a node that got TERM now is to get it again, if it may have been too young to hear it.
fn next_term(now: Duration, fact: Fact) -> Option<Duration> {
    let grown_up = fact.runs_since.filter(|_| fact.node)?.saturating_add(BOOT);
    Some(now.saturating_add(AGAIN)).filter(|again| *again <= grown_up)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAUNCH: Fact = Fact {
        node: true,
        runs_since: None,
        another: false,
    };
    const NODE: Fact = Fact {
        runs_since: Some(Duration::ZERO),
        ..LAUNCH
    };
    const OTHER: Fact = Fact {
        node: false,
        ..NODE
    };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn without_settings_every_term_goes_through() {
        for fact in [OTHER, NODE, LAUNCH] {
            let mut stop = Stop::new(Duration::ZERO, None);
            assert_eq!(stop.term(s(0), fact), Some(Send::Term));
            assert_eq!(stop.deadline(), None);
            assert_eq!(stop.due(s(100), fact), None);
            assert_eq!(stop.term(s(101), fact), Some(Send::Term));
        }
    }

    #[test]
    fn repeats_term_to_a_node_that_boots() {
        let young = Fact {
            runs_since: Some(s(0)),
            ..NODE
        };
        let mut stop = Stop::new(Duration::ZERO, None);
        assert_eq!(stop.term(s(1), young), Some(Send::Term));
        assert_eq!(stop.due(s(1) + AGAIN / 2, young), None);
        assert_eq!(stop.due(s(1) + AGAIN, young), Some(Send::Term));
        assert_eq!(stop.due(s(9), young), Some(Send::Term));
        assert_eq!(stop.due(s(10), young), Some(Send::Term));
        assert_eq!(stop.deadline(), None, "old enough to have heard");
        let mut stop = Stop::new(Duration::ZERO, None);
        assert_eq!(
            stop.term(
                s(1),
                Fact {
                    node: false,
                    ..young
                }
            ),
            Some(Send::Term)
        );
        assert_eq!(stop.deadline(), None, "other programs hear at once");
    }

    #[test]
    fn a_node_that_was_not_planned_is_stopped_at_once_and_for_certain() {
        let mut stop = Stop::new(Duration::from_secs(5), None);
        assert_eq!(stop.refuse(s(0), NODE), Some(Send::Term));
        assert_eq!(stop.refuse(s(1), NODE), None);
        assert_eq!(stop.due(s(30), NODE), Some(Send::CrashDump));
        assert_eq!(stop.due(s(35), NODE), Some(Send::Kill));
    }

    #[test]
    fn holds_the_first_term_back() {
        let delay = Duration::from_secs(5);
        let mut stop = Stop::new(delay, None);
        assert_eq!(stop.term(s(0), NODE), None);
        assert_eq!(stop.due(s(4), NODE), None);
        assert_eq!(stop.due(s(5), NODE), Some(Send::Term));
        let mut stop = Stop::new(delay, None);
        assert_eq!(stop.term(s(0), NODE), None);
        assert_eq!(
            stop.term(s(1), NODE),
            Some(Send::Term),
            "a second TERM ends the wait"
        );
        let mut stop = Stop::new(delay, None);
        assert_eq!(
            stop.term(s(0), LAUNCH),
            Some(Send::Term),
            "nothing to drain before the command runs"
        );
    }

    #[test]
    fn runs_out_of_time() {
        let mut node = Stop::new(Duration::ZERO, Some(Duration::from_secs(10)));
        assert_eq!(node.term(s(0), NODE), Some(Send::Term));
        assert_eq!(node.due(s(9), NODE), None);
        assert_eq!(node.due(s(10), NODE), Some(Send::CrashDump));
        assert_eq!(node.due(s(15), NODE), Some(Send::Kill));
        assert_eq!(node.due(s(99), NODE), None);
        let mut other = Stop::new(Duration::ZERO, Some(Duration::from_secs(10)));
        assert_eq!(other.term(s(0), OTHER), Some(Send::Term));
        assert_eq!(other.due(s(10), OTHER), Some(Send::Kill));
    }
}
