//! BEAMINIT_SIGNALS against a model of it: random tables, every signal sent once, and all that the command took.
//!
//! A failure tells the seed; BEAMINIT_TEST_SEED=SEED tries that one first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nix::libc;

use super::fakes::{self, taken};
use crate::harness::*;

const TABLES: usize = 6;
/// Rewritten by no table: when it has come through, so has all that was sent before.
const LAST: i32 = 64;
/// By their numbers.
const NAMES: &str = "- HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP \
                     TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";

/// The model: what each signal on the left becomes, and nothing else is changed.
#[derive(Debug)]
pub struct Table(BTreeMap<i32, Option<i32>>);

impl Table {
    pub fn random(rng: &mut fastrand::Rng) -> Self {
        let right = signals(&[libc::SIGKILL, libc::SIGSTOP]);
        let rewrite = |signal| {
            let right = rng.choice(&right).copied().filter(|_| rng.u8(..4) > 0);
            (rng.u8(..5) > 2).then_some((signal, right))
        };
        Self(sources().into_iter().filter_map(rewrite).collect())
    }

    /// That rewrites nothing.
    pub fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// The same, but this signal never comes out of it.
    pub fn without(mut self, signal: i32) -> Self {
        if sources().contains(&signal) {
            self.0.entry(signal).or_insert(None);
        }
        for right in self.0.values_mut().filter(|right| **right == Some(signal)) {
            *right = None;
        }
        self
    }

    pub fn of(&self, signal: i32) -> Option<i32> {
        self.0.get(&signal).copied().unwrap_or(Some(signal))
    }

    /// As a user writes it, in the one way or the other.
    pub fn spelled(&self, rng: &mut fastrand::Rng) -> String {
        let mut pairs: Vec<_> = self.0.iter().collect();
        rng.shuffle(&mut pairs);
        let mut text = String::new();
        for (left, right) in pairs {
            let right = right.map_or(String::new(), |right| spelled(right, rng));
            write!(text, "{}={right},", spelled(*left, rng)).expect("a String takes it");
        }
        text
    }
}

#[test]
fn real_time_signals_have_dockers_numbers() {
    for (names, sent, taken) in [
        ("RTMIN+3=USR1", 37, 10),
        ("RTMAX-1=USR1", 63, 10),
        ("USR1=RTMIN+3", 10, 37),
    ] {
        let command = fakes::pod()
            .env("BEAMINIT_SIGNALS", names)
            .run("takes-signals fake");
        command.says("fake is ready");
        command.signal_number(sent);
        command.says(&format!("fake takes {taken} from 1,"));
    }
}

/// All signals but for these, the last, and those that the C library keeps to itself.
fn signals(others: &[i32]) -> Vec<i32> {
    let not = |signal: &i32| others.contains(signal) || [32, 33, LAST].contains(signal);
    (1..=libc::SIGRTMAX())
        .filter(|signal| !not(signal))
        .collect()
}

/// Those that can be sent to beaminit and rewritten.
pub fn sources() -> Vec<i32> {
    signals(&[libc::SIGKILL, libc::SIGSTOP, libc::SIGCHLD])
}

/// A signal's name in one of the ways in which kill(1) takes it.
fn spelled(signal: i32, rng: &mut fastrand::Rng) -> String {
    let name = match signal {
        34.. if rng.bool() => format!("RTMAX-{}", 64 - signal),
        34.. => format!("RTMIN+{}", signal - 34),
        _ => NAMES
            .split(' ')
            .nth(usize::try_from(signal).expect("no minus"))
            .expect("a name")
            .to_owned(),
    };
    match rng.u8(..5) {
        0 => signal.to_string(),
        1 => format!("SIG{name}"),
        2 => name.to_lowercase(),
        3 => format!(" {name} "),
        _ => name,
    }
}

/// Sends every signal once, in any order, and compares what was taken with the model.
#[track_caller]
fn does_as_the_model(pod: Pod, command: &str, table: &Table, rng: &mut fastrand::Rng, seed: u64) {
    let variable = table.spelled(rng);
    println!("seed {seed}: BEAMINIT_SIGNALS={variable:?}");
    let running = pod.env("BEAMINIT_SIGNALS", &variable).run(command);
    running.says("fake is ready");
    let mut sent = sources();
    rng.shuffle(&mut sent);
    sent.push(LAST);
    let mut expected = Vec::new();
    for signal in &sent {
        running.signal_number(*signal);
        // One after the other: equal ones merge while they are pending, and the kernel hands over the lowest first.
        if let Some(signal) = table.of(*signal) {
            expected.push(signal);
            running.says(&format!(
                "fake takes {signal} from 1, {} in all",
                expected.len()
            ));
        }
    }
    let ended = running.ends_with(0);
    assert_eq!(
        taken(&ended, "fake"),
        expected,
        "seed {seed}, {variable}, sent {sent:?}"
    );
}

pub fn seeds() -> impl Iterator<Item = u64> {
    let given = std::env::var("BEAMINIT_TEST_SEED").ok();
    let given = given.map(|seed| seed.parse().expect("a number for a seed"));
    given
        .into_iter()
        .chain(std::iter::repeat_with(|| fastrand::u64(..)))
}

#[test]
fn random_tables_do_to_a_command_what_they_say() {
    for seed in seeds().take(TABLES) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let table = Table::random(&mut rng);
        let command = format!("takes-signals fake {LAST}");
        does_as_the_model(fakes::pod(), &command, &table, &mut rng, seed);
    }
}

#[test]
fn random_tables_do_to_a_node_what_they_say() {
    for seed in seeds().take(TABLES) {
        let mut rng = fastrand::Rng::with_seed(seed);
        // A young node would get that one more than once.
        let table = Table::random(&mut rng).without(libc::SIGTERM);
        let pod = fakes::pod_with_node(&format!("exec takes-signals fake {LAST}"));
        does_as_the_model(pod, "erl -noinput", &table, &mut rng, seed);
    }
}

#[test]
fn a_signal_can_be_made_to_kill() {
    let pod = fakes::pod().env("BEAMINIT_SIGNALS", "QUIT=KILL");
    let command = pod.run("takes-signals command");
    command.says("command is ready");
    command.signal_number(libc::SIGQUIT);
    command.ends_with(137);
}
