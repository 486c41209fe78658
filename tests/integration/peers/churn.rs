//! A joiner beside hostile peers, which come and go: what they send and how they hang leaves nothing in it.
//!
//! For a minute, or BEAMINIT_CHURN_SECONDS.

use std::net::{IpAddr, TcpStream};
use std::process::Command;

use nix::sys::signal::Signal;

use super::*;
use crate::real::SPEAK;

/// So many hosts are hostile; those with the lowest numbers give the name that is expected.
const HOSTS: u8 = 40;
const IMPOSTORS: u8 = 4;
/// The allocator has an arena for each of 16 threads, and takes a few pages more for each now and then.
const ARENAS: u64 = 256;
const HONEST: &str = "app@app-1.app.prod.svc.cluster.local";

#[test]
fn a_churn_of_hostile_peers_leaves_memory_and_descriptors_flat() {
    let seconds = std::env::var("BEAMINIT_CHURN_SECONDS").ok();
    let seconds = seconds.map_or(60, |seconds| seconds.parse().expect("a number of seconds"));
    let time = Duration::from_secs(seconds);
    let ((one, dns), (two, _other_dns)) = (member(0), member(1));
    let (one, two) = (one.lasts(time), two.lasts(time));
    one.network().wire("10.1.2.3", two.network(), "10.1.2.4");
    ip(
        one.network(),
        "route add 10.97.0.0/16 via 10.1.2.4 dev wire onlink",
    );
    ip(two.network(), "route add local 10.97.0.0/16 dev lo");
    for number in 1..=HOSTS {
        let at = host(number, number).1;
        serve(&two, &format!("{at}:4369"), epmd);
        serve(&two, &format!("{at}:43691"), node);
    }
    dns.publish_pod(SIBLING, "10.1.2.4");
    let hosts = (1..=HOSTS).map(|number| host(number, number).0);
    let hosts: Vec<String> = hosts.collect();
    let places = format!("dns hosts:{SIBLING},{}", hosts.join(","));
    // Their epmds are all at one port: this one at its own address alone.
    let two = two.env("ERL_EPMD_ADDRESS", "10.1.2.4");
    let erl = ["erl", "-noinput", "-eval", SPEAK];
    let honest = two.run(erl);
    honest.says("node=");
    let first = one
        .env("BEAMINIT_PEERS", places)
        .env("BEAMINIT_PEERS_INTERVAL", "500ms")
        .run(erl);
    first.says(&format!("joined {HONEST}"));
    let joiner = first
        .inmate("beaminit-peers")
        .expect("a process that joins")
        .pid;

    let samples = churn(&first, joiner, &dns, time);
    let quarter = samples.len() / 4;
    // What is used the first time stays.
    let parts = [&samples[quarter..2 * quarter], &samples[3 * quarter..]];
    let [early, late] = parts.map(Sample::least_of);
    for (when, sample) in [
        ("start", early),
        (
            "middle",
            Sample::least_of(&samples[2 * quarter..3 * quarter]),
        ),
        ("end", late),
    ] {
        println!("{when}: {sample:?}");
    }
    let most = samples
        .iter()
        .map(|sample| sample.descriptors)
        .max()
        .expect("samples");
    println!("{} samples, {most} descriptors at most", samples.len());
    assert!(late.descriptors <= early.descriptors, "{early:?} {late:?}");
    assert!(most < 100, "{most} descriptors");
    assert!(late.private <= early.private + ARENAS, "{early:?} {late:?}");
    assert!(
        late.resident <= early.resident + ARENAS,
        "{early:?} {late:?}"
    );
    assert!(late.threads <= early.threads, "{early:?} {late:?}");
    // It still does its work.
    honest.signal(Signal::SIGTERM);
    honest.ends_with(0);
    first.says(&format!("lost {HONEST}"));
    let again = two.run(erl);
    again.says("node=");
    let is_joined = |line: &str| line.contains(&format!("joined {HONEST}"));
    eventually("joined once more", || {
        first
            .transcript()
            .to_string()
            .lines()
            .filter(|line| is_joined(line))
            .count()
            >= 2
    });
    let log = first.transcript().to_string();
    let lines = log
        .lines()
        .filter(|line| line.contains("beaminit: "))
        .count();
    println!("{lines} lines of beaminit's");
    for line in log.lines().filter(|line| line.contains("beaminit: ")) {
        println!("{line}");
    }
    // A start has a dozen, and the impostors refuse once a minute each.
    let refusals = usize::from(IMPOSTORS) * usize::try_from(seconds / 60 + 2).expect("a number");
    assert!(lines <= 40 + 3 * usize::from(HOSTS) + 2 * refusals, "{log}");
}

fn ip(network: &Network, words: &str) {
    let status = network.inside(|| Command::new("ip").args(words.split(' ')).status());
    assert!(
        status.expect("ip (iproute2) starts").success(),
        "ip {words}"
    );
}

/// A hostile host's name, and an address.
fn host(number: u8, at: u8) -> (String, String) {
    (
        format!("h-{number}.app.prod.svc.cluster.local"),
        format!("10.97.0.{at}"),
    )
}

/// Knows every name, if it feels like it.
fn epmd(mut stream: TcpStream) {
    match fastrand::u8(..8) {
        0 => misbehave(stream),
        1 => drop(stream.write_all(b"w\x01")),
        _ => {
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"w\0\xaa\xabM\0\0\x06\0\x05\0\x03app\0\0");
        }
    }
}

fn node(mut stream: TcpStream) {
    let number = match stream.local_addr().map(|at| at.ip()) {
        Ok(IpAddr::V4(at)) => at.octets()[3],
        _ => 0,
    };
    if number <= IMPOSTORS {
        let _ = stream.write_all(&greeting(&format!("app@{}", host(number, number).0)));
    } else if fastrand::bool() {
        let _ = stream.write_all(&greeting(&format!("x{}@y.z", fastrand::u32(..))));
    }
    misbehave(stream);
}

fn misbehave(mut stream: TcpStream) {
    match fastrand::u8(..5) {
        0 => {}
        1 => drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        2 => {
            let garbage: Vec<u8> = (0..fastrand::usize(..5000))
                .map(|_| fastrand::u8(..))
                .collect();
            let _ = stream.write_all(&garbage);
        }
        3 => while stream.write_all(&[fastrand::u8(..); 4096]).is_ok() {},
        _ => drop(stream.read_to_end(&mut Vec::new())),
    }
}

/// What the joiner has, in kB where it is memory.
#[derive(Clone, Copy, Debug)]
struct Sample {
    resident: u64,
    /// Written by it alone.
    private: u64,
    descriptors: usize,
    threads: usize,
}

impl Sample {
    fn of(running: &Running, pid: i32) -> Option<Self> {
        let place = format!("/proc/{}/root/proc/{pid}", running.pid());
        let entries = |name: &str| Some(std::fs::read_dir(format!("{place}/{name}")).ok()?.count());
        let memory = std::fs::read_to_string(format!("{place}/smaps_rollup")).ok()?;
        let lines = memory
            .lines()
            .filter(|line| line.starts_with("Private_Dirty"));
        let sizes = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        Some(Self {
            resident: running.resident(pid),
            private: sizes.sum(),
            descriptors: entries("fd")?,
            threads: entries("task")?,
        })
    }

    /// Between the rounds.
    fn least_of(samples: &[Self]) -> Self {
        let least = |field: fn(&Self) -> u64| samples.iter().map(field).min().expect("samples");
        let fewest = |field: fn(&Self) -> usize| samples.iter().map(field).min().expect("samples");
        Self {
            resident: least(|one| one.resident),
            private: least(|one| one.private),
            descriptors: fewest(|one| one.descriptors),
            threads: fewest(|one| one.threads),
        }
    }
}

/// Has names and addresses change for this time, and looks at the joiner meanwhile.
fn churn(running: &Running, joiner: i32, dns: &Dns, time: Duration) -> Vec<Sample> {
    let began = Instant::now();
    let mut samples = Vec::new();
    let mut told = 0;
    while began.elapsed() < time {
        let some: Vec<u8> = (0..12).map(|_| fastrand::u8(1..=HOSTS)).collect();
        let pods = some.iter().map(|&number| {
            let at = if number <= IMPOSTORS {
                number
            } else {
                fastrand::u8(1..=HOSTS)
            };
            let (name, address) = host(number, at);
            dns.publish(&name, &address);
            (name, address.parse().expect("an address"))
        });
        let mut pods: Vec<(String, IpAddr)> = pods.collect();
        pods.push((SIBLING.to_owned(), [10, 1, 2, 4].into()));
        dns.script(SERVICE_NAME, RecordType::SRV, [Answer::Pods(pods)]);
        let Some(sample) = Sample::of(running, joiner) else {
            panic!("the joiner has gone:\n{}", running.transcript())
        };
        samples.push(sample);
        let percent = began.elapsed().as_secs() * 20 / time.as_secs();
        if percent > told {
            told = percent;
            println!("after {:?}: {:?}", began.elapsed(), samples.last());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    samples
}
