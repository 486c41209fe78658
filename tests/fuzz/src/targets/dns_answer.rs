use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsResponse, Query};

use crate::launch::ask::{Outcome, outcome};

/// A DNS message as it comes from a nameserver.
pub fn dns_answer(bytes: &[u8]) {
    let said = understood(bytes);
    match &said {
        Outcome::Addresses(list) => assert!(!list.is_empty()),
        Outcome::Names(list) => {
            assert!(list.iter().all(|name| !name.ends_with('.')) && !list.is_empty());
        }
        _ => {}
    }
    let shown = said.to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
}

/// As hickory reads it, and as the gate takes what hickory makes of it.
fn understood(bytes: &[u8]) -> Outcome {
    let read = DnsResponse::from_buffer(bytes.to_vec()).map_err(NetError::from);
    let answer =
        read.and_then(|response| DnsError::from_response(response).map_err(NetError::from));
    outcome(answer.map(|response| {
        let query = response.queries.first().cloned().unwrap_or_else(Query::new);
        Lookup::new_with_max_ttl(query, response.answers.clone())
    }))
}
