//! A pod that runs, and the commands that are run in it besides.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use nix::libc;
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, setrlimit};

use super::directory::Directory;
use super::process::Process;
use super::time::LIFETIME;
use super::transcript::{Stream, Transcript};
use super::{Network, Words, terminal};

/// No process of a pod may compute for longer, or than a part of a longer life.
const CPU_SECONDS: u64 = 60;

/// What a process finds on its standard input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// `/dev/null`, as in a container.
    Null,
    /// A pipe that stays open, as with `docker run -i`.
    Open,
    /// A terminal, for all three descriptors, as with `docker run -it`.
    Terminal,
}

/// A pod that runs.
pub struct Running {
    process: Process,
    /// Keeps the pod's files.
    _directory: Arc<Directory>,
    env: Vec<(OsString, OsString)>,
    typed: Option<File>,
    /// Its thread ends with this, and with that thread the kernel ends the pod.
    _alive: Sender<()>,
}

impl Running {
    /// Starts a command as the first process of a pod.
    pub(super) fn start(
        command: Command,
        network: Network,
        input: Input,
        lifetime: Duration,
        env: &[(OsString, OsString)],
        directory: &Arc<Directory>,
    ) -> Self {
        let (process, typed, alive) = start(network, command, input, lifetime);
        Self {
            process,
            _directory: Arc::clone(directory),
            env: env.to_vec(),
            typed,
            _alive: alive,
        }
    }

    /// Runs another command in the pod, as `kubectl exec` does: the same namespaces and environment, not a child of PID 1.
    pub fn enter(&self, command: impl Words) -> Process {
        self.enter_with(Input::Null, command).0
    }

    /// The same with another standard input, and what can be typed there.
    pub fn enter_with(&self, input: Input, command: impl Words) -> (Process, Option<File>) {
        let mut nsenter = Command::new("timeout");
        nsenter
            .arg("--signal=KILL")
            .arg(LIFETIME.as_secs().to_string())
            .args([
                "nsenter",
                "--mount",
                "--uts",
                "--ipc",
                "--net",
                "--pid",
                "--wd=/srv",
            ])
            .arg(format!("--target={}", self.pid()))
            .args(["env", "-i"])
            .args(assignments(&self.env))
            .args(command.words());
        let terminal = attach(&mut nsenter, input);
        let child = nsenter.spawn().expect("nsenter (util-linux) starts");
        drop(nsenter);
        follow(child, terminal)
    }

    /// Where a path of the pod lies for the test while the pod runs.
    #[cfg(feature = "full")]
    pub fn place(&self, path: &str) -> std::path::PathBuf {
        std::path::PathBuf::from(format!("/proc/{}/root{path}", self.pid()))
    }

    /// Types at the pod's standard input.
    pub fn types(&mut self, text: &str) {
        let typed = self.typed.as_mut().expect("an input that is open");
        typed.write_all(text.as_bytes()).expect("somebody reads");
    }
}

impl std::ops::Deref for Running {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

/// An environment as the arguments of env(1).
pub(super) fn assignments(env: &[(OsString, OsString)]) -> impl Iterator<Item = OsString> {
    env.iter().map(|(name, value)| {
        let mut assignment = name.clone();
        assignment.push("=");
        assignment.push(value);
        assignment
    })
}

/// Starts the first process of a pod from a thread that has moved into its network and made its PID namespace.
fn start(
    network: Network,
    mut command: Command,
    input: Input,
    lifetime: Duration,
) -> (Process, Option<File>, Sender<()>) {
    let (alive, ends) = channel::<()>();
    let (started, starts) = channel();
    let cpu_seconds = CPU_SECONDS.max(lifetime.as_secs() / 8);
    // SAFETY: between fork and exec only system calls are made, on constants.
    unsafe {
        command.pre_exec(move || {
            unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC)?;
            // Nothing may outlive the tests, not even if they are killed.
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            // Nor run away, or litter the machine with core dumps.
            setrlimit(Resource::RLIMIT_CPU, cpu_seconds, cpu_seconds)?;
            setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
            // Nor does whatever started the tests lend the pod its descriptors.
            if libc::syscall(
                libc::SYS_close_range,
                3,
                u32::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            ) < 0
            {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let terminal = attach(&mut command, input);
    std::thread::spawn(move || {
        network.enter();
        unshare(CloneFlags::CLONE_NEWPID).expect("a PID namespace");
        started
            .send(command.spawn())
            .expect("the test waits for its pod");
        // The far side of a terminal is the pod's alone from now on.
        drop(command);
        let _ = ends.recv_timeout(lifetime);
    });
    let child = starts
        .recv()
        .expect("the thread of the pod")
        .expect("the pod starts");
    let (process, typed) = follow(child, terminal);
    (process, typed, alive)
}

/// Connects a command's three descriptors; gives the near side of its terminal, if it gets one.
fn attach(command: &mut Command, input: Input) -> Option<File> {
    if input == Input::Terminal {
        let (near, far) = terminal::open();
        let again = || far.try_clone().expect("a descriptor");
        command.stdin(again()).stdout(again()).stderr(again());
        // SAFETY: two system calls, and nothing else, between fork and exec.
        unsafe { command.pre_exec(terminal::take_control) };
        return Some(near);
    }
    command.stdin(if input == Input::Open {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    None
}

/// Takes down what a child writes; gives it with what can be typed at.
fn follow(mut child: Child, terminal: Option<File>) -> (Process, Option<File>) {
    let transcript = Transcript::new();
    if let Some(near) = terminal {
        transcript.follow(Stream::Out, near.try_clone().expect("a descriptor"));
        return (Process::watch(child, transcript), Some(near));
    }
    transcript.follow(Stream::Out, child.stdout.take().expect("its output"));
    transcript.follow(Stream::Err, child.stderr.take().expect("its errors"));
    let typed = child
        .stdin
        .take()
        .map(|pipe| File::from(OwnedFd::from(pipe)));
    (Process::watch(child, transcript), typed)
}
