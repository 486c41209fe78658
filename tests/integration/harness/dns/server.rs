//! The sockets of a name server and the thread that serves them: real DNS, over UDP and TCP.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use hickory_proto::op::Message;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::zone::{Answers, Question};

/// Port 53 of one address, bound in the network of the calling thread.
pub struct Sockets {
    udp: UdpSocket,
    tcp: TcpListener,
}

impl Sockets {
    pub fn bind(address: IpAddr) -> io::Result<Self> {
        let address = SocketAddr::new(address, 53);
        Ok(Self {
            udp: UdpSocket::bind(address)?,
            tcp: TcpListener::bind(address)?,
        })
    }

    /// Answers questions until the other side of `stop` is closed.
    pub fn serve(&self, stop: &impl AsFd, answers: &mut impl Answers) {
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
            if tcp {
                let _ = self
                    .tcp
                    .accept()
                    .and_then(|(client, _)| answer_stream(client, answers));
            }
        }
    }

    fn answer_datagram(&self, answers: &mut impl Answers) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let (length, client) = self.udp.recv_from(&mut buffer)?;
        if let Some(reply) = reply(&buffer[..length], false, answers) {
            self.udp.send_to(&reply, client)?;
        }
        Ok(())
    }
}

/// Answers one question over TCP, where each message goes behind its length.
fn answer_stream(mut client: TcpStream, answers: &mut impl Answers) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut length = [0; 2];
    client.read_exact(&mut length)?;
    let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
    client.read_exact(&mut query)?;
    if let Some(reply) = reply(&query, true, answers) {
        let length = u16::try_from(reply.len()).expect("a message of a permitted length");
        client.write_all(&[&length.to_be_bytes(), reply.as_slice()].concat())?;
    }
    Ok(())
}

fn reply(bytes: &[u8], over_tcp: bool, answers: &mut impl Answers) -> Option<Vec<u8>> {
    let query = Message::from_vec(bytes).ok()?;
    let asked = query.queries.first()?;
    let question = Question {
        at: Instant::now(),
        name: asked
            .name()
            .to_ascii()
            .trim_end_matches('.')
            .to_ascii_lowercase(),
        kind: asked.query_type(),
        over_tcp,
    };
    answers.answer(&question).bytes(&query, over_tcp)
}
