//! Asks nameservers one question: absolute names, no cache, no /etc/hosts.
//!
//! Over hickory's transports, not its resolver, which keeps the SOA's TTL to itself, sends an unanswered question three
//! times a second, and drops the interface of a link-local nameserver. RFC 1035, RFC 7766, resolv.conf(5).

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle as _, DnsRequestSender as _, FirstAnswer as _};
use hickory_resolver::proto::op::{
    DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode,
};
use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::warn;

use super::answer::{self, Answer, AnswerData};
use super::nameserver::Nameserver;
use super::rate_limit::RateLimit;
use super::strays;

/// After this long without an answer the next nameserver is asked as well.
const PATIENCE: Duration = Duration::from_millis(800);
/// After this long a nameserver has not answered.
const LIMIT: Duration = Duration::from_secs(3);
const MOST_ALIASES: usize = 4;
/// A datagram may be lost: it is sent a second time after this long.
const RESEND: Duration = Duration::from_secs(1);
/// Of a flood of strays there is one line in this time.
const STRAYS: Duration = Duration::from_secs(60);

pub struct Client {
    nameservers: Vec<Nameserver>,
    over_tcp: bool,
    /// The nameserver that answered last is asked first: a dead one costs its delay once.
    first: Cell<usize>,
    limit: RateLimit,
    /// When the last line about strays was written.
    warned: Cell<Option<Instant>>,
}

impl Client {
    /// The nameservers in their order; `over_tcp`: over TCP only.
    pub fn new(nameservers: &[Nameserver], over_tcp: bool) -> Self {
        Self {
            nameservers: nameservers.to_vec(),
            over_tcp,
            first: Cell::default(),
            limit: RateLimit::default(),
            warned: Cell::default(),
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
        let Some(second) = second.filter(|_| answer.data == AnswerData::NoData) else {
            return answer;
        };
        let other = self.ask(name, second).await;
        // The first answer said that the name exists: this one comes from a cache that does not know it yet.
        if other.data == AnswerData::NxDomain {
            return answer;
        }
        other
    }

    /// Asks the nameservers in turn: the next one when one fails, or has been silent for a while. The first conclusive
    /// answer counts.
    pub async fn ask(&self, name: &str, kind: RecordType) -> Answer {
        let answer = self.ask_all(absolute_name(name), kind).await;
        let is_due = self.warned.get().is_none_or(|at| at.elapsed() > STRAYS);
        if is_due && let count @ 1.. = strays::take() {
            self.warned.set(Some(Instant::now()));
            warn!(
                "ignored {count} datagrams that came to our DNS questions and answer none of them; does somebody in this network forge answers?"
            );
        }
        answer
    }

    async fn ask_all(&self, name: Name, kind: RecordType) -> Answer {
        let count = self.nameservers.len();
        let first = self.first.get();
        let mut order = (0..count).map(|at| (first + at) % count);
        let mut pending = FuturesUnordered::new();
        let mut last = None;
        loop {
            let next = order.next();
            if let Some((at, server)) = next.and_then(|at| Some((at, self.nameservers.get(at)?))) {
                self.limit.wait().await;
                let name = name.clone();
                pending.push(async move { (at, self.ask_one(server, name, kind).await) });
            }
            let patience = if order.len() > 0 { PATIENCE } else { 2 * LIMIT };
            match timeout(patience, pending.next()).await {
                Ok(Some((at, answer))) if answer.data.is_conclusive() => {
                    self.first.set(at);
                    return answer;
                }
                Ok(Some((_, answer))) => last = Some(answer),
                Ok(None) => break,
                Err(_) => {}
            }
        }
        last.unwrap_or_else(|| Answer::empty(AnswerData::Timeout, &Nameserver::LOCAL))
    }

    /// How many questions were asked since the last call.
    pub fn take_count(&self) -> usize {
        self.limit.take_count()
    }

    /// Whether each nameserver takes a TCP connection, which tells more of one that does not answer.
    pub async fn try_tcp(&self) -> Vec<(&Nameserver, io::Result<()>)> {
        join_all(self.nameservers.iter().map(async |server| {
            let connect = TcpStream::connect(server.socket_address());
            let connected = match timeout(RESEND, connect).await {
                Ok(connected) => connected.map(drop),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            };
            (server, connected)
        }))
        .await
    }

    async fn ask_one(&self, server: &Nameserver, name: Name, kind: RecordType) -> Answer {
        let data = match timeout(LIMIT, self.resolve(server, name, kind)).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(NetError::Proto(error))) => AnswerData::Malformed(error.to_string()),
            Ok(Err(_)) | Err(_) => AnswerData::Timeout,
        };
        Answer::empty(data, server)
    }

    /// Asks for what an alias stands for, too, where the nameserver has not done so itself.
    async fn resolve(
        &self,
        server: &Nameserver,
        mut name: Name,
        kind: RecordType,
    ) -> Result<Answer, NetError> {
        for _ in 0..MOST_ALIASES {
            let response = self.exchange(server, name.clone(), kind).await?;
            match answer::parse(&response, &name, kind) {
                (AnswerData::Alias(target), _) => name = target,
                (data, ttl) => {
                    return Ok(Answer {
                        data,
                        server: server.clone(),
                        ttl,
                        glue: answer::glue(&response),
                    });
                }
            }
        }
        Ok(Answer::empty(AnswerData::NoData, server))
    }

    /// With EDNS, so that more fits into a datagram; without it for a nameserver that takes it for an error. RFC 6891 §7
    async fn exchange(
        &self,
        server: &Nameserver,
        name: Name,
        kind: RecordType,
    ) -> Result<DnsResponse, NetError> {
        let query = Query::query(name, kind);
        let mut options = DnsRequestOptions::default();
        let request = DnsRequest::from_query(query.clone(), options);
        let response = self.send(server, request).await?;
        if response.metadata.response_code != ResponseCode::FormErr {
            return Ok(response);
        }
        options.use_edns = false;
        self.send(server, DnsRequest::from_query(query, options))
            .await
    }

    /// Over UDP, and over TCP what does not fit there. RFC 7766 §5
    async fn send(
        &self,
        server: &Nameserver,
        request: DnsRequest,
    ) -> Result<DnsResponse, NetError> {
        // The task behind a connection lives as long as this.
        let provider = TokioRuntimeProvider::new();
        let address = server.socket_address();
        if !self.over_tcp {
            let mut udp = UdpClientStream::builder(address, provider.clone())
                .with_timeout(Some(2 * LIMIT))
                .with_max_retries(2)
                .with_retry_interval_floor(RESEND.as_millis().try_into().unwrap_or(1000))
                .build();
            let response = udp.send_message(request.clone()).first_answer().await?;
            if !response.metadata.truncation {
                return Ok(response);
            }
        }
        let tcp = TcpClientStream::exchange(address, None, LIMIT, None, provider.clone());
        tcp.await?.send(request).first_answer().await
    }
}

/// The name as it stands in the root: no search list, whatever `ndots` says. A [`Host`](crate::node::Host) is always a
/// valid name.
pub fn absolute_name(host: &str) -> Name {
    let mut name = Name::from_ascii(host).unwrap_or_default();
    name.set_fqdn(true);
    name
}
