//! Can this nameserver be asked by odd types? The proof is a name that exists in every cluster: of such a type it has no
//! records (NODATA), and a server that says otherwise, or nothing, is to be asked plainly.
//!
//! Old dnsmasq and the SkyDNS of OpenShift 3 are such servers.

use hickory_resolver::proto::rr::RecordType;

use super::Question;
use super::ground::Ground;
use crate::dns::answer::Outcome;
use crate::naming::Cluster;

/// How the nameservers are to be asked whether a name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// By types that nobody uses.
    pub odd: bool,
    /// By its addresses, again and again, as often as the negative TTL allows.
    pub plain: bool,
}

/// Odd types tell, and leave the plain keys alone.
pub const ODD: Manner = Manner {
    odd: true,
    plain: false,
};
/// Odd types tell nothing here.
pub const PLAIN: Manner = Manner {
    odd: false,
    plain: true,
};
/// Nobody knows whether they do.
pub const BOTH: Manner = Manner {
    odd: true,
    plain: true,
};

/// Finds out; `None` if the servers are in no state to tell.
pub async fn find(question: &Question<'_>, ground: &Ground) -> Option<Manner> {
    let Some(Cluster { api, service, .. }) = &question.cluster else {
        return Some(PLAIN);
    };
    if ground.exists(api).await.outcome == Outcome::NoData {
        return Some(ODD);
    }
    let of_service = async {
        match service {
            Some(service) => Some(ground.exists(service).await.outcome),
            None => None,
        }
    };
    let (of_service, plainly) = tokio::join!(of_service, ground.servers.ask(api, RecordType::A));
    match plainly.outcome {
        _ if of_service == Some(Outcome::NoData) => Some(ODD),
        // A server that has just come up may have done so between the two.
        Outcome::Addresses(_) | Outcome::NoData => match ground.exists(api).await.outcome {
            Outcome::NoData => Some(ODD),
            _ => Some(PLAIN),
        },
        Outcome::NxDomain => Some(BOTH),
        _ => None,
    }
}
