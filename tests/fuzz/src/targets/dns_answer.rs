use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::{Name, RecordType};

use crate::dns::answer::{AnswerData, parse};

/// A DNS message as it comes from a nameserver, read as the answer to each question that the gate asks.
pub fn dns_answer(bytes: &[u8]) {
    let Ok(message) = Message::from_vec(bytes) else {
        return;
    };
    let asked = message.queries.first().map(|query| query.name().clone());
    let name = asked.unwrap_or_else(Name::root);
    for kind in [
        RecordType::A,
        RecordType::AAAA,
        RecordType::PTR,
        RecordType::SRV,
        RecordType::Unknown(4711),
    ] {
        let (data, ttl) = parse(&message, &name, kind);
        match &data {
            AnswerData::Addresses(list) => {
                let of_the_family = |v4: bool| list.iter().all(|address| address.is_ipv4() == v4);
                assert!(!list.is_empty() && of_the_family(kind == RecordType::A) && ttl.is_some());
            }
            AnswerData::Names(list) => {
                assert!(list.iter().all(|name| !name.ends_with('.')) && !list.is_empty());
                assert!(matches!(kind, RecordType::PTR | RecordType::SRV));
            }
            AnswerData::Alias(target) => assert_ne!(*target, name),
            _ => {}
        }
        let shown = data.to_string();
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
}
