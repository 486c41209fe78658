//! Can this nameserver be asked by odd types? The proof is a name that exists in every cluster: of such a type it has no
//! records (NODATA), and a server that says otherwise, or nothing, is to be asked plainly.
//!
//! Old dnsmasq and the SkyDNS of OpenShift 3 are such servers.

use hickory_resolver::proto::rr::RecordType;

use super::Question;
use super::answer::Outcome;
use super::watch::{BOTH, Ground, Manner, ODD, PLAIN};
use crate::launch::node::identity::Cluster;

/// Finds out; `None` if the servers are in no state to tell.
pub async fn find(question: &Question<'_>, ground: &Ground) -> Option<Manner> {
    let Some(Cluster { api, service }) = &question.cluster else {
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
