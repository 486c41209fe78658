//! The way from TERM to the end: held back (`BEAMINIT_STOP_DELAY`), forwarded, repeated to a node that still boots, run
//! out of time (`BEAMINIT_STOP_TIMEOUT`). Pure: time goes in, what to do comes out.

use std::time::Duration;

use super::status::Status;

/// How long a BEAM may take for the crash dump that USR1 asks for, before KILL.
const CRASH_DUMP: Duration = Duration::from_secs(5);
/// A BEAM takes TERM from its first milliseconds on, and drops it until its kernel application has started: a quarter of
/// a second on an idle machine, seconds on a busy one. Until it is known to be up, a TERM is repeated to it, first after
/// this time.
const AGAIN: Duration = Duration::from_millis(400);
/// And then more and more rarely, up to this.
const LONGEST: Duration = Duration::from_millis(3200);

/// TERMs that come within this time are one: a supervisor and the terminal below it send one each.
const ONE: Duration = Duration::from_secs(1);

/// So long a node may take to stop that is not the one that was planned.
const REFUSED: Duration = Duration::from_secs(30);

/// What is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    /// TERM, forwarded.
    Term,
    /// TERM, to the VM alone.
    Again,
    /// USR1, for a crash dump.
    CrashDump,
    /// KILL, to all.
    Kill,
}

/// Where the stop stands; the times are those of [`super::status::clock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Held {
        until: Duration,
    },
    Termed {
        again: Option<Duration>,
        step: Duration,
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

    /// A TERM has come. The first is held back if there is a delay and the command runs; a later one ends the wait.
    pub fn term(&mut self, now: Duration, status: Status) -> Option<Send> {
        match self.stage {
            Stage::Running if status.runs_since.is_some() && !self.delay.is_zero() => {
                self.stage = Stage::Held {
                    until: now.saturating_add(self.delay),
                };
                None
            }
            Stage::Held { until } if now.saturating_add(self.delay) < until.saturating_add(ONE) => {
                None
            }
            Stage::Running | Stage::Held { .. } => Some(self.forward(now, status, self.timeout)),
            Stage::Termed { .. } | Stage::Dumping { .. } | Stage::Killed => Some(Send::Term),
        }
    }

    fn forward(&mut self, now: Duration, status: Status, timeout: Option<Duration>) -> Send {
        let may_boot = status.node && status.runs_since.is_some() && !status.up;
        self.stage = Stage::Termed {
            again: may_boot.then(|| now.saturating_add(AGAIN)),
            step: AGAIN,
            timeout: timeout.map(|timeout| now.saturating_add(timeout)),
        };
        Send::Term
    }

    /// The node is not the one that was planned: it gets a TERM now, and a limit even where none is set.
    pub fn refuse(&mut self, now: Duration, status: Status) -> Option<Send> {
        if self.is_under_way() {
            return None;
        }
        Some(self.forward(now, status, self.timeout.or(Some(REFUSED))))
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
            Stage::Termed { again, timeout, .. } => again.into_iter().chain(timeout).min(),
            Stage::Running | Stage::Killed => None,
        }
    }

    /// When the time is out that the command has after its TERM, if it has a limit.
    pub fn timeout(&self) -> Option<Duration> {
        match self.stage {
            Stage::Termed { timeout, .. } => timeout,
            _ => None,
        }
    }

    /// What the time says: called when the deadline may have passed.
    pub fn due(&mut self, now: Duration, status: Status) -> Option<Send> {
        if let Stage::Termed { again, .. } = &mut self.stage
            && status.up
        {
            // It may have dropped the last one, and hears the next.
            *again = again.map(|at| at.min(now.saturating_add(AGAIN)));
        }
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match self.stage {
            Stage::Held { .. } => Some(self.forward(now, status, self.timeout)),
            Stage::Termed { step, timeout, .. } if timeout.is_none_or(|timeout| now < timeout) => {
                let step = step.saturating_mul(2).min(LONGEST);
                self.stage = Stage::Termed {
                    again: (!status.up).then(|| now.saturating_add(step)),
                    step,
                    timeout,
                };
                Some(Send::Again)
            }
            Stage::Termed { .. } if status.node => {
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

#[cfg(test)]
mod tests {
    use super::*;

    const LAUNCH: Status = Status {
        node: true,
        runs_since: None,
        up: false,
        another: false,
    };
    const NODE: Status = Status {
        runs_since: Some(Duration::ZERO),
        ..LAUNCH
    };
    const UP: Status = Status { up: true, ..NODE };
    const OTHER: Status = Status {
        node: false,
        ..NODE
    };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn without_settings_every_term_goes_through() {
        for status in [OTHER, UP, LAUNCH] {
            let mut stop = Stop::new(Duration::ZERO, None);
            assert_eq!(stop.term(s(0), status), Some(Send::Term));
            assert_eq!(stop.deadline(), None);
            assert_eq!(stop.due(s(100), status), None);
            assert_eq!(stop.term(s(101), status), Some(Send::Term));
        }
    }

    #[test]
    fn repeats_term_to_a_node_that_boots() {
        let mut stop = Stop::new(Duration::ZERO, None);
        assert_eq!(stop.term(s(0), NODE), Some(Send::Term));
        assert_eq!(stop.due(s(0) + AGAIN / 2, NODE), None);
        let mut repeats = Vec::new();
        while let Some(at) = stop.deadline().filter(|at| *at < s(20)) {
            assert_eq!(stop.due(at, NODE), Some(Send::Again));
            repeats.push((at.saturating_sub(s(0))).as_millis());
        }
        let expected = [400, 1200, 2800, 6000, 9200, 12_400, 15_600, 18_800];
        assert_eq!(repeats, expected, "however long it boots");
        assert_eq!(stop.due(s(20), UP), None);
        assert_eq!(stop.due(s(20) + AGAIN, UP), Some(Send::Again));
        assert_eq!(stop.deadline(), None, "it has heard the last one");
        for status in [UP, OTHER] {
            let mut stop = Stop::new(Duration::ZERO, None);
            assert_eq!(stop.term(s(1), status), Some(Send::Term));
            assert_eq!(stop.deadline(), None, "it hears at once: {status:?}");
        }
    }

    #[test]
    fn a_node_that_was_not_planned_is_stopped_at_once_and_for_certain() {
        let mut stop = Stop::new(Duration::from_secs(5), None);
        assert_eq!(stop.refuse(s(0), NODE), Some(Send::Term));
        assert_eq!(stop.refuse(s(1), NODE), None);
        assert_eq!(stop.due(s(29), NODE), Some(Send::Again));
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
        assert_eq!(stop.term(s(0) + ONE / 2, NODE), None, "the same TERM");
        assert_eq!(
            stop.term(s(0) + ONE, NODE),
            Some(Send::Term),
            "a second TERM ends the wait"
        );
        let mut stop = Stop::new(ONE / 2, None);
        assert_eq!(stop.term(s(0), NODE), None);
        assert_eq!(stop.due(s(0) + ONE / 2, NODE), Some(Send::Term));
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
        assert_eq!(node.term(s(0), UP), Some(Send::Term));
        assert_eq!(node.due(s(9), UP), None);
        assert_eq!(node.due(s(10), NODE), Some(Send::CrashDump));
        assert_eq!(node.due(s(15), NODE), Some(Send::Kill));
        assert_eq!(node.due(s(99), NODE), None);
        let mut other = Stop::new(Duration::ZERO, Some(Duration::from_secs(10)));
        assert_eq!(other.term(s(0), OTHER), Some(Send::Term));
        assert_eq!(other.due(s(10), OTHER), Some(Send::Kill));
    }
}
