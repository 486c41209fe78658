//! What a name server may answer, the honest and the strange.

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::ResponseCode;

/// One answer to one question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These addresses, as A or AAAA records as each is.
    Addresses(Vec<IpAddr>),
    /// A PTR to each of these names.
    Pointers(Vec<String>),
    /// A PTR to this name, of the root, as Podman's server says it.
    PointerOfRoot(String),
    /// An SRV to each of these names.
    Services(Vec<String>),
    /// The same, with an address of each beside it, as CoreDNS answers.
    Pods(Vec<(String, IpAddr)>),
    /// CNAMEs, from each name to the next, and the addresses of the last.
    Aliases(Vec<String>, Vec<IpAddr>),
    /// This, to be believed for so many seconds.
    For(u32, Box<Answer>),
    /// No such name; the SOA says for how many seconds that may be believed.
    NxDomain { negative_ttl: u32 },
    /// No such name, without an SOA, as Docker's server says it.
    NxDomainWithoutSoa,
    /// The name exists, but has nothing of the type asked for.
    NoData { negative_ttl: u32 },
    /// The same without an SOA.
    NoDataWithoutSoa,
    /// Only a response code.
    Code(ResponseCode),
    /// Silence.
    Nothing,
    /// This, so much later.
    Late(Duration, Box<Answer>),
    /// Over UDP nothing but the truncated flag, over TCP this.
    Truncated(Box<Answer>),
    /// Truncated over UDP, and no TCP.
    TruncatedOnly,
    /// Bytes that are no DNS message.
    Garbage,
    /// This, under the id of another question.
    WrongId(Box<Answer>),
    /// These addresses, said of another name than the one asked for.
    AboutAnother(String, Vec<IpAddr>),
}

impl Answer {
    /// One address.
    pub fn address(address: &str) -> Self {
        Self::addresses([address])
    }

    /// Several addresses.
    pub fn addresses<const N: usize>(addresses: [&str; N]) -> Self {
        Self::Addresses(
            addresses
                .map(|address| address.parse().expect("an address"))
                .to_vec(),
        )
    }

    /// An SRV to each of these names.
    pub fn services<const N: usize>(targets: [&str; N]) -> Self {
        Self::Services(targets.map(str::to_owned).to_vec())
    }

    /// An alias of this name, which has this address.
    pub fn alias(name: &str, address: &str) -> Self {
        Self::Aliases(
            vec![name.to_owned()],
            vec![address.parse().expect("an address")],
        )
    }

    /// An SRV to each of these names, with their addresses.
    pub fn pods<const N: usize>(pods: [(&str, &str); N]) -> Self {
        let parsed =
            |(name, address): (&str, &str)| (name.to_owned(), address.parse().expect("an address"));
        Self::Pods(pods.map(parsed).to_vec())
    }

    /// The server failed.
    pub fn servfail() -> Self {
        Self::Code(ResponseCode::ServFail)
    }

    /// The server won't.
    pub fn refused() -> Self {
        Self::Code(ResponseCode::Refused)
    }

    /// For how many seconds a cache may keep it; none where it can't be kept.
    pub fn ttl(&self) -> Option<u32> {
        match self {
            Self::NxDomain { negative_ttl } | Self::NoData { negative_ttl } => Some(*negative_ttl),
            Self::For(ttl, _) => Some(*ttl),
            Self::Addresses(_)
            | Self::Pointers(_)
            | Self::Services(_)
            | Self::Pods(_)
            | Self::Aliases(..) => Some(Self::USUAL_TTL),
            _ => None,
        }
    }

    /// The TTL of records of which nothing else is said: CoreDNS's.
    pub(super) const USUAL_TTL: u32 = 5;

    /// The same with this TTL, if it is records without one.
    pub(super) fn usually_for(self, ttl: u32) -> Self {
        match self {
            Self::Addresses(_)
            | Self::Pointers(_)
            | Self::Services(_)
            | Self::Pods(_)
            | Self::Aliases(..) => Self::For(ttl, Box::new(self)),
            _ => self,
        }
    }
}
