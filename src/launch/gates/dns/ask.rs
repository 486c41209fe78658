//! One question, asked of the nameservers themselves: absolute names, no cache, no /etc/hosts.
//!
//! Each nameserver has a resolver of its own: hickory's common deadline would let a dead first one starve the second, and
//! an answer like SERVFAIL would not reach it. RFC 1035, resolv.conf(5).

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// After this long without an answer the next nameserver is asked as well.
const PATIENCE: Duration = Duration::from_millis(800);
/// After this long a nameserver has not answered.
const LIMIT: Duration = Duration::from_secs(3);

/// What a nameserver said, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What.
    pub outcome: Outcome,
    /// Who.
    pub server: IpAddr,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These addresses.
    Addresses(Vec<IpAddr>),
    /// These names (of a PTR).
    Names(Vec<String>),
    /// There is no such name.
    NxDomain,
    /// The name exists, without such records.
    NoData,
    /// An error code, like SERVFAIL.
    Code(String),
    /// Nothing, in the time there was.
    Silence,
    /// Something that is no answer.
    Garbage(String),
}

impl Outcome {
    /// Has the server answered the question, yes or no? Otherwise another one is worth asking.
    fn is_conclusive(&self) -> bool {
        matches!(
            self,
            Self::Addresses(_) | Self::Names(_) | Self::NxDomain | Self::NoData
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(list) => f.write_str(
                &list
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            Self::Names(list) => f.write_str(&list.join(", ")),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::NoData => f.write_str("no address records"),
            Self::Code(code) => f.write_str(code),
            Self::Silence => f.write_str("no answer"),
            Self::Garbage(what) => write!(f, "an answer that cannot be read ({what})"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.outcome, self.server)
    }
}

/// The nameservers.
#[derive(Clone)]
pub struct Servers(Vec<(IpAddr, TokioResolver)>);

impl Servers {
    /// One resolver for each address.
    ///
    /// # Errors
    /// A resolver could not be made.
    pub fn new(addresses: &[IpAddr]) -> Result<Self, NetError> {
        let made = addresses.iter().map(|address| {
            let config =
                ResolverConfig::from_name_servers(vec![NameServerConfig::udp_and_tcp(*address)]);
            let mut options = ResolverOpts::default();
            options.timeout = LIMIT;
            options.attempts = 0;
            options.cache_size = 0;
            options.use_hosts_file = ResolveHosts::Never;
            let builder =
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
            Ok((*address, builder.with_options(options).build()?))
        });
        made.collect::<Result<_, NetError>>().map(Self)
    }

    /// The addresses of a name: of A and AAAA together.
    pub async fn addresses(&self, name: &Name) -> Answer {
        let (v4, v6) = tokio::join!(
            self.ask(name, RecordType::A),
            self.ask(name, RecordType::AAAA)
        );
        match (v4.outcome, v6.outcome) {
            (Outcome::Addresses(mut all), Outcome::Addresses(more)) => {
                all.extend(more);
                Answer {
                    outcome: Outcome::Addresses(all),
                    server: v4.server,
                }
            }
            // A server that knows the name but has trouble with one type: the trouble is the news.
            (_, outcome @ Outcome::Addresses(_)) | (Outcome::NoData, outcome) => Answer {
                outcome,
                server: v6.server,
            },
            (outcome, _) => Answer {
                outcome,
                server: v4.server,
            },
        }
    }

    /// The names that the PTR of an address has.
    pub async fn names(&self, reverse: &Name) -> Answer {
        self.ask(reverse, RecordType::PTR).await
    }

    /// Asks the servers in turn: the next one when one fails, or has been silent for a while. The first conclusive
    /// answer counts.
    async fn ask(&self, name: &Name, kind: RecordType) -> Answer {
        let mut asked: JoinSet<Answer> = JoinSet::new();
        let mut servers = self.0.iter();
        let mut last = None;
        loop {
            let more = servers.next();
            if let Some((server, resolver)) = more {
                let (server, resolver, name) = (*server, resolver.clone(), name.clone());
                asked.spawn(async move {
                    let said = timeout(LIMIT + PATIENCE, resolver.lookup(name, kind)).await;
                    Answer {
                        outcome: said.map_or(Outcome::Silence, outcome),
                        server,
                    }
                });
            }
            let patience = if servers.len() > 0 {
                PATIENCE
            } else {
                2 * LIMIT
            };
            match timeout(patience, asked.join_next()).await {
                Ok(Some(Ok(answer))) if answer.outcome.is_conclusive() => return answer,
                Ok(Some(Ok(answer))) => last = Some(answer),
                Ok(Some(Err(_))) | Err(_) => {}
                Ok(None) => break,
            }
        }
        let nobody = self
            .0
            .first()
            .map_or(IpAddr::from([127, 0, 0, 1]), |(server, _)| *server);
        last.unwrap_or(Answer {
            outcome: Outcome::Silence,
            server: nobody,
        })
    }
}

/// What was said, out of what hickory makes of it.
pub fn outcome(result: Result<Lookup, NetError>) -> Outcome {
    match result {
        Ok(lookup) => records(&lookup),
        Err(error) if error.is_nx_domain() => Outcome::NxDomain,
        Err(error) if error.is_no_records_found() => Outcome::NoData,
        Err(NetError::Dns(DnsError::ResponseCode(code))) => Outcome::Code(mnemonic(code)),
        Err(NetError::Timeout | NetError::NoConnections | NetError::Io(_)) => Outcome::Silence,
        Err(error) => Outcome::Garbage(error.to_string()),
    }
}

fn records(lookup: &Lookup) -> Outcome {
    let mut addresses = Vec::new();
    let mut names = Vec::new();
    for record in lookup.answers() {
        match &record.data {
            RData::A(a) => addresses.push(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => addresses.push(IpAddr::V6(aaaa.0)),
            RData::PTR(ptr) => names.push(ptr.0.to_ascii().trim_end_matches('.').to_owned()),
            _ => {}
        }
    }
    match (addresses.is_empty(), names.is_empty()) {
        (false, _) => Outcome::Addresses(addresses),
        (_, false) => Outcome::Names(names),
        _ => Outcome::NoData,
    }
}

/// The code as RFC 1035 and dig(1) spell it.
fn mnemonic(code: hickory_resolver::proto::op::ResponseCode) -> String {
    use hickory_resolver::proto::op::ResponseCode;
    match code {
        ResponseCode::ServFail => "SERVFAIL".into(),
        ResponseCode::Refused => "REFUSED".into(),
        ResponseCode::FormErr => "FORMERR".into(),
        ResponseCode::NotImp => "NOTIMP".into(),
        other => format!("{other:?}").to_ascii_uppercase(),
    }
}
