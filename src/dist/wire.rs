//! A TCP connection with one deadline over all that is done with it: whatever the peer does, it costs no more time.
//!
//! tcp(7); TCP_NODELAY, because a handshake is small packets to and fro, and each would wait for the peer's delayed ACK.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// So much is read at once.
const PIECE: usize = 4096;

/// How a connection was lost, or never made.
#[derive(Debug)]
pub enum WireError {
    /// Nothing takes it there.
    Refused(std::io::Error),
    /// The deadline has come.
    Late,
    /// The peer closed it.
    Closed,
}

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    deadline: Instant,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens, or nobody answers in time.
    pub fn connect(address: SocketAddr, deadline: Instant) -> Result<Self, WireError> {
        let stream = TcpStream::connect_timeout(&address, left(deadline)?).map_err(|error| {
            if error.kind() == ErrorKind::TimedOut {
                WireError::Late
            } else {
                WireError::Refused(error)
            }
        })?;
        stream.set_nodelay(true).map_err(WireError::Refused)?;
        Ok(Self { stream, deadline })
    }

    /// Sets another deadline for what comes now.
    pub fn until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Writes it all.
    ///
    /// # Errors
    /// The deadline, or the peer has gone.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), WireError> {
        while !bytes.is_empty() {
            let limit = Some(left(self.deadline)?);
            self.stream
                .set_write_timeout(limit)
                .map_err(WireError::Refused)?;
            match self.stream.write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) => goes_on(&error)?,
            }
        }
        Ok(())
    }

    /// Reads what has come, at least a byte, at most so many.
    ///
    /// # Errors
    /// The deadline, or the peer has gone.
    pub fn read_some(&mut self, into: &mut Vec<u8>, most: usize) -> Result<(), WireError> {
        let mut piece = [0; PIECE];
        let piece = piece.get_mut(..most.min(PIECE)).unwrap_or_default();
        loop {
            let limit = Some(left(self.deadline)?);
            self.stream
                .set_read_timeout(limit)
                .map_err(WireError::Refused)?;
            match self.stream.read(piece) {
                Ok(0) => return Err(WireError::Closed),
                Ok(count) => {
                    into.extend(piece.get(..count).unwrap_or_default());
                    return Ok(());
                }
                Err(error) => goes_on(&error)?,
            }
        }
    }

    /// Reads so many bytes. The memory for them is taken as they come, not as they are announced.
    ///
    /// # Errors
    /// The deadline, or the peer has gone.
    pub fn read(&mut self, count: usize) -> Result<Vec<u8>, WireError> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let rest = count.saturating_sub(bytes.len());
            self.read_some(&mut bytes, rest)?;
        }
        Ok(bytes)
    }
}

/// For what is spoken over it by others, as TLS is.
#[cfg(feature = "kubernetes")]
mod stream {
    use std::io;

    use crate::dist::{Wire, WireError};

    impl From<WireError> for io::Error {
        fn from(lost: WireError) -> Self {
            match lost {
                WireError::Refused(error) => error,
                WireError::Late => Self::new(io::ErrorKind::TimedOut, "no answer in time"),
                WireError::Closed => io::ErrorKind::ConnectionReset.into(),
            }
        }
    }

    impl io::Read for Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut bytes = Vec::new();
            match self.read_some(&mut bytes, buffer.len()) {
                Ok(()) => io::Read::read(&mut bytes.as_slice(), buffer),
                Err(WireError::Closed) => Ok(0),
                Err(lost) => Err(lost.into()),
            }
        }
    }

    impl io::Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Self::write(self, bytes)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

/// The time that is left. A timeout of nothing would be an error of its own.
fn left(deadline: Instant) -> Result<Duration, WireError> {
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero())
        .then(|| left.max(Duration::from_millis(1)))
        .ok_or(WireError::Late)
}

fn goes_on(error: &std::io::Error) -> Result<(), WireError> {
    match error.kind() {
        // A timeout: whether it was the deadline, is seen when the time that is left is looked at.
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(()),
        _ => Err(WireError::Closed),
    }
}
