//! One question, asked of the nameservers themselves: absolute names, no cache, no /etc/hosts.
//!
//! Over hickory's transports, not its resolver: that one keeps the SOA's TTL to itself, sends an unanswered question three
//! times a second, and drops the interface of a link-local nameserver. RFC 1035, RFC 7766, resolv.conf(5).

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle as _, DnsRequestSender as _, FirstAnswer as _};
use hickory_resolver::proto::op::{
    DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode,
};
use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::limit::Asked;
use crate::dns::Nameserver;
use crate::dns::answer::{self, Answer, Outcome, Read};

/// After this long without an answer the next nameserver is asked as well.
const PATIENCE: Duration = Duration::from_millis(800);
/// After this long a nameserver has not answered.
const LIMIT: Duration = Duration::from_secs(3);
/// So many aliases are followed.
const LONGEST_CHAIN: usize = 4;
/// A datagram may be lost: it is sent a second time after this long.
const AGAIN: Duration = Duration::from_secs(1);

/// The nameservers.
#[derive(Clone, Debug)]
pub struct Servers {
    list: Arc<[Server]>,
    /// The one that answered last is asked first: a dead one costs its delay once.
    first: Arc<AtomicUsize>,
    asked: Arc<Asked>,
}

#[derive(Clone, Debug)]
struct Server {
    name: Nameserver,
    address: SocketAddr,
    over_tcp: bool,
}

impl Servers {
    /// The nameservers in their order; over TCP only, if that is wanted.
    pub fn new(nameservers: &[Nameserver], over_tcp: bool) -> Self {
        let server = |name: &Nameserver| Server {
            name: name.clone(),
            address: socket_address(name),
            over_tcp,
        };
        Self {
            list: nameservers.iter().map(server).collect(),
            first: Arc::default(),
            asked: Arc::default(),
        }
    }

    /// The addresses of a name: those of a second family only if it has none of the first.
    pub async fn addresses(
        &self,
        name: &str,
        first: RecordType,
        second: Option<RecordType>,
    ) -> Answer {
        let answer = self.ask(name, first).await;
        let Some(second) = second.filter(|_| answer.outcome == Outcome::NoData) else {
            return answer;
        };
        let other = self.ask(name, second).await;
        if other.outcome == Outcome::NxDomain {
            // The name exists, the first answer said: this one is a cache's, from before.
            return answer;
        }
        other
    }

    /// Asks the servers in turn, the last that answered first: the next one when one fails, or has been silent for a
    /// while. The first conclusive answer counts.
    pub async fn ask(&self, name: &str, kind: RecordType) -> Answer {
        let name = absolute(name);
        let mut asked: JoinSet<(usize, Answer)> = JoinSet::new();
        let first = self.first.load(Relaxed);
        let count = self.list.len();
        let mut order = (0..count).map(|at| (first + at) % count);
        let mut last = None;
        loop {
            if let Some((at, server)) = order
                .next()
                .and_then(|at| Some((at, self.list.get(at)?.clone())))
            {
                self.asked.one_more().await;
                let name = name.clone();
                asked.spawn(async move { (at, server.ask(name, kind).await) });
            }
            let patience = if order.len() > 0 { PATIENCE } else { 2 * LIMIT };
            match timeout(patience, asked.join_next()).await {
                Ok(Some(Ok((at, answer)))) if answer.outcome.is_conclusive() => {
                    self.first.store(at, Relaxed);
                    return answer;
                }
                Ok(Some(Ok((_, answer)))) => last = Some(answer),
                Ok(Some(Err(_))) | Err(_) => {}
                Ok(None) => break,
            }
        }
        last.unwrap_or_else(|| Answer {
            outcome: Outcome::Silence,
            server: self
                .list
                .first()
                .map_or_else(nobody, |server| server.name.clone()),
            ttl: None,
        })
    }

    /// How many questions were asked since this was last called.
    pub fn asked(&self) -> usize {
        self.asked.since()
    }

    /// Whether each nameserver takes a TCP connection: of one that answers nothing, that is worth knowing.
    pub async fn reachable_over_tcp(&self) -> Vec<(Nameserver, Result<(), std::io::Error>)> {
        let mut tried = JoinSet::new();
        for server in self.list.iter().cloned() {
            tried.spawn(async move {
                let connect = tokio::net::TcpStream::connect(server.address);
                let connected = timeout(AGAIN, connect).await;
                let silent = || Err(std::io::ErrorKind::TimedOut.into());
                (
                    server.name,
                    connected.map_or_else(|_| silent(), |done| done.map(drop)),
                )
            });
        }
        tried.join_all().await
    }
}

impl Server {
    async fn ask(&self, name: Name, kind: RecordType) -> Answer {
        let (outcome, ttl) = match timeout(LIMIT, self.resolve(name, kind)).await {
            Ok(Ok(read)) => read,
            Ok(Err(NetError::Proto(error))) => (Outcome::Garbage(error.to_string()), None),
            Ok(Err(_)) | Err(_) => (Outcome::Silence, None),
        };
        Answer {
            outcome,
            server: self.name.clone(),
            ttl,
        }
    }

    /// Asks, and asks for what an alias stands for, where the server has not done so itself.
    async fn resolve(&self, mut name: Name, kind: RecordType) -> Result<Read, NetError> {
        for _ in 0..LONGEST_CHAIN {
            let response = self.response(name.clone(), kind).await?;
            match answer::read(&response, &name, kind) {
                (Outcome::Alias(target), _) => name = target,
                read => return Ok(read),
            }
        }
        Ok((Outcome::NoData, None))
    }

    /// With EDNS, so that more fits into a datagram; without it for a server that takes it for an error. RFC 6891 §7
    async fn response(&self, name: Name, kind: RecordType) -> Result<DnsResponse, NetError> {
        let mut options = DnsRequestOptions::default();
        let question = Query::query(name, kind);
        let response = self
            .send(&DnsRequest::from_query(question.clone(), options))
            .await?;
        if response.metadata.response_code != ResponseCode::FormErr {
            return Ok(response);
        }
        options.use_edns = false;
        self.send(&DnsRequest::from_query(question, options)).await
    }

    /// Over UDP, and over TCP what does not fit there. RFC 7766 §5
    async fn send(&self, request: &DnsRequest) -> Result<DnsResponse, NetError> {
        // As long as it lives, so does the task behind a connection.
        let provider = TokioRuntimeProvider::new();
        if !self.over_tcp {
            let mut datagrams = UdpClientStream::builder(self.address, provider.clone())
                .with_timeout(Some(2 * LIMIT))
                .with_max_retries(2)
                .with_retry_interval_floor(AGAIN.as_millis().try_into().unwrap_or(1000))
                .build();
            let response = datagrams
                .send_message(request.clone())
                .first_answer()
                .await?;
            if !response.metadata.truncation {
                return Ok(response);
            }
        }
        let connection =
            TcpClientStream::exchange(self.address, None, LIMIT, None, provider.clone());
        connection.await?.send(request.clone()).first_answer().await
    }
}

/// Port 53 of a nameserver, through its interface. RFC 4007 §11
pub fn socket_address(server: &Nameserver) -> SocketAddr {
    let number = |name: &str| {
        let known = nix::net::if_::if_nametoindex(name).ok();
        known.or_else(|| name.parse().ok()).unwrap_or(0)
    };
    match server.address {
        IpAddr::V4(v4) => (v4, 53).into(),
        IpAddr::V6(v6) => {
            let interface = server.interface.as_deref().map_or(0, number);
            SocketAddrV6::new(v6, 53, 0, interface).into()
        }
    }
}

/// Never asked: there is always a nameserver.
fn nobody() -> Nameserver {
    Nameserver {
        address: [127, 0, 0, 1].into(),
        interface: None,
    }
}

/// The name as the root would read it: no search list, whatever `ndots` says. A [`Host`](crate::node::Host) is
/// always a name.
pub fn absolute(host: &str) -> Name {
    let mut name = Name::from_ascii(host).unwrap_or_default();
    name.set_fqdn(true);
    name
}
