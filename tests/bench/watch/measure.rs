//! measure DIRECTORY [FIGURE...]: how soon a node listens under each init, and what beaminit's watcher costs. DIRECTORY holds
//! the inits and their commands. Called by `run`, beside this file.
//!
//! Every sample starts an init as PID 1 of a PID, a network and a mount namespace of its own, in which an epmd runs already;
//! the inits take turns sample by sample. The port is found by a connect(2) every 0.5 ms, which is refused until the node
//! listens: that takes some 4 % of one processor, from all alike, and the node does not see it. Nothing waits for ever, and
//! whatever is dropped is killed, its namespace with it.

use std::ffi::{CStr, c_char, c_int, c_long, c_ulong, c_void};
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

const PORT: u16 = 5555;
const EPMD: u16 = 4369;
/// Between two looks at the port.
const GRAIN: Duration = Duration::from_micros(500);
/// No start takes longer than this.
const PATIENCE: Duration = Duration::from_secs(90);
/// After each start the kernel still has a network to take down.
const REST: Duration = Duration::from_millis(100);

// The values are those of x86 and ARM.
const CLOCK_MONOTONIC: c_int = 1;
const CLONE_NEWNET: c_int = 0x4000_0000;
const CLONE_NEWNS: c_int = 0x2_0000;
const CLONE_NEWPID: c_int = 0x2000_0000;
const IFF_UP: i16 = 1;
const MS_REC_PRIVATE: c_ulong = 0x4000 | 0x4_0000;
const PR_SET_PDEATHSIG: c_int = 1;
const PR_SET_TIMERSLACK: c_int = 29;
const PTRACE_CONT: c_int = 7;
const PTRACE_SEIZE: c_int = 0x4206;
const PTRACE_O_TRACEEXIT: c_ulong = 0x40;
/// A stop by SIGTRAP, for PTRACE_EVENT_EXIT.
const AT_EXIT: c_int = 6 << 16 | 5 << 8 | 0x7f;
const P_PID: c_int = 1;
const SIGKILL: c_ulong = 9;
const SIOCSIFFLAGS: c_ulong = 0x8914;
const WALL_EXITED_NOWAIT: c_int = 0x4000_0000 | 4 | 0x0100_0000;
const WALL: c_int = 0x4000_0000;
const WNOHANG: c_int = 1;

/// struct ifreq, as far as it is used.
#[repr(C)]
struct Interface {
    name: [u8; 16],
    flags: i16,
    rest: [u8; 22],
}

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
    fn ioctl(descriptor: c_int, request: c_ulong, ...) -> c_int;
    fn mount(
        from: *const c_char,
        to: *const c_char,
        kind: *const c_char,
        flags: c_ulong,
        data: *const c_void,
    ) -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
    fn ptrace(request: c_int, ...) -> c_long;
    fn setsid() -> c_int;
    fn unshare(flags: c_int) -> c_int;
    fn waitid(kind: c_int, id: c_int, info: *mut [u64; 16], options: c_int) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn write(descriptor: c_int, bytes: *const c_void, count: usize) -> isize;
}

/// The monotonic clock in nanoseconds.
fn now() -> u64 {
    let mut time = [0; 2];
    // SAFETY: this is a timespec, where long has 64 bits.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &mut time) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

fn checked(result: c_int) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn enter(namespaces: c_int) {
    // SAFETY: it takes an integer; this thread shares its file system with no other that would mind.
    checked(unsafe { unshare(namespaces) }).expect("no namespace; is this root?");
}

fn takes_connections(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// An init to compare.
struct Contender {
    name: &'static str,
    program: &'static str,
    variables: &'static [(&'static str, &'static str)],
}

const CONTENDERS: [Contender; 3] = [
    Contender {
        name: "tini-static",
        program: "tini-static",
        variables: &[],
    },
    Contender {
        name: "beaminit, BEAMINIT_CHECK=off",
        program: "beaminit",
        variables: &[("BEAMINIT_CHECK", "off")],
    },
    Contender {
        name: "beaminit",
        program: "beaminit",
        variables: &[],
    },
];
/// Which of them has goals, and a watcher.
const WATCHED: usize = 2;

/// A node to start.
struct Subject {
    title: &'static str,
    /// Its words, the first in DIRECTORY.
    words: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
}

const PIN: &str = "-kernel inet_dist_listen_min 5555 inet_dist_listen_max 5555";

macro_rules! erl {
    ($program:literal $(, $more:literal)*) => {
        &[
            $program, "-noinput", $($more,)* "-name", "n@127.0.0.1", "-setcookie", "c",
            "-kernel", "inet_dist_listen_min", "5555", "inet_dist_listen_max", "5555",
        ]
    };
}

const ERL: Subject = Subject {
    title: "`erl`",
    words: erl!("erl"),
    variables: &[],
};
const MIX: Subject = Subject {
    title: "a mix release",
    words: &["mixapp/_build/prod/rel/mixapp/bin/mixapp", "start"],
    variables: &[
        ("RELEASE_DISTRIBUTION", "name"),
        ("RELEASE_NODE", "n@127.0.0.1"),
        ("RELEASE_COOKIE", "c"),
        ("ERL_AFLAGS", PIN),
    ],
};
const NO_VM: Subject = Subject {
    title: "18 s without a VM",
    words: erl!("sleeps"),
    variables: &[],
};
const SLOW_VM: Subject = Subject {
    title: "18 s of a VM's boot",
    words: erl!("erl", "-boot", "slow"),
    variables: &[],
};

/// A process that is killed when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running init, in namespaces of its own; this thread is in its network. Dropped in this order: epmd is not below it.
struct Container {
    init: Process,
    _epmd: Process,
    output: ChildStdout,
    /// When init's execve was called.
    began: u64,
}

impl Container {
    /// Starts `contender -- subject...`. The calling thread can make no other.
    fn start(directory: &str, contender: &Contender, subject: &Subject) -> Self {
        enter(CLONE_NEWNET);
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let mut lo = Interface {
            name: [0; 16],
            flags: IFF_UP,
            rest: [0; 22],
        };
        lo.name[..2].copy_from_slice(b"lo");
        // SAFETY: the structure outlives the call.
        checked(unsafe { ioctl(socket.as_raw_fd(), SIOCSIFFLAGS, &raw mut lo) }).unwrap();
        let mut epmd = Command::new("epmd");
        let epmd = epmd
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // SAFETY: it takes integers.
        let dies_with_us = || checked(unsafe { prctl(PR_SET_PDEATHSIG, SIGKILL) });
        // SAFETY: nothing in it allocates or locks.
        let epmd = unsafe { epmd.pre_exec(dies_with_us) }.spawn();
        let epmd = Process(epmd.expect("epmd"));
        wait_until("epmd listens", || takes_connections(EPMD));

        enter(CLONE_NEWPID);
        let (mut stamp, write_stamp) = io::pipe().unwrap();
        let log = File::create(log_of(directory, contender, subject)).unwrap();
        let mut command = Command::new(format!("{directory}/{}", contender.program));
        command
            .arg("--")
            .arg(format!("{directory}/{}", subject.words[0]))
            .args(&subject.words[1..])
            .current_dir(directory)
            .env_clear()
            .envs(["PATH", "LANG"].map(|name| (name, std::env::var(name).unwrap_or_default())))
            .env("HOME", format!("{directory}/home"))
            .env("ERL_CRASH_DUMP", "/dev/null")
            .envs(subject.variables.iter().copied())
            .envs(contender.variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let become_init = move || {
            let none = std::ptr::null();
            let (root, proc): (&CStr, &CStr) = (c"/", c"/proc");
            // SAFETY: the strings and the number outlive the calls.
            unsafe {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                setsid();
                checked(unshare(CLONE_NEWNS))?;
                checked(mount(
                    none,
                    root.as_ptr(),
                    none,
                    MS_REC_PRIVATE,
                    none.cast(),
                ))?;
                checked(mount(
                    proc.as_ptr(),
                    proc.as_ptr(),
                    c"proc".as_ptr(),
                    0,
                    none.cast(),
                ))?;
                let began = now();
                write(write_stamp.as_raw_fd(), (&raw const began).cast(), 8);
            }
            Ok(())
        };
        // SAFETY: nothing in it allocates or locks.
        unsafe { command.pre_exec(become_init) };
        let mut init = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", contender.name));
        let mut began = [0; 8];
        stamp.read_exact(&mut began).unwrap();
        Self {
            output: init.stdout.take().unwrap(),
            init: Process(init),
            _epmd: epmd,
            began: u64::from_ne_bytes(began),
        }
    }

    /// Waits until the command runs, which it says by a line; returns when that was.
    fn command_runs(&mut self) -> u64 {
        let line = self.output.read_exact(&mut [0]);
        line.unwrap_or_else(|error| panic!("the command does not run: {error}"));
        now()
    }

    fn pid(&self) -> c_int {
        self.init.0.id() as c_int
    }
}

fn log_of(directory: &str, contender: &Contender, subject: &Subject) -> String {
    let name = format!("{} {}", contender.name, subject.title);
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{directory}/log.{name}")
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(GRAIN);
    }
}

/// One of these in a thread of its own, for the namespaces that it enters.
fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = || {
        // SAFETY: it takes integers. Sleeps are as long as they are asked to be.
        unsafe { prctl(PR_SET_TIMERSLACK, 1 as c_ulong) };
        work()
    };
    let result = thread::scope(|scope| scope.spawn(work).join());
    sleep(REST);
    result.unwrap_or_else(|_| std::process::exit(1))
}

/// Milliseconds from init's exec and from the command's until the port listens, and the measure's own processor time.
fn listens(directory: &str, contender: &Contender, subject: &Subject) -> [f64; 3] {
    let mut container = Container::start(directory, contender, subject);
    let runs = container.command_runs();
    wait_until(&log_of(directory, contender, subject), || {
        takes_connections(PORT)
    });
    let listens = now();
    let own = nanoseconds_of("/proc/thread-self/schedstat");
    [
        (listens - container.began) as f64 / 1e6,
        (listens - runs) as f64 / 1e6,
        own as f64 / 1e6,
    ]
}

/// The processor time of a task, as the scheduler has counted it.
fn nanoseconds_of(schedstat: &str) -> u64 {
    let text = fs::read_to_string(schedstat).unwrap_or_default();
    let number = text
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no {schedstat}"))
}

/// What a watcher took.
#[derive(Clone, Copy)]
struct Cost {
    /// Milliseconds of the processor, from the fork to the end.
    processor: f64,
    /// Its memory at its peak, in KiB: what no other process has, of that what it has written, and all that is mapped.
    private: f64,
    dirty: f64,
    resident: f64,
}

/// Runs the node until its watcher has ended. The watcher is stopped by ptrace(2) at its exit alone, when its memory is
/// still there, and then kept as a zombie, whose time is final: nothing is sampled, and it is not slowed before.
fn cost(directory: &str, subject: &Subject) -> Cost {
    let contender = &CONTENDERS[WATCHED];
    let container = Container::start(directory, contender, subject);
    let mut found = None;
    wait_until("a watcher", || {
        found = watcher_of(container.pid());
        found.is_some()
    });
    let pid = found.unwrap();
    let null = std::ptr::null_mut::<c_void>();
    // SAFETY: integers, and a status and a siginfo_t that outlive the calls.
    let cost = unsafe {
        let seized = ptrace(PTRACE_SEIZE, pid, null, PTRACE_O_TRACEEXIT);
        assert!(
            seized == 0,
            "the watcher had ended: {}",
            io::Error::last_os_error()
        );
        let mut status = 0;
        wait_until("the watcher ends", || {
            waitpid(pid, &raw mut status, WALL | WNOHANG) == pid
        });
        assert_eq!(status, AT_EXIT, "the watcher was stopped before its end");
        let number = |file: &str, field: &str| {
            let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(field));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            number.unwrap_or_else(|| panic!("no {field} in {file}"))
        };
        let of_smaps = |field| number("smaps_rollup", field);
        let resident = number("status", "VmHWM:");
        // What it has given back by now was its own.
        let given_back = resident - of_smaps("Rss:");
        let dirty = of_smaps("Private_Dirty:") + given_back;
        let private = of_smaps("Private_Clean:") + dirty;
        assert_eq!(ptrace(PTRACE_CONT, pid, null, null), 0);
        assert_eq!(waitid(P_PID, pid, &mut [0; 16], WALL_EXITED_NOWAIT), 0);
        let processor = nanoseconds_of(&format!("/proc/{pid}/schedstat")) as f64 / 1e6;
        waitpid(pid, &raw mut status, WALL);
        Cost {
            processor,
            private,
            dirty,
            resident,
        }
    };
    let log = log_of(directory, contender, subject);
    let text = fs::read_to_string(&log).unwrap_or_default();
    assert!(
        text.contains("is up: port 5555, cookie accepted"),
        "{log}: {text}"
    );
    cost
}

/// The watcher is init's child, by its name.
fn watcher_of(init: c_int) -> Option<c_int> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|process| {
        let pid: c_int = process.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        let (name, rest) = stat.rsplit_once(") ")?;
        let parent = rest.split(' ').nth(1)?.parse::<c_int>().ok()?;
        (parent == init && name.ends_with("(beaminit-watch")).then_some(pid)
    })
}

/// The value below which so many of a hundred are.
fn percentile(samples: &[f64], percent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) * percent / 100]
}

fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

fn met(value: f64, goal: f64) -> &'static str {
    if value <= goal { "met" } else { "**not met**" }
}

/// Starts the subject under each, in turns, each turn in an order of its own; prints the rows.
fn starts(directory: &str, subject: &Subject, count: usize) {
    let random = RandomState::new();
    let mut samples = CONTENDERS
        .each_ref()
        .map(|_| [Vec::new(), Vec::new(), Vec::new()]);
    for turn in 0..=count {
        let mut order: Vec<_> = (0..CONTENDERS.len()).collect();
        order.sort_by_cached_key(|who| random.hash_one((turn, who)));
        for who in order {
            let sample = alone(|| listens(directory, &CONTENDERS[who], subject));
            // The first turn brings everything into the page cache.
            if turn > 0 {
                for (samples, value) in samples[who].iter_mut().zip(sample) {
                    samples.push(value);
                }
            }
        }
    }
    let share = |kind: &[Vec<f64>; 3]| 100.0 * percentile(&kind[2], 50) / percentile(&kind[0], 50);
    let share = samples
        .each_ref()
        .map(|kind| format!("{:.1} %", share(kind)));
    eprintln!(
        "{}: the measure itself took {} of a processor",
        subject.title,
        share.join(", ")
    );
    for (title, kind, goal) in [
        ("exec to listens", 1, Some(1.02)),
        ("container start to listens", 0, None),
    ] {
        for (statistic, percent) in [("median", 50), ("90th percentile", 90)] {
            let values = samples.each_ref().map(|of| percentile(&of[kind], percent));
            let mut cells = vec![format!(
                "{}, {title}, {statistic} of {count}",
                subject.title
            )];
            cells.push(format!("1 ({:.1} ms)", values[0]));
            cells.extend(
                values[1..]
                    .iter()
                    .map(|value| format!("{:.3}", value / values[0])),
            );
            cells.push(
                goal.filter(|_| percent == 50)
                    .map_or_else(String::new, |goal| {
                        // Of the pairs that were sampled one after the other: how sure the ratio is.
                        let pairs = samples[WATCHED][kind].iter().zip(&samples[0][kind]);
                        let pairs: Vec<_> = pairs.map(|(ours, base)| ours / base).collect();
                        let [low, high] = [25, 75].map(|percent| percentile(&pairs, percent));
                        let met = met(values[WATCHED] / values[0], goal);
                        format!("≤ {goal}: {met}, half of the pairs {low:.2}–{high:.2}")
                    }),
            );
            row(&cells);
        }
    }
}

fn costs(directory: &str, scale: impl Fn(f64) -> usize) {
    let of = |subject, count| -> Vec<Cost> {
        (0..count)
            .map(|_| alone(|| cost(directory, subject)))
            .collect()
    };
    // In turns, for two at once would share the binary's pages.
    let all = [(&ERL, 20.0), (&MIX, 20.0), (&NO_VM, 2.0), (&SLOW_VM, 2.0)];
    let all = all.map(|(subject, count)| (subject, of(subject, scale(count))));
    println!();
    let titles = all
        .iter()
        .map(|(subject, costs)| format!("{}, {} starts", subject.title, costs.len()));
    row(&["the watcher's".into()]
        .into_iter()
        .chain(titles)
        .chain(["goal".into()])
        .collect::<Vec<_>>());
    row(&vec!["---".into(); all.len() + 2]);
    type Value = fn(&Cost) -> f64;
    let rows: [(&str, Value, usize, Option<f64>); 5] = [
        (
            "processor time, median, ms",
            |cost| cost.processor,
            50,
            Some(5.0),
        ),
        (
            "processor time, the most, ms",
            |cost| cost.processor,
            100,
            None,
        ),
        (
            "private memory, the most, MiB",
            |cost| cost.private / 1024.0,
            100,
            Some(1.5),
        ),
        (
            "of that written to, the most, MiB",
            |cost| cost.dirty / 1024.0,
            100,
            None,
        ),
        (
            "resident memory, the most, MiB",
            |cost| cost.resident / 1024.0,
            100,
            None,
        ),
    ];
    for (title, value, percent, goal) in rows {
        let values = all
            .iter()
            .map(|(_, costs)| percentile(&costs.iter().map(value).collect::<Vec<_>>(), percent));
        let values: Vec<_> = values.collect();
        let most = percentile(&values, 100);
        let goal = goal.map_or_else(String::new, |goal| format!("≤ {goal}: {}", met(most, goal)));
        let cells = values.iter().map(|value| format!("{value:.2}"));
        row(&[title.into()]
            .into_iter()
            .chain(cells)
            .chain([goal])
            .collect::<Vec<_>>());
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().expect("a directory");
    let wanted: Vec<_> = arguments.collect();
    let known = ["erl", "mix", "cost"];
    if let Some(word) = wanted.iter().find(|word| !known.contains(&word.as_str())) {
        eprintln!("no figure {word:?}; there are {known:?}");
        std::process::exit(64);
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let scale: f64 =
        std::env::var("BENCH_SCALE").map_or(1.0, |scale| scale.parse().expect("a number"));
    let scaled = |count: f64| (count * scale).ceil() as usize;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("Load average before: {load}");
    if is_wanted("erl") || is_wanted("mix") {
        let names = CONTENDERS
            .each_ref()
            .map(|contender| contender.name.to_owned());
        row(&["the port listens".into()]
            .into_iter()
            .chain(names)
            .chain(["goal of beaminit".into()])
            .collect::<Vec<_>>());
        row(&vec!["---".into(); CONTENDERS.len() + 2]);
    }
    for (name, subject, count) in [("erl", &ERL, 100.0), ("mix", &MIX, 40.0)] {
        if is_wanted(name) {
            eprintln!("measuring: {name}");
            starts(&directory, subject, scaled(count));
        }
    }
    if is_wanted("cost") {
        eprintln!("measuring: cost");
        costs(&directory, scaled);
    }
}
