//! The programs that attach runs beside the shell, and waiting that a signal ends: everything is blocked here, and whoever
//! presses Ctrl-C while kubectl thinks is to be heard. wait(2), `PR_SET_PDEATHSIG` in prctl(2).

use std::io::{ErrorKind, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::sys::signal::Signal;
use nix::unistd::getpid;

use crate::attach::{Local, Stopped};
use crate::error::Failure;
use crate::exit::Exit;
use crate::system::signals;

/// No answer is longer.
const LONGEST: u64 = 64 * 1024;
/// What nobody announces is looked for at this pace.
const PACE: Duration = Duration::from_millis(20);

/// Starts a program, with the signal mask that we were started with. It ends with this process, even if that is killed:
/// nobody would end it then.
///
/// # Errors
/// There is none of that name, or it cannot be run.
pub fn start(command: &mut Command, local: &Local) -> Result<Child, Failure> {
    let inherited = local.inherited;
    let prepare = move || {
        inherited.give_back();
        Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?)
    };
    // SAFETY: two system calls, and nothing else, between fork and exec.
    let command = unsafe { command.pre_exec(prepare) };
    command.spawn().map_err(|error| {
        let program = command.get_program().display();
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::NotExecutable,
        };
        Failure::new(exit, format!("cannot run {program}: {error}"))
    })
}

/// Waits until there is what is looked for; `None` when the time has passed.
///
/// # Errors
/// A signal that is to end this process.
pub fn until<T>(
    limit: Duration,
    mut found: impl FnMut() -> Option<T>,
) -> Result<Option<T>, Stopped> {
    // A deadline that no clock reaches is none.
    let deadline = Instant::now().checked_add(limit);
    loop {
        if let Some(found) = found() {
            return Ok(Some(found));
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(None);
        }
        match signals::next(Some(PACE)) {
            Some(signal) if ends(signal) => return Err(Stopped::Signal(signal)),
            // Ctrl-Z stops kubectl, and the shell above waits for the whole job to stop.
            Some(libc::SIGTSTP) => signals::send(getpid().as_raw(), libc::SIGSTOP),
            _ => {}
        }
    }
}

/// Is it a signal that is to end this process?
pub fn ends(signal: signals::Signal) -> bool {
    [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT].contains(&signal)
}

/// Ends a program, and the group that it leads.
pub fn end(child: &mut Child) {
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
            std::thread::sleep(PACE);
        }
    }
}

/// Runs a program to its end, in the group that a person types to: it may want a password. Gives what it wrote.
///
/// # Errors
/// It cannot be run, or a signal came.
pub fn answer_of(command: &mut Command, local: &Local) -> Result<(ExitStatus, String), Stopped> {
    let mut child = start(command.stdout(Stdio::piped()), local)?;
    let mut output = child.stdout.take().map(|pipe| pipe.take(LONGEST));
    if let Some(pipe) = &output {
        let _ = fcntl(pipe.get_ref(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
    }
    let mut text = Vec::new();
    let ended = until(Duration::MAX, || {
        // Asked before the pipe is read to where it is empty now: to where it is closed, a child of its child may take long.
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
        Err(stopped) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(stopped)
        }
    }
}

/// Does what may take long, while signals are heard here.
///
/// # Errors
/// A signal that is to end this process, or there cannot be a thread.
pub fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stopped> {
    let thread = thread(work)?;
    until(Duration::MAX, || thread.is_finished().then_some(()))?;
    let broken = |_| Failure::new(Exit::System, "a thread ended without a result");
    Ok(thread.join().map_err(broken)?)
}

/// Starts a thread.
///
/// # Errors
/// The system's own.
pub fn thread<T: Send + 'static>(
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
