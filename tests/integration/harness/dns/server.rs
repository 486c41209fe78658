//! The sockets of a name server and the threads that serve them: real DNS, over UDP and TCP.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use hickory_proto::op::Message;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Answer, Question, message};

/// Whatever answers questions; each answer comes with its age in seconds, where a cache has kept it.
pub trait Answers: Clone + Send + 'static {
    /// The answer to this question.
    fn answer(&self, question: &Question) -> (Answer, u32);
}

/// Both sockets of one address, bound in the network of the calling thread.
pub struct Sockets {
    udp: UdpSocket,
    tcp: TcpListener,
}

/// A reply, and how long it is held back.
type Reply = (Duration, Vec<u8>);

impl Sockets {
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            udp: UdpSocket::bind(address)?,
            tcp: TcpListener::bind(address)?,
        })
    }

    /// Answers questions until the other side of `stop` is closed.
    pub fn serve(&self, stop: &impl AsFd, answers: &impl Answers) {
        loop {
            let mut ready = [
                PollFd::new(self.udp.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.tcp.as_fd(), PollFlags::POLLIN),
                PollFd::new(stop.as_fd(), PollFlags::POLLIN),
            ];
            if poll(&mut ready, PollTimeout::NONE).is_err() {
                continue;
            }
            let [udp, tcp, stop] = ready.map(|fd| fd.any() == Some(true));
            if stop {
                return;
            }
            // A client that goes away in the middle is the client's affair.
            if udp {
                let _ = self.answer_datagram(answers);
            }
            if tcp && let Ok((client, from)) = self.tcp.accept() {
                let answers = answers.clone();
                std::thread::spawn(move || answer_stream(client, from.ip(), &answers));
            }
        }
    }

    fn answer_datagram(&self, answers: &impl Answers) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let (length, client) = self.udp.recv_from(&mut buffer)?;
        let Some((held, reply)) = reply(&buffer[..length], client.ip(), false, answers) else {
            return Ok(());
        };
        if held.is_zero() {
            self.udp.send_to(&reply, client)?;
            return Ok(());
        }
        let udp = self.udp.try_clone()?;
        std::thread::spawn(move || {
            std::thread::sleep(held);
            let _ = udp.send_to(&reply, client);
        });
        Ok(())
    }
}

/// Answers questions over TCP, where each message goes behind its length, until the client is gone or idle: for 10 s,
/// like CoreDNS.
fn answer_stream(mut client: TcpStream, from: IpAddr, answers: &impl Answers) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(10)))?;
    loop {
        let mut length = [0; 2];
        client.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        client.read_exact(&mut query)?;
        if let Some((held, reply)) = reply(&query, from, true, answers) {
            std::thread::sleep(held);
            let length = u16::try_from(reply.len()).expect("a message of a permitted length");
            client.write_all(&[&length.to_be_bytes(), reply.as_slice()].concat())?;
        }
    }
}

fn reply(bytes: &[u8], from: IpAddr, over_tcp: bool, answers: &impl Answers) -> Option<Reply> {
    let query = Message::from_vec(bytes).ok()?;
    let (answer, age) = answers.answer(&Question::new(&query, from, over_tcp)?);
    let held = match &answer {
        Answer::Late(held, _) => *held,
        _ => Duration::ZERO,
    };
    Some((held, message::bytes(&answer, &query, over_tcp, age)?))
}
