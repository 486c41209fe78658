//! The addresses of another node's host, looked up once, as the resolver of a libc does: /etc/hosts, then the nameservers,
//! a short name under each domain of the search list first. hosts(5), resolv.conf(5).

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::RecordType;

use crate::config::Config;
use crate::dns::{AnswerData, Client, block_on, hosts, within};
use crate::node::Host;

/// Looks a host up.
///
/// # Errors
/// What the answer was instead, to be put behind its name.
pub fn addresses(config: &Config, host: &Host, limit: Duration) -> Result<Vec<IpAddr>, String> {
    let name = match host {
        Host::Address(address) => return Ok(vec![*address]),
        Host::Domain(name) | Host::Short(name) => name,
    };
    let known = hosts::addresses(name);
    if !known.is_empty() {
        return Ok(known);
    }
    let conf = &config.pod.resolv_conf;
    let searched = conf.search.iter().filter(|_| !host.is_long());
    let searched = searched.map(|domain| format!("{name}.{domain}"));
    let names: Vec<String> = searched.chain([name.clone()]).collect();
    let client = Client::new(&conf.nameservers, conf.over_tcp);
    let work = async {
        let mut last = Err("there is no name to look up".into());
        for name in names {
            let answer = client.addresses(&name, RecordType::A, Some(RecordType::AAAA));
            let answer = answer.await;
            last = match answer.data {
                AnswerData::Addresses(found) => return Ok(found),
                other => Err(format!("{other} from {}", answer.server)),
            };
        }
        last
    };
    let answer = block_on(within(Some(limit), work)).map_err(|failure| failure.lines.join("; "))?;
    answer.unwrap_or_else(|| Err("no answer from the nameservers in time".into()))
}
