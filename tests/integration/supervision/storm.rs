//! Random signals, forks and rewriting, gust after gust: nothing is lost, nothing remains, the status is right.
//!
//! For a minute, or BEAMINIT_STORM_SECONDS. A failure tells its gust's seed; BEAMINIT_TEST_SEED=SEED begins with it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use nix::libc;

use super::fakes;
use super::observed::{children, descriptors, kilobytes, status};
use super::rewriting::{Table, seeds, sources};
use crate::harness::*;

/// What the kernel merges, and lets undo each other: CONT takes away what stops, and the other way round.
const STOPS: [i32; 4] = [libc::SIGCONT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
/// So many real-time signals may be on their way.
const QUEUED: u32 = 300;
const LAST: i32 = 64;

#[test]
fn nothing_is_lost_and_nothing_remains() {
    let seconds = std::env::var("BEAMINIT_STORM_SECONDS").ok();
    let seconds = seconds.map_or(60, |seconds| seconds.parse().expect("a number of seconds"));
    let end = Instant::now() + Duration::from_secs(seconds);
    for seed in seeds().take_while(|_| Instant::now() < end) {
        let mut gust = Gust::begin(seed);
        gust.blow(end);
        gust.calms_down();
    }
}

/// Waits until it is so, or for as long as a test does: what there is instead is then for the caller to say.
fn patiently(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Where a signal is counted.
fn place(signal: i32) -> usize {
    usize::try_from(signal).expect("no minus")
}

struct Gust {
    running: Running,
    seed: u64,
    rng: fastrand::Rng,
    table: Table,
    /// Beaminit, as the test counts: PID 1 of the pod, or not.
    beaminit: i32,
    /// Where it is not PID 1, three of STOPS stop it and its command.
    stops: bool,
    /// How many processes there are without those that the storm forks.
    crew: usize,
    counts: File,
    expected: [u32; 65],
    /// The last of STOPS that is on its way, as what it will come.
    stop: i32,
    sent: u32,
}

impl Gust {
    fn begin(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        // The storm's own children send it.
        let mut table = if rng.bool() {
            Table::random(&mut rng)
        } else {
            Table::empty()
        }
        .without(libc::SIGCHLD);
        let node = rng.bool();
        if node {
            // A young node would get it more than once.
            table = table.without(libc::SIGTERM);
        }
        let variable = table.spelled(&mut rng);
        let pod = fakes::pod_with_node(&format!("exec storms /srv/counts {seed}"))
            .file("/srv/counts", [0; 4 * 65])
            .env("BEAMINIT_SIGNALS", &variable);
        let storms = format!("storms /srv/counts {seed}");
        let command = if node { "erl -noinput" } else { &storms };
        let alone = rng.bool();
        println!("seed {seed}: PID 1 {alone}, {command}, BEAMINIT_SIGNALS={variable:?}");
        let running = if alone {
            pod.run(command)
        } else {
            let script = format!("{BEAMINIT} -- {command}; exit $?");
            pod.first(["sh", "-c", &script])
        };
        running.says("storm is ready");
        let beaminit = if alone {
            running.pid()
        } else {
            children(running.pid())[0]
        };
        let counts = File::options()
            .read(true)
            .write(true)
            .open(pod.place("/srv/counts"));
        Self {
            beaminit,
            stops: !alone,
            crew: if alone { 2 } else { 3 },
            counts: counts.expect("the counts"),
            expected: [0; 65],
            stop: 0,
            sent: 0,
            running,
            seed,
            rng,
            table,
        }
    }

    /// For some seconds, at most until `end`.
    fn blow(&mut self, end: Instant) {
        let end = end.min(Instant::now() + Duration::from_millis(self.rng.u64(1000..8000)));
        let sources = sources();
        while Instant::now() < end {
            let signal = *self.rng.choice(&sources).expect("a signal");
            if self.may_be_sent(signal) {
                self.send(signal);
            }
            if self.rng.u8(..200) == 0 && self.may_be_sent(libc::SIGCONT) {
                // Stopped and continued from outside, beaminit goes on.
                self.kill(libc::SIGSTOP);
                self.send(libc::SIGCONT);
            }
            std::thread::sleep(Duration::from_micros(self.rng.u64(..4000)));
        }
    }

    /// Real-time signals queue, and each counts; of the others one may be on its way.
    fn may_be_sent(&self, signal: i32) -> bool {
        let target = self.table.of(signal);
        let taken = self.taken();
        let waits = |target| self.expected[place(target)].saturating_sub(taken[place(target)]);
        let is_stop =
            STOPS.contains(&signal) || target.is_some_and(|target| STOPS.contains(&target));
        if is_stop && waits(self.stop) > 0 {
            return false;
        }
        if self.is_stopped_by(target) {
            let continues = self.table.of(libc::SIGCONT) == Some(libc::SIGCONT);
            return continues && self.may_be_sent(libc::SIGCONT);
        }
        let queues = signal >= 34 && target.is_none_or(|target| target >= 34);
        target.is_none_or(|target| waits(target) < if queues { QUEUED } else { 1 })
    }

    fn is_stopped_by(&self, target: Option<i32>) -> bool {
        self.stops && target.is_some_and(|target| STOPS[1..].contains(&target))
    }

    fn send(&mut self, signal: i32) {
        let target = self.table.of(signal);
        if self.is_stopped_by(target) {
            self.kill(signal);
            self.sent += 1;
            let state = || status(self.beaminit, "State:");
            eventually("it is stopped", || state().starts_with('T'));
            return self.send(libc::SIGCONT);
        }
        let burst =
            signal >= 34 && target.is_none_or(|target| target >= 34) && self.rng.u8(..20) == 0;
        for _ in 0..if burst { self.rng.u32(2..100) } else { 1 } {
            self.kill(signal);
            self.sent += 1;
            self.expected[place(target.unwrap_or(0))] += u32::from(target.is_some());
        }
        if let Some(target) = target
            && (STOPS.contains(&signal) || STOPS.contains(&target))
        {
            self.stop = target;
        }
    }

    fn kill(&self, signal: i32) {
        assert!(!self.running.is_over(), "seed {}: it is over", self.seed);
        // SAFETY: kill takes two integers; the process is there until its command is told to end.
        assert_eq!(unsafe { libc::kill(self.beaminit, signal) }, 0, "kill");
    }

    /// What the command has taken so far, by number; its own children's signal apart.
    fn taken(&self) -> [u32; 65] {
        let mut bytes = [0; 4 * 65];
        self.counts
            .read_exact_at(&mut bytes, 0)
            .expect("the counts");
        let mut taken = [0; 65];
        for (number, four) in taken.iter_mut().zip(bytes.chunks_exact(4)) {
            *number = u32::from_ne_bytes(four.try_into().expect("four bytes"));
        }
        (taken[0], taken[place(libc::SIGCHLD)]) = (0, 0);
        taken
    }

    /// Signals that were not taken as often as they should be: number, times taken, times expected.
    fn differences(&self) -> Vec<(usize, u32, u32)> {
        let taken = self.taken();
        let all = (0..=64).map(|number| (number, taken[number], self.expected[number]));
        all.filter(|(_, taken, expected)| taken != expected)
            .collect()
    }

    #[track_caller]
    fn calms_down(mut self) {
        patiently(|| self.differences().is_empty());
        assert_eq!(self.differences(), [], "seed {}", self.seed);
        if self.rng.bool() {
            self.counts
                .write_all_at(&1_u32.to_ne_bytes(), 0)
                .expect("the end of the forks");
            let inmates = || self.running.inmates();
            patiently(|| inmates().len() == self.crew);
            let remain = inmates();
            assert_eq!(remain.len(), self.crew, "seed {}: {remain:#?}", self.seed);
            let open = descriptors(self.beaminit);
            assert!(
                open <= 4,
                "{open} open, but for its streams and the end of a pipe"
            );
            let memory = kilobytes(self.beaminit, "RssAnon:");
            assert!(memory < 1024, "{memory} kB of its own");
        }
        self.kill(LAST);
        self.expected[place(LAST)] += 1;
        self.running
            .ends_with(i32::try_from(self.seed % 256).expect("a status"));
        // Neither lost nor sent twice, to the end.
        assert_eq!(self.differences(), [], "seed {}", self.seed);
        println!("{} signals", self.sent);
    }
}
