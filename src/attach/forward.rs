//! `kubectl port-forward`, from its start to its end. It chooses the near port itself, a free one, and says which.
//!
//! It has a process group of its own: Ctrl-C at the shell's prompt is not for it. What it writes is read all the time, for
//! it would stop where nobody did, and shown only when it has ended.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::told::command;
use crate::attach::{Local, Stopped, processes};
use crate::error::Failure;
use crate::exit::Exit;

/// kubectl itself gives up sooner: on the API after half a minute, on a pod that does not run after a minute.
const LIMIT: Duration = Duration::from_secs(90);

/// A port-forward that stands. Ends with this value.
pub struct Forward {
    /// Its near end.
    pub address: SocketAddr,
    child: Child,
    complaints: Receiver<String>,
    what: String,
}

impl Forward {
    /// Starts it, and waits until it stands.
    ///
    /// # Errors
    /// It ends before that.
    pub fn start(words: &[String], local: &Local) -> Result<Self, Stopped> {
        let what = words.join(" ");
        let mut command = command(words);
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (said, says) = channel();
        let (errors, complaints) = channel();
        let mut forward = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child: processes::start(&mut command, local)?,
            complaints,
            what,
        };
        follow(forward.child.stdout.take(), said)?;
        follow(forward.child.stderr.take(), errors)?;
        let stands = processes::until(LIMIT, || {
            match says.try_iter().find_map(|line| near_end(&line)) {
                Some(address) => Some(Ok(address)),
                None => forward.ended().map(Err),
            }
        })?;
        match stands {
            Some(Ok(address)) => {
                forward.address = address;
                Ok(forward)
            }
            Some(Err(line)) => Err(Failure::new(Exit::Gate, line).into()),
            None => {
                let line = format!(
                    "`{}` does not stand after {LIMIT:?}; does it by hand?",
                    forward.what
                );
                Err(Failure::new(Exit::Gate, line).into())
            }
        }
    }

    /// The last line of its errors, which may still be on its way.
    pub fn complaint(&self) -> Option<String> {
        let limit = Duration::from_millis(200);
        let lines = std::iter::from_fn(|| self.complaints.recv_timeout(limit).ok());
        let last = lines.filter(|line| !line.trim().is_empty()).last()?;
        Some(last.trim().to_owned())
    }

    /// What is to be said when it has ended.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        let last = self.complaint().map(|line| format!(": {line}"));
        Some(format!(
            "`{}` ended ({status}){}",
            self.what,
            last.unwrap_or_default()
        ))
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        processes::end(&mut self.child);
    }
}

/// Reads lines to the end, whether anybody wants them or not.
fn follow(pipe: Option<impl Read + Send + 'static>, to: Sender<String>) -> Result<(), Failure> {
    let Some(pipe) = pipe else { return Ok(()) };
    let reader = processes::thread(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let _ = to.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
    reader.map(drop)
}

/// Out of `Forwarding from 127.0.0.1:40123 -> 43691`.
fn near_end(line: &str) -> Option<SocketAddr> {
    let (address, _) = line.strip_prefix("Forwarding from ")?.split_once(" -> ")?;
    address.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_the_near_end_is() {
        for (line, expected) in [
            (
                "Forwarding from 127.0.0.1:40123 -> 43691",
                Some(([127, 0, 0, 1], 40123)),
            ),
            ("Forwarding from localhost:1 -> 2", None),
            ("Handling connection for 40123", None),
            ("", None),
        ] {
            assert_eq!(near_end(line), expected.map(SocketAddr::from), "{line}");
        }
    }
}
