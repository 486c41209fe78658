//! How the nameserver is asked whether a name exists. A name that exists in every cluster shows what it does with
//! unassigned types: it has no records of such a type (NODATA), and a nameserver that answers anything else has to be asked
//! for addresses.
//!
//! Old dnsmasq and the SkyDNS of OpenShift 3 are such nameservers.

use hickory_resolver::proto::rr::RecordType;

use super::context::{QueryStrategy, WaitContext};
use crate::dns::AnswerData;
use crate::naming::Cluster;

/// Finds the strategy; `None` if the nameservers are in no state to show it.
pub async fn find(context: &WaitContext<'_>) -> Option<QueryStrategy> {
    let Some(Cluster { api, service, .. }) = &context.cluster else {
        return Some(QueryStrategy::Addresses);
    };
    let works_for = async |name: &str| context.exists(name).await.data == AnswerData::NoData;
    if works_for(api).await {
        return Some(QueryStrategy::UnassignedTypes);
    }
    let works_for_service = async {
        match service {
            Some(service) => works_for(service).await,
            None => false,
        }
    };
    let api_addresses = context.client.ask(api, RecordType::A);
    let (works_for_service, api_addresses) = tokio::join!(works_for_service, api_addresses);
    match api_addresses.data {
        _ if works_for_service => Some(QueryStrategy::UnassignedTypes),
        // A nameserver that has just come up may have done so between the two questions.
        AnswerData::Addresses(_) | AnswerData::NoData => Some(if works_for(api).await {
            QueryStrategy::UnassignedTypes
        } else {
            QueryStrategy::Addresses
        }),
        AnswerData::NxDomain => Some(QueryStrategy::Both),
        _ => None,
    }
}
