//! A process with its transcript, its end, and the certainty that it doesn't outlive the test.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::time::{PATIENCE, is_within};
use super::transcript::{Line, Stream, Transcript};

/// A running (or just ended) process; killed when dropped.
pub struct Process {
    pid: Pid,
    end: Arc<(Mutex<Option<End>>, Condvar)>,
    transcript: Transcript,
}

#[derive(Clone, Copy)]
struct End {
    status: ExitStatus,
    at: Instant,
}

/// What is left of a process.
pub struct Ended {
    /// The exit status as a shell would give it: 128+n for a process that signal n ended.
    pub code: i32,
    /// When it ended.
    pub at: Instant,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Takes a child whose outputs were given to the transcript.
    pub fn watch(mut child: Child, transcript: Transcript) -> Self {
        let pid = Pid::from_raw(child.id().try_into().expect("a pid"));
        let end = Arc::new((Mutex::new(None), Condvar::new()));
        let told = Arc::clone(&end);
        std::thread::spawn(move || {
            // The end is awaited without reaping, and reaped under the lock: so no signal is ever sent to a pid that
            // may be somebody else's by now.
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            let at = Instant::now();
            let mut end = told.0.lock().unwrap();
            let status = child.wait().expect("a child can be waited for");
            *end = Some(End { status, at });
            told.1.notify_all();
        });
        Self {
            pid,
            end,
            transcript,
        }
    }

    /// Its pid, as the test's own namespace counts.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Sends a signal by its number, so that real-time ones can be sent too.
    pub fn signal_number(&self, number: i32) {
        let end = self.end.0.lock().unwrap();
        assert!(
            end.is_none(),
            "ended before signal {number}:\n{}",
            self.transcript
        );
        // SAFETY: kill(2) takes two integers; the pid is our unreaped child's while the lock is held.
        let sent = unsafe { nix::libc::kill(self.pid.as_raw(), number) };
        assert_eq!(sent, 0, "signal {number} could not be sent");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.signal_number(signal as i32);
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.end.0.lock().unwrap().is_some()
    }

    /// Waits for a line of either stream that contains this text.
    #[track_caller]
    pub fn says(&self, text: &str) -> Line {
        self.writes(&format!("a line with {text:?}"), |line| {
            line.text.contains(text)
        })
    }

    /// Waits for a line that is as wanted; `what` says it in words.
    #[track_caller]
    pub fn writes(&self, what: &str, wanted: impl Fn(&Line) -> bool) -> Line {
        let complete = |line: &Line| line.complete && wanted(line);
        let line = self.transcript.wait_for(complete, PATIENCE);
        line.unwrap_or_else(|| panic!("{what} never came:\n{}", self.transcript))
    }

    /// Waits for a prompt that contains this text: a line that doesn't end.
    #[track_caller]
    pub fn prompts(&self, text: &str) {
        let prompt = self
            .transcript
            .wait_for(|line| line.text.contains(text), PATIENCE);
        assert!(
            prompt.is_some(),
            "no prompt with {text:?}:\n{}",
            self.transcript
        );
    }

    /// What it has written so far, to show in a failure.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Waits for its end, which must come in this time.
    #[track_caller]
    pub fn ends_within(&self, limit: Duration) -> Ended {
        let began = Instant::now();
        let ended = self.ends();
        is_within(limit, ended.at.saturating_duration_since(began), &ended);
        ended
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ends(&self) -> Ended {
        let end = self.end.0.lock().unwrap();
        let waited = self
            .end
            .1
            .wait_timeout_while(end, PATIENCE, |end| end.is_none());
        let Some(end) = *waited.unwrap().0 else {
            panic!("still running after {PATIENCE:?}:\n{}", self.transcript)
        };
        // Daemons that a command leaves behind may hold its outputs open for ever; a pod's own can't.
        self.transcript.wait_for_the_end(Duration::from_secs(2));
        Ended {
            code: end
                .status
                .code()
                .unwrap_or_else(|| 128 + end.status.signal().unwrap_or(0)),
            at: end.at,
            stdout: self.transcript.text(Stream::Out),
            stderr: self.transcript.text(Stream::Err),
        }
    }

    /// Waits for its end, which must be this exit status.
    #[track_caller]
    pub fn ends_with(&self, code: i32) -> Ended {
        let ended = self.ends();
        assert_eq!(
            ended.code, code,
            "the exit status is not as it should be:\n{ended}"
        );
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let end = self.end.0.lock().unwrap();
        if end.is_none() {
            let _ = kill(self.pid, Signal::SIGKILL);
            // Until it is gone its mounts are busy and its directory can't be removed.
            let _ = self
                .end
                .1
                .wait_timeout_while(end, PATIENCE, |end| end.is_none());
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
            ..
        } = self;
        write!(
            f,
            "exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}---"
        )
    }
}

/// Waits until a condition holds that nothing announces: asks again and again, a hundred times a second.
#[track_caller]
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "{what}: not so after {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
