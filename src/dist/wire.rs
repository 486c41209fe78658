//! A TCP connection, plain or with TLS in it, with one deadline for connecting, reading and writing, which no peer can
//! extend.
//!
//! tcp(7); TCP_NODELAY, because a handshake is small packets to and fro, and each would wait for the peer's delayed ACK.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

#[cfg(feature = "full")]
use rustls::ClientConnection;

/// At most this much is read at once.
const PIECE: usize = 4096;

#[derive(Debug)]
pub struct Wire {
    socket: Socket,
    #[cfg(feature = "full")]
    tls: Option<Box<ClientConnection>>,
}

#[derive(Debug)]
struct Socket {
    stream: TcpStream,
    deadline: Instant,
}

impl Wire {
    /// # Errors
    /// The system's own; [`ErrorKind::TimedOut`] at the deadline, as for all that is done with it.
    pub fn connect(address: SocketAddr, deadline: Instant) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            socket: Socket { stream, deadline },
            #[cfg(feature = "full")]
            tls: None,
        })
    }

    /// From now on all goes through TLS.
    ///
    /// # Errors
    /// Those of the connection, and [`rustls::Error`] in one of [`ErrorKind::InvalidData`].
    #[cfg(feature = "full")]
    pub fn start_tls(&mut self, mut tls: ClientConnection) -> io::Result<()> {
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut self.socket) {
                // The node logs the alert with our reason. `complete_io` writes once more, which may be what was before it.
                while tls.wants_write() && tls.write_tls(&mut self.socket).is_ok() {}
                return Err(error);
            }
        }
        self.tls = Some(Box::new(tls));
        Ok(())
    }

    #[cfg_attr(not(feature = "full"), allow(clippy::unused_self))]
    pub fn has_tls(&self) -> bool {
        #[cfg(feature = "full")]
        return self.tls.is_some();
        #[cfg(not(feature = "full"))]
        false
    }

    /// Our own address of the connection, and the peer's.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        let stream = &self.socket.stream;
        Ok((stream.local_addr()?, stream.peer_addr()?))
    }

    pub fn set_deadline(&mut self, deadline: Instant) {
        self.socket.deadline = deadline;
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
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(feature = "full")]
        if let Some(tls) = &mut self.tls {
            let read = rustls::Stream::new(tls.as_mut(), &mut self.socket).read(buffer);
            return read.map_err(|error| last_alert(tls, &mut self.socket).unwrap_or(error));
        }
        self.socket.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(feature = "full")]
        if let Some(tls) = &mut self.tls {
            return rustls::Stream::new(tls.as_mut(), &mut self.socket).write(bytes);
        }
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// With TLS 1.3 a node looks at our certificate when for us the handshake is over. If it refuses it, it closes the connection,
/// and what we have written meanwhile makes an error that comes before the alert with the reason.
#[cfg(feature = "full")]
fn last_alert(tls: &mut ClientConnection, socket: &mut Socket) -> Option<io::Error> {
    while tls.read_tls(socket).is_ok_and(|count| count > 0) {
        if let Err(alert) = tls.process_new_packets() {
            return Some(io::Error::new(ErrorKind::InvalidData, alert));
        }
    }
    None
}

impl Socket {
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

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until_deadline(TcpStream::set_read_timeout, |mut stream| {
            stream.read(buffer)
        })
    }
}

impl Write for Socket {
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
