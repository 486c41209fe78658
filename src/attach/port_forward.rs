//! `kubectl port-forward`, from its start to its end. It chooses a free local port, and says which.
//!
//! It has its own process group: Ctrl-C at the shell's prompt is not for it. What it writes is read all the time, because a
//! full pipe would stop it, and is shown only when it has ended.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::node_info::command;
use super::{Abort, Machine, processes};
use crate::error::Failure;
use crate::exit::Exit;

/// kubectl itself gives up sooner: on the API after half a minute, on a pod that does not run after a minute.
const LIMIT: Duration = Duration::from_secs(90);

/// A port-forward that is ready. It is ended when this is dropped.
pub struct PortForward {
    /// The local port.
    pub address: SocketAddr,
    child: Child,
    errors: Receiver<String>,
    command_line: String,
}

impl PortForward {
    /// Starts it, and waits until it is ready.
    pub fn start(words: &[String], machine: &Machine) -> Result<Self, Abort> {
        let mut command = command(words);
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (output_sender, output) = channel();
        let (error_sender, errors) = channel();
        let mut forward = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child: processes::start(&mut command, machine)?,
            errors,
            command_line: words.join(" "),
        };
        read_lines(forward.child.stdout.take(), output_sender)?;
        read_lines(forward.child.stderr.take(), error_sender)?;
        let ready = processes::wait_for(LIMIT, || {
            match output.try_iter().find_map(|line| parse(&line)) {
                Some(address) => Some(Ok(address)),
                None => forward.exit_reason().map(Err),
            }
        })?;
        match ready {
            Some(Ok(address)) => {
                forward.address = address;
                Ok(forward)
            }
            Some(Err(line)) => Err(Failure::new(Exit::Gate, line).into()),
            None => {
                let line = format!(
                    "`{}` was not ready after {LIMIT:?}; does it work when you run it yourself?",
                    forward.command_line
                );
                Err(Failure::new(Exit::Gate, line).into())
            }
        }
    }

    /// The last line on its standard error, which may still be on its way.
    pub fn last_error(&self) -> Option<String> {
        let limit = Duration::from_millis(200);
        let lines = std::iter::from_fn(|| self.errors.recv_timeout(limit).ok());
        let last = lines.filter(|line| !line.trim().is_empty()).last()?;
        Some(last.trim().to_owned())
    }

    /// Why it has ended, if it has.
    pub fn exit_reason(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        let last = self.last_error().map(|line| format!(": {line}"));
        Some(format!(
            "`{}` ended ({status}){}",
            self.command_line,
            last.unwrap_or_default()
        ))
    }
}

impl Drop for PortForward {
    fn drop(&mut self) {
        processes::terminate(&mut self.child);
    }
}

fn read_lines(pipe: Option<impl Read + Send + 'static>, to: Sender<String>) -> Result<(), Failure> {
    let Some(pipe) = pipe else { return Ok(()) };
    let reader = processes::spawn_thread(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let _ = to.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
    reader.map(drop)
}

/// Out of `Forwarding from 127.0.0.1:40123 -> 43691`.
fn parse(line: &str) -> Option<SocketAddr> {
    let (address, _) = line.strip_prefix("Forwarding from ")?.split_once(" -> ")?;
    address.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_local_port() {
        for (line, expected) in [
            (
                "Forwarding from 127.0.0.1:40123 -> 43691",
                Some(([127, 0, 0, 1], 40123)),
            ),
            ("Forwarding from localhost:1 -> 2", None),
            ("Handling connection for 40123", None),
            ("", None),
        ] {
            assert_eq!(parse(line), expected.map(SocketAddr::from), "{line}");
        }
    }
}
