//! The way from TERM to the end: held back (`BEAMINIT_STOP_DELAY`), forwarded, run out of time
//! (`BEAMINIT_STOP_TIMEOUT`). Pure: time goes in, what to do comes out.

use std::time::{Duration, Instant};

/// How long a BEAM may take for the crash dump that USR1 asks for, before KILL.
const CRASH_DUMP: Duration = Duration::from_secs(5);

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

/// Where the stop stands, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Held(Instant),
    Termed(Option<Instant>),
    Dumping(Instant),
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

    /// A TERM has come. The first is held back if there is a delay and the command `runs`; a second ends the wait.
    pub fn term(&mut self, now: Instant, runs: bool) -> Option<Send> {
        if self.stage == Stage::Running && runs && !self.delay.is_zero() {
            self.stage = now
                .checked_add(self.delay)
                .map_or(Stage::Running, Stage::Held);
            return None;
        }
        if matches!(self.stage, Stage::Running | Stage::Held(_)) {
            self.stage = Stage::Termed(self.timeout.and_then(|timeout| now.checked_add(timeout)));
        }
        Some(Send::Term)
    }

    /// When to look again, if nothing comes before.
    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Held(at) | Stage::Termed(Some(at)) | Stage::Dumping(at) => Some(at),
            Stage::Running | Stage::Termed(None) | Stage::Killed => None,
        }
    }

    /// What the time says: called when the deadline may have passed.
    pub fn due(&mut self, now: Instant, node: bool) -> Option<Send> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match self.stage {
            Stage::Held(_) => self.term(now, true),
            Stage::Termed(_) if node => {
                self.stage = now
                    .checked_add(CRASH_DUMP)
                    .map_or(Stage::Killed, Stage::Dumping);
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

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn without_settings_every_term_goes_through() {
        let now = Instant::now();
        let mut stop = Stop::new(Duration::ZERO, None);
        assert_eq!(stop.term(now, true), Some(Send::Term));
        assert_eq!(stop.deadline(), None);
        assert_eq!(stop.due(now + 100 * S, true), None);
        assert_eq!(stop.term(now, true), Some(Send::Term));
    }

    #[test]
    fn holds_the_first_term_back() {
        let now = Instant::now();
        let mut stop = Stop::new(5 * S, None);
        assert_eq!(stop.term(now, true), None);
        assert_eq!(stop.due(now + 4 * S, true), None);
        assert_eq!(stop.due(now + 5 * S, true), Some(Send::Term));
        let mut stop = Stop::new(5 * S, None);
        assert_eq!(stop.term(now, true), None);
        assert_eq!(
            stop.term(now + S, true),
            Some(Send::Term),
            "a second TERM ends the wait"
        );
        let mut stop = Stop::new(5 * S, None);
        assert_eq!(
            stop.term(now, false),
            Some(Send::Term),
            "nothing to drain before the command runs"
        );
    }

    #[test]
    fn runs_out_of_time() {
        let now = Instant::now();
        let mut node = Stop::new(Duration::ZERO, Some(10 * S));
        assert_eq!(node.term(now, true), Some(Send::Term));
        assert_eq!(node.due(now + 9 * S, true), None);
        assert_eq!(node.due(now + 10 * S, true), Some(Send::CrashDump));
        assert_eq!(node.due(now + 15 * S, true), Some(Send::Kill));
        assert_eq!(node.due(now + 99 * S, true), None);
        let mut other = Stop::new(Duration::ZERO, Some(10 * S));
        assert_eq!(other.term(now, true), Some(Send::Term));
        assert_eq!(other.due(now + 10 * S, false), Some(Send::Kill));
    }
}
