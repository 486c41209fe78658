//! measure ROUNDS NAME=WORD|WORD...: runs these commands in turns, each so many times, and prints a table: medians of the
//! time and of the processor's, the largest memory of any process (no less than this program's own, 2 MiB, which a child
//! starts with), and ratios to the first. Their output is thrown away.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// struct rusage of getrusage(2), as far as it is read.
#[repr(C)]
#[derive(Default)]
struct Usage {
    user: [i64; 2],
    system: [i64; 2],
    max_rss: i64,
    rest: [i64; 13],
}

unsafe extern "C" {
    /// wait4(2)
    fn wait4(pid: i32, status: *mut i32, options: i32, usage: *mut Usage) -> i32;
}

struct Sample {
    wall: Duration,
    cpu: Duration,
    memory: i64,
}

fn run(words: &[&str]) -> Sample {
    let (program, arguments) = words.split_first().expect("a command");
    let started = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let (mut status, mut usage) = (0, Usage::default());
    let pid = child.id().try_into().expect("a pid");
    // SAFETY: both outlive the call and are as the system has them.
    let waited = unsafe { wait4(pid, &raw mut status, 0, &raw mut usage) };
    let wall = started.elapsed();
    assert_eq!(waited, pid);
    let status = ExitStatus::from_raw(status);
    assert!(status.success(), "{words:?}: {status}");
    let micros = |[seconds, micros]: [i64; 2]| {
        Duration::from_micros((seconds * 1_000_000 + micros).try_into().expect("a time"))
    };
    Sample {
        wall,
        cpu: micros(usage.user) + micros(usage.system),
        memory: usage.max_rss,
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().expect("ROUNDS").parse().expect("a number");
    let arguments: Vec<String> = arguments.collect();
    let commands: Vec<(&str, Vec<&str>)> = arguments
        .iter()
        .map(|argument| {
            let (name, command) = argument.split_once('=').expect("NAME=COMMAND");
            (name, command.split('|').collect())
        })
        .collect();
    let mut samples: Vec<Vec<Sample>> = commands.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for ((_, command), samples) in commands.iter().zip(&mut samples) {
            samples.push(run(command));
        }
    }
    println!("| | time | of erl_call's | processor time | memory |");
    println!("|---|---|---|---|---|");
    let first = median(samples[0].iter().map(|sample| sample.wall).collect());
    for ((name, _), samples) in commands.iter().zip(&samples) {
        let wall = median(samples.iter().map(|sample| sample.wall).collect());
        let cpu = median(samples.iter().map(|sample| sample.cpu).collect());
        let memory = samples.iter().map(|sample| sample.memory).max().unwrap_or(0);
        #[allow(clippy::cast_precision_loss)]
        let memory = memory as f64 / 1024.0;
        println!("| `{name}` | {wall:.1} ms | {:.2} | {cpu:.1} ms | {memory:.1} MiB |", wall / first);
    }
}
