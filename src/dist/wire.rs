//! A TCP connection with one deadline for connecting, reading and writing, which no peer can extend.
//!
//! tcp(7); TCP_NODELAY, because a handshake is small packets to and fro, and each would wait for the peer's delayed ACK.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// At most this much is read at once.
const PIECE: usize = 4096;

#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    deadline: Instant,
}

impl Wire {
    /// # Errors
    /// The system's own; [`ErrorKind::TimedOut`] at the deadline, as for all that is done with it.
    pub fn connect(address: SocketAddr, deadline: Instant) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, deadline })
    }

    /// Our own address of the connection, and the peer's.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.stream.local_addr()?, self.stream.peer_addr()?))
    }

    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Reads what has come: at least a byte, at most `most`.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`] if the peer has closed the connection.
    pub fn read_some(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; most.min(PIECE)];
        let count = self.read(&mut bytes)?;
        bytes.truncate(count);
        if bytes.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    /// Reads `count` bytes. The memory for them is taken as they come, not as they are announced.
    ///
    /// # Errors
    /// As with [`Wire::read_some`].
    pub fn read_bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            bytes.extend(self.read_some(count - bytes.len())?);
        }
        Ok(bytes)
    }

    /// Reads the length of a message, a number of `SIZE` bytes.
    ///
    /// # Errors
    /// As with [`Wire::read_some`].
    pub fn read_length<const SIZE: usize>(&mut self) -> io::Result<usize> {
        let mut bytes = [0; SIZE];
        self.read_exact(&mut bytes)?;
        let digits = bytes.into_iter().map(usize::from);
        Ok(digits.fold(0, |sum, digit| sum * 256 + digit))
    }

    /// Repeats what a signal or the socket's own timeout has interrupted, until the deadline.
    fn until_deadline(
        &self,
        set_timeout: fn(&TcpStream, Option<Duration>) -> io::Result<()>,
        mut act: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            set_timeout(&self.stream, Some(left(self.deadline)?))?;
            match act(&self.stream) {
                Err(error) if is_interrupted(&error) => {}
                other => return other,
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until_deadline(TcpStream::set_read_timeout, |mut stream| {
            stream.read(buffer)
        })
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_deadline(TcpStream::set_write_timeout, |mut stream| {
            stream.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time that is left. A timeout of zero would be an error of its own.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::Error::new(ErrorKind::TimedOut, "no answer in time"));
    }
    Ok(left.max(Duration::from_millis(1)))
}

fn is_interrupted(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut
    )
}
