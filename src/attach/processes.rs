//! The programs that run beside the shell, and waiting that a signal ends: all signals are blocked here, and Ctrl-C must
//! work also while kubectl is waited for. wait(2), `PR_SET_PDEATHSIG` in prctl(2).

use std::io::{ErrorKind, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::signal::Signal;
use nix::unistd::getpid;

use super::{Abort, Machine};
use crate::error::Failure;
use crate::exit::Exit;
use crate::system::signals;

/// The longest output that is read.
const MAX_OUTPUT: u64 = 64 * 1024;
/// How often a condition is checked that no signal announces.
const INTERVAL: Duration = Duration::from_millis(20);

/// Starts a program with the signal mask that we were started with. It gets a TERM when this process ends, even by KILL:
/// nothing else would end it then.
pub fn start(command: &mut Command, machine: &Machine) -> Result<Child, Failure> {
    let inherited = machine.inherited;
    let prepare = move || {
        inherited.give_back();
        Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?)
    };
    // SAFETY: two system calls, and nothing else, between fork and exec.
    let command = unsafe { command.pre_exec(prepare) };
    command.spawn().map_err(|error| {
        let program = command.get_program();
        if error.kind() == ErrorKind::NotFound {
            return machine.lacks(program);
        }
        let line = format!("cannot run {}: {error}", program.display());
        Failure::new(Exit::NotExecutable, line)
    })
}

/// Waits until `check` gives something; `None` when the time has passed.
pub fn wait_for<T>(
    limit: Duration,
    mut check: impl FnMut() -> Option<T>,
) -> Result<Option<T>, Abort> {
    // None for Duration::MAX.
    let deadline = Instant::now().checked_add(limit);
    loop {
        if let Some(result) = check() {
            return Ok(Some(result));
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(None);
        }
        match signals::next(Some(INTERVAL)) {
            Some(signal) if is_termination(signal) => return Err(Abort::Signal(signal)),
            // Ctrl-Z stops kubectl, and the shell that started us waits until the whole job has stopped.
            Some(libc::SIGTSTP) => signals::send(getpid().as_raw(), libc::SIGSTOP),
            _ => {}
        }
    }
}

pub fn is_termination(signal: signals::Signal) -> bool {
    [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT].contains(&signal)
}

/// Ends a program, and the process group that it leads.
pub fn terminate(child: &mut Child) {
    let Ok(group) = libc::pid_t::try_from(child.id()) else {
        return;
    };
    for signal in [libc::SIGTERM, libc::SIGKILL] {
        signals::send(-group, signal);
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(INTERVAL);
        }
    }
}

/// Runs a program to its end, in the terminal's foreground, because it may ask for a password. Gives its status and output.
pub fn output_of(command: &mut Command, machine: &Machine) -> Result<(ExitStatus, String), Abort> {
    let mut child = start(command.stdout(Stdio::piped()), machine)?;
    let mut output = child.stdout.take().map(|pipe| pipe.take(MAX_OUTPUT));
    if let Some(pipe) = &output {
        let _ = fcntl(pipe.get_ref(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
    }
    let mut text = Vec::new();
    let ended = wait_for(Duration::MAX, || {
        // Asked before the pipe is read. Read until it is empty, not until it is closed: a child of the child may keep it open.
        let ended = child.try_wait().transpose();
        let read = output.as_mut().map(|pipe| pipe.read_to_end(&mut text));
        if !matches!(read, Some(Err(error)) if error.kind() == ErrorKind::WouldBlock) {
            output = None;
        }
        ended
    });
    match ended {
        Ok(Some(Ok(status))) => Ok((status, String::from_utf8(text).unwrap_or_default())),
        Ok(_) => Err(Failure::new(Exit::System, "a child cannot be waited for").into()),
        Err(abort) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(abort)
        }
    }
}

/// Does what may take long, while this thread takes signals.
pub fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Abort> {
    let thread = spawn_thread(work)?;
    wait_for(Duration::MAX, || thread.is_finished().then_some(()))?;
    let broken = |_| Failure::new(Exit::System, "a thread ended without a result");
    Ok(thread.join().map_err(broken)?)
}

pub fn spawn_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    let thread = std::thread::Builder::new().spawn(work);
    thread.map_err(|error| {
        let line = format!(
            "cannot start a thread: {error}; has this user, or this container, as many processes as it may (ulimit -u, pids.max)?"
        );
        Failure::new(Exit::System, line)
    })
}
