//! measure DIRECTORY NAME=PATH... [FIGURE...]: what the inits cost. The first is what the others are compared to, and
//! "beaminit" is the one that has goals. DIRECTORY holds the commands to run under them. Called by `run`, beside this file.
//!
//! Every sample starts an init as PID 1 of a PID namespace of its own; the inits take turns sample by sample, so that
//! whatever else the machine does happens to all of them. Nothing waits for ever, and an init that is dropped is killed,
//! its namespace with it; should this program be killed, the kernel does the same.

use std::collections::VecDeque;
use std::ffi::{CString, c_char, c_int, c_ulong, c_void};
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

const ORPHANS: u32 = 20_000;
const BURST: u32 = 5_000;
/// TERM is sent up to this long after the start, in nanoseconds.
const EARLY: f64 = 3_000_000.0;
/// No report takes longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

// std has no way into a PID namespace. The values are those of x86 and ARM.
const CLOCK_MONOTONIC: c_int = 1;
const CLONE_NEWPID: c_int = 0x2000_0000;
const CLONE_VM: c_int = 0x100;
const PR_SET_PDEATHSIG: c_int = 1;
const SIGCHLD: c_int = 17;
const SIGKILL: c_int = 9;
const SIGPIPE: c_int = 13;
const SIGTERM: c_int = 15;
const SIGUSR1: c_int = 10;
const SIG_DFL: usize = 0;
const WNOHANG: c_int = 1;

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
    fn clone(
        run: extern "C" fn(*mut c_void) -> c_int,
        stack: *mut c_void,
        flags: c_int,
        argument: *mut c_void,
        ...
    ) -> c_int;
    fn dup2(from: c_int, to: c_int) -> c_int;
    fn execve(
        path: *const c_char,
        words: *const *const c_char,
        environment: *const *const c_char,
    ) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
    fn sched_setaffinity(pid: c_int, size: usize, processors: *const u64) -> c_int;
    fn setsid() -> c_int;
    fn signal(signal: c_int, handler: usize) -> usize;
    fn waitpid(pid: c_int, status: *mut c_int, flags: c_int) -> c_int;
}

/// The monotonic clock in nanoseconds, as the commands read it.
fn now() -> u64 {
    let mut time = [0; 2];
    // SAFETY: this is a timespec, where long has 64 bits.
    unsafe { clock_gettime(CLOCK_MONOTONIC, &mut time) };
    time[0] as u64 * 1_000_000_000 + time[1] as u64
}

/// Keeps this process and what it starts on one processor meanwhile: what an init costs can't hide on another one, and
/// where the scheduler puts the processes, which would decide more than the inits do, is out of the game.
fn on_one_processor<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the sets, of 64 processors, are as large as said.
    let pin = |set: u64| unsafe { sched_setaffinity(0, size_of_val(&set), &set) };
    pin(1);
    let result = work();
    pin(u64::MAX);
    result
}

/// An init to compare.
struct Contender {
    name: String,
    path: String,
}

/// What the new process needs until it has exec'd. It shares our memory: less for exec to throw away, and no trace of
/// this program's size in the figures.
struct Birth {
    _words: Vec<CString>,
    argv: Vec<*const c_char>,
    standard: [c_int; 3],
    stack: Vec<u128>,
    began: AtomicU64,
}

extern "C" fn become_init(birth: *mut c_void) -> c_int {
    let environment = [
        c"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".as_ptr(),
        std::ptr::null(),
    ];
    // SAFETY: Init::start passes a Birth, which outlives the exec; nothing here allocates or locks.
    unsafe {
        let birth = &*birth.cast::<Birth>();
        prctl(PR_SET_PDEATHSIG, SIGKILL as c_ulong);
        // As container runtimes do; and a signal to an init's own group must not reach us.
        setsid();
        for (to, from) in (0..).zip(birth.standard) {
            dup2(from, to);
        }
        birth.began.store(now(), Ordering::SeqCst);
        execve(birth.argv[0], birth.argv.as_ptr(), environment.as_ptr());
    }
    127
}

/// A running init.
struct Init {
    pid: c_int,
    ended: bool,
    reports: UnixStream,
    /// When it called execve.
    began: u64,
    _birth: Box<Birth>,
}

impl Init {
    /// Starts `contender -- command...`; the reports come from the command's standard output.
    fn start(contender: &Contender, command: &[&str]) -> Self {
        let words = [&[&contender.path, "--"], command].concat();
        let words: Vec<_> = words.iter().map(|w| CString::new(*w).unwrap()).collect();
        let argv = words.iter().map(|word| word.as_ptr());
        let null = File::options().read(true).write(true).open("/dev/null");
        let null = null.unwrap();
        let (reports, output) = UnixStream::pair().unwrap();
        reports.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut birth = Box::new(Birth {
            argv: argv.chain([std::ptr::null()]).collect(),
            _words: words,
            standard: [null.as_raw_fd(), output.as_raw_fd(), null.as_raw_fd()],
            stack: vec![0; 4096],
            began: AtomicU64::new(0),
        });
        let stack = birth.stack.as_mut_ptr_range().end;
        // SAFETY: the stack is the child's alone, and it lives with the rest of the Birth until the child has exec'd or
        // has been waited for.
        let pid = unsafe {
            clone(
                become_init,
                stack.cast(),
                CLONE_VM | CLONE_NEWPID | SIGCHLD,
                (&raw mut *birth).cast(),
            )
        };
        let why = io::Error::last_os_error();
        assert!(pid > 0, "no PID namespace: {why}; is this root?");
        let began = loop {
            match birth.began.load(Ordering::SeqCst) {
                0 => std::thread::yield_now(),
                began => break began,
            }
        };
        Self {
            pid,
            ended: false,
            reports,
            began,
            _birth: birth,
        }
    }

    /// The next number that the command reports; infinity if none comes.
    fn report(&mut self) -> f64 {
        let mut bytes = [0; 8];
        match self.reports.read_exact(&mut bytes) {
            Ok(()) => u64::from_ne_bytes(bytes) as f64,
            Err(_) => f64::INFINITY,
        }
    }

    fn send(&self, signal: c_int) {
        // SAFETY: a child that has not been waited for keeps its pid.
        unsafe { kill(self.pid, signal) };
    }

    fn has_ended(&mut self) -> bool {
        // SAFETY: as above, and nobody asks for the status.
        self.ended |=
            !self.ended && unsafe { waitpid(self.pid, std::ptr::null_mut(), WNOHANG) } != 0;
        self.ended
    }

    /// The number in the line of /proc/PID/`file` that starts with `field`.
    fn number(&self, file: &str, field: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.pid)).unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix(field)?.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .unwrap_or(f64::INFINITY)
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        if !self.ended {
            self.send(SIGKILL);
            // SAFETY: as above.
            unsafe { waitpid(self.pid, std::ptr::null_mut(), 0) };
        }
    }
}

/// Samples by contender.
type Samples = Vec<Vec<f64>>;

/// A row of the tables.
struct Figure {
    title: String,
    /// beaminit's goal: at most so many times the first contender's value.
    goal: Option<f64>,
    samples: Samples,
}

impl Figure {
    fn new(title: impl Into<String>, goal: impl Into<Option<f64>>, samples: Samples) -> Self {
        Self {
            title: title.into(),
            goal: goal.into(),
            samples,
        }
    }
}

struct Bench {
    contenders: Vec<Contender>,
    stamp: String,
    command: String,
    scale: f64,
}

impl Bench {
    /// Samples in turns, each turn in an order of its own: what ran just before has its effect.
    fn turns(&self, count: f64, mut sample: impl FnMut(usize, usize) -> f64) -> Samples {
        let mut samples = self.no_samples();
        for turn in 0..self.scaled(count) {
            for who in self.shuffled() {
                samples[who].push(sample(who, turn));
            }
        }
        samples
    }

    fn no_samples(&self) -> Samples {
        vec![Vec::new(); self.contenders.len()]
    }

    fn shuffled(&self) -> Vec<usize> {
        let random = RandomState::new();
        let mut order: Vec<_> = (0..self.contenders.len()).collect();
        order.sort_by_cached_key(|who| random.hash_one(who));
        order
    }

    fn scaled(&self, count: f64) -> usize {
        (count * self.scale).ceil() as usize
    }

    /// An init whose command runs.
    fn started(&self, who: usize, command: &[&str]) -> Init {
        let mut init = Init::start(&self.contenders[who], command);
        init.report();
        init
    }

    /// All of them, at once.
    fn all(&self) -> Vec<Init> {
        let start = |who| self.started(who, &[&self.stamp]);
        (0..self.contenders.len()).map(start).collect()
    }

    fn idle(&self) -> Vec<Figure> {
        let fields = ["Rss:", "Private_Dirty:", "Pss:"];
        let mut values = fields.map(|_| self.no_samples());
        for _ in 0..self.scaled(10.0) {
            let inits = self.all();
            // For what they do after the fork.
            sleep(Duration::from_millis(200));
            for (values, field) in values.iter_mut().zip(fields) {
                for (values, init) in values.iter_mut().zip(&inits) {
                    values.push(init.number("smaps_rollup", field));
                }
            }
        }
        let [rss, dirty, pss] = values;
        vec![
            Figure::new("idle resident memory, kB", 0.38, rss),
            Figure::new("its private dirty memory, kB", 0.45, dirty),
            Figure::new("its proportional share (Pss), kB", None, pss),
        ]
    }

    fn wakeups(&self) -> Vec<Figure> {
        let inits = self.all();
        let count = || {
            let count = |init: &Init| init.number("status", "voluntary_ctxt_switches:");
            inits.iter().map(count)
        };
        sleep(Duration::from_secs(1));
        let before: Vec<_> = count().collect();
        let seconds = self.scaled(20.0);
        sleep(Duration::from_secs(seconds as u64));
        let difference = count().zip(before).map(|(after, before)| after - before);
        let samples = difference.map(|count| vec![count * 60.0 / seconds as f64]);
        let samples = samples.collect();
        vec![Figure::new("wake-ups per minute while idle", 0.0, samples)]
    }

    fn start(&self) -> Vec<Figure> {
        let samples = self.turns(600.0, |who, _| {
            let mut init = Init::start(&self.contenders[who], &[&self.stamp]);
            (init.report() - init.began as f64) / 1e3
        });
        let title = "start to the command's exec, µs";
        vec![Figure::new(title, 0.80, samples)]
    }

    fn early(&self) -> Vec<Figure> {
        let runs = self.scaled(600.0);
        // Without an end after 10 ms it may be lost. That is settled when 50 more have come, so half a second after; they
        // sleep meanwhile.
        let mut suspects = VecDeque::new();
        let mut lost = vec![vec![0.0]; self.contenders.len()];
        let mut judge = |(mut init, who): (Init, usize)| {
            lost[who][0] += f64::from(u8::from(!init.has_ended()));
        };
        for run in 0..runs {
            // Spread evenly and without a pattern by the golden ratio, the same for all.
            let delay = EARLY * (run as f64 * 0.618_033_988_749_895).fract();
            for who in self.shuffled() {
                let mut init = Init::start(&self.contenders[who], &[&self.stamp]);
                let when = init.began + delay as u64;
                while now() < when {
                    std::hint::spin_loop();
                }
                init.send(SIGTERM);
                while !init.has_ended() && now() < when + 10_000_000 {
                    sleep(Duration::from_micros(100));
                }
                suspects.push_back((init, who));
            }
            suspects.retain_mut(|(init, _)| !init.has_ended());
            while suspects.len() > 50 {
                suspects.pop_front().map(&mut judge);
            }
        }
        sleep(Duration::from_millis(500));
        suspects.into_iter().for_each(judge);
        let title = format!("TERM sent 0 to 3 ms after the start, lost of {runs}");
        vec![Figure::new(title, 1.0, lost)]
    }

    fn signal(&self) -> Vec<Figure> {
        let mut inits: Vec<_> = self.contenders.iter().map(|_| None).collect();
        let sample = |who: usize, turn| {
            // Anew now and then, for a process may have a good or a bad place in the caches.
            if turn % 100 == 0 {
                inits[who] = Some(self.started(who, &[&self.command, "signals"]));
            }
            let init: &mut Init = inits[who].as_mut().expect("one since turn 0");
            let sent = now() as f64;
            init.send(SIGUSR1);
            (init.report() - sent) / 1e3
        };
        let samples = on_one_processor(|| self.turns(2000.0, sample));
        let title = "forwarded signal, kill to handler, µs";
        vec![Figure::new(title, 1.0, samples)]
    }

    /// A command that makes orphans, and reports how long their end took.
    fn reaping(&self, kind: &str, number: u32, count: f64) -> Samples {
        let command = [&self.command, kind, &number.to_string()];
        let sample = |who: usize, _| Init::start(&self.contenders[who], &command).report() / 1e6;
        on_one_processor(|| self.turns(count, sample))
    }

    fn orphans(&self) -> Vec<Figure> {
        let title = format!("{ORPHANS} orphans, one after the other, ms");
        let samples = self.reaping("orphans", ORPHANS, 5.0);
        vec![Figure::new(title, 1.0, samples)]
    }

    fn burst(&self) -> Vec<Figure> {
        let title = format!("a burst of {BURST} orphans, ms");
        let samples = self.reaping("burst", BURST, 11.0);
        vec![Figure::new(title, 1.0, samples)]
    }
}

/// The lower quartile, the median, the upper quartile.
fn quartiles(samples: &[f64]) -> [f64; 3] {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| sorted[(sorted.len() - 1) * quarter / 4])
}

fn median(samples: &[f64]) -> f64 {
    quartiles(samples)[1]
}

fn row(cells: impl IntoIterator<Item = String>) {
    let cells: Vec<_> = cells.into_iter().collect();
    println!("| {} |", cells.join(" | "));
}

/// The medians, then the ratios and how beaminit stands to its goals.
fn print(contenders: &[Contender], figures: &[Figure]) {
    let names = contenders.iter().map(|contender| contender.name.clone());
    let ours = names.clone().position(|name| name == "beaminit").unwrap();
    let head = || ["figure".into()].into_iter().chain(names.clone());

    println!("Medians:\n");
    row(head());
    row(head().map(|_| "---".into()));
    for figure in figures {
        let value = |samples: &Vec<f64>| match median(samples) {
            infinite if infinite.is_infinite() => "never".into(),
            small if small < 100.0 && small.fract() != 0.0 => format!("{small:.1}"),
            large => format!("{large:.0}"),
        };
        row([figure.title.clone()]
            .into_iter()
            .chain(figure.samples.iter().map(value)));
    }

    println!("\nRatios to {}:\n", contenders[0].name);
    row(head().chain(["goal of beaminit".into()]));
    row(head().chain([String::new()]).map(|_| "---".into()));
    for figure in figures {
        let base = &figure.samples[0];
        let ratio = |samples: &Vec<f64>| format!("{:.2}", median(samples) / median(base));
        let goal = figure.goal.map(|goal| {
            let samples = &figure.samples[ours];
            let met = median(samples) <= goal * median(base);
            // Of the pairs that were sampled one after the other: how sure the ratio is.
            let pairs = samples.iter().zip(base).map(|(ours, base)| ours / base);
            let spread = match quartiles(&pairs.collect::<Vec<_>>()) {
                [low, _, high] if low < high => format!(", half of the pairs {low:.2}–{high:.2}"),
                _ => String::new(),
            };
            let met = if met { "met" } else { "**not met**" };
            format!("≤ {goal}: {met}{spread}")
        });
        row([figure.title.clone()]
            .into_iter()
            .chain(figure.samples.iter().map(ratio))
            .chain([goal.unwrap_or_default()]));
    }
}

fn main() {
    // SAFETY: installs no code. Rust's start-up ignores SIGPIPE, and the inits would inherit that.
    unsafe { signal(SIGPIPE, SIG_DFL) };
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().expect("a directory");
    let (contenders, wanted): (Vec<_>, Vec<_>) = arguments.partition(|word| word.contains('='));
    let contender = |word: &String| {
        let (name, path) = word.split_once('=')?;
        Some(Contender {
            name: name.into(),
            path: path.into(),
        })
    };
    let bench = Bench {
        contenders: contenders.iter().filter_map(contender).collect(),
        stamp: format!("{directory}/stamp"),
        command: format!("{directory}/command"),
        scale: std::env::var("BENCH_SCALE").map_or(1.0, |scale| scale.parse().expect("a number")),
    };
    let known: [(&str, fn(&Bench) -> Vec<Figure>); 7] = [
        ("idle", Bench::idle),
        ("wakeups", Bench::wakeups),
        ("start", Bench::start),
        ("early", Bench::early),
        ("signal", Bench::signal),
        ("orphans", Bench::orphans),
        ("burst", Bench::burst),
    ];
    let is_known = |word: &&String| known.iter().any(|(name, _)| name == word);
    if let Some(word) = wanted.iter().find(|word| !is_known(word)) {
        eprintln!(
            "no figure {word:?}; there are {:?}",
            known.map(|(name, _)| name)
        );
        std::process::exit(64);
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("Load average before: {load}");
    bench.all(); // into the page cache
    let mut figures = Vec::new();
    for (name, measure) in known {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            eprintln!("measuring: {name}");
            figures.extend(measure(&bench));
        }
    }
    print(&bench.contenders, &figures);
}
