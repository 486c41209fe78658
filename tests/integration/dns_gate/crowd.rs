//! Many pods side by side: real beaminits in one network, each with a host name and an address of its own.

use std::time::{Duration, Instant};

use crate::clusters::*;
use crate::harness::*;

/// The first process of them all. A HUP restarts every one, as a kubelet restarts containers.
const SCRIPT: &str = r#"
start() {
    n=0
    while [ $n -lt "$SIZE" ]; do
        HOSTNAME=app-$n POD_IP=10.1.$((n / 200 + 10)).$((n % 200 + 1)) ERL_PORT=$((20000 + n)) /run/beaminit exec -- erl &
        n=$((n + 1))
    done
}
trap 'kill -KILL -1; start' HUP
start
until wait; do :; done
"#;

/// What a started node says, as soon as it runs.
const NODE: &str = "#!/bin/sh\necho \"$HOSTNAME runs\"\n";

/// Pods that wait behind one CoreDNS, whose cache keeps everything for 30 s.
pub struct Crowd {
    pub dns: Dns,
    pub size: usize,
    pub since: Instant,
    running: Running,
}

/// What was seen of one pod's start.
#[derive(Clone, Copy)]
pub struct Start {
    /// From the publication of its record to the start of its command.
    pub exec: Duration,
    /// From the publication until another client saw the record.
    pub peer: Duration,
}

impl Crowd {
    /// So many pods that have all begun to wait.
    pub fn waits(size: usize) -> Self {
        let mut pod = stateful_pod()
            .env("SIZE", size.to_string())
            .env("BEAMINIT_DNS_TIMEOUT", "0")
            .env("BEAMINIT_LOG", "error")
            .file_with_mode("/srv/bin/erl", NODE, 0o755);
        let dns = pod.nameserver(CLUSTER_DNS).like(Kind::CoreDns { ttl: 30 });
        let since = Instant::now();
        let crowd = Self {
            dns,
            size,
            since,
            running: pod.first(["sh", "-c", SCRIPT]),
        };
        crowd.each_is_asked_for_times(1);
        crowd
    }

    /// The same, after each has been ended and started again.
    pub fn waits_again(size: usize) -> Self {
        let crowd = Self::waits(size);
        crowd.each_is_asked_for_times(6);
        let before = crowd.asked_of_all();
        crowd.running.signal_number(nix::libc::SIGHUP);
        crowd.comes_to("a second life", || {
            crowd.asked_of_all() >= before + 2 * size
        });
        crowd
    }

    /// Publishes the records one after the other, at random moments of this time, and tells how each went.
    pub fn is_published_within(&self, time: Duration) -> Vec<Start> {
        let mut moments: Vec<Duration> = (0..self.size)
            .map(|_| time.mul_f64(fastrand::f64()))
            .collect();
        moments.sort();
        let began = Instant::now();
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..self.size)
                .zip(moments)
                .map(|(n, moment)| scope.spawn(move || self.publish_at(began + moment, n)))
                .collect();
            let starts = starts.into_iter();
            starts.map(|start| start.join().expect("a start")).collect()
        })
    }

    fn publish_at(&self, moment: Instant, n: usize) -> Start {
        let peer = self.dns.another_client();
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
        let (name, address) = (name_of(n), address_of(n));
        self.dns.publish_pod(&name, &address);
        let published = Instant::now();
        let seen = peer.waits_for(&name);
        let words = format!("app-{n} runs");
        let line = self.running.writes(&words, |line| line.text == words);
        Start {
            exec: line.at.saturating_duration_since(published),
            peer: seen,
        }
    }

    /// The memory that all of them take, in kB: what each has for itself, and its share of the rest.
    pub fn memory(&self) -> usize {
        let proportional = |pid: i32| {
            let path = format!("/proc/{}/root/proc/{pid}/smaps_rollup", self.running.pid());
            let text = std::fs::read_to_string(path).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.trim().trim_end_matches(" kB").parse::<usize>().ok()
        };
        let mut inmates = self.running.inmates();
        inmates.retain(|inmate| inmate.name.starts_with("beaminit"));
        let each = inmates.iter().filter_map(|inmate| proportional(inmate.pid));
        each.sum()
    }

    /// How many of them still wait.
    pub fn waiting(&self) -> usize {
        let mut inmates = self.running.inmates();
        inmates.retain(|inmate| inmate.name.starts_with("beaminit"));
        inmates.len()
    }

    fn each_is_asked_for_times(&self, times: usize) {
        self.comes_to("wait", || {
            let mut asked = vec![0; self.size];
            for question in self.dns.asked() {
                if let Some(n) = number_in(&question.name) {
                    asked[n] += 1;
                }
            }
            asked.iter().all(|asked| *asked >= times)
        });
    }

    /// Waits for something that all of them do. Seldom asked: the server needs its time for them.
    fn comes_to(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() {
            let transcript = self.running.transcript();
            assert!(Instant::now() < deadline, "not all {what}:\n{transcript}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn asked_of_all(&self) -> usize {
        let asked = self.dns.asked();
        let of_pods = asked.iter().filter(|q| number_in(&q.name).is_some());
        of_pods.count()
    }
}

fn name_of(n: usize) -> String {
    format!("app-{n}.{SERVICE_NAME}")
}

fn address_of(n: usize) -> String {
    format!("10.1.{}.{}", n / 200 + 10, n % 200 + 1)
}

fn number_in(name: &str) -> Option<usize> {
    let label = name.strip_suffix(SERVICE_NAME)?.strip_suffix('.')?;
    label.strip_prefix("app-")?.parse().ok()
}

/// The value below which this share of the values is.
pub fn percentile(share: f64, values: impl Iterator<Item = Duration>) -> Duration {
    let mut values: Vec<Duration> = values.collect();
    values.sort();
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    let rank = (share * values.len() as f64).ceil() as usize;
    values[rank.max(1) - 1]
}

/// One line of a table of figures, for a bench to collect: `figure TAB name TAB value`.
pub fn figure(name: &str, value: impl std::fmt::Display) {
    println!("figure\t{name}\t{value}");
}
