//! The nodes behind a Service's name: its SRV, or its addresses.

use std::net::IpAddr;

use hickory_resolver::proto::rr::RecordType;

use crate::dns::{AnswerData, Client};
use crate::node::Host;
use crate::peers::names::{Endpoint, Form};

/// Asks for the SRV, if that is wanted, and for the addresses if it names nothing.
///
/// # Errors
/// What the nameserver says instead of an answer.
pub async fn endpoints(
    client: &Client,
    service: &str,
    form: Form,
    asks_srv: bool,
    [first, second]: [RecordType; 2],
) -> Result<Vec<Endpoint>, String> {
    let mut srv_failure = None;
    if asks_srv {
        let srv = client.ask(service, RecordType::SRV).await;
        match srv.data {
            AnswerData::Names(targets) => {
                return Ok(hosts(&targets, |target| {
                    let is_its = |(name, _): &&(String, IpAddr)| name.eq_ignore_ascii_case(target);
                    let mut own: Vec<_> =
                        srv.glue.iter().filter(is_its).map(|(_, at)| *at).collect();
                    own.sort_by_key(|at| at.is_ipv6() != (first == RecordType::AAAA));
                    own.first().copied()
                }));
            }
            AnswerData::NxDomain | AnswerData::NoData => {}
            _ => srv_failure = Some(format!("{service}: {srv}")),
        }
    }
    let name = without_port(service);
    let answer = client.addresses(name, first, Some(second)).await;
    match answer.data {
        AnswerData::Addresses(_) if form == Form::Service => {
            Ok(hosts(&[name.to_owned()], |_| None))
        }
        AnswerData::Addresses(found) => Ok(found
            .into_iter()
            .map(|address| Endpoint::Address(address, None))
            .collect()),
        AnswerData::NxDomain | AnswerData::NoData => srv_failure.map_or(Ok(Vec::new()), Err),
        _ => Err(format!("{service}: {answer}")),
    }
}

fn hosts(names: &[String], address: impl Fn(&str) -> Option<IpAddr>) -> Vec<Endpoint> {
    let endpoint = |name: &String| Some(Endpoint::Host(Host::parse(name).ok()?, address(name)));
    names.iter().filter_map(endpoint).collect()
}

/// The Service's own name: without `_epmd._tcp.`, which only SRV has.
fn without_port(name: &str) -> &str {
    let mut rest = name;
    while let Some((label, behind)) = rest.split_once('.')
        && label.starts_with('_')
    {
        rest = behind;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_the_services_name() {
        for (name, plain) in [
            ("_epmd._tcp.app.prod", "app.prod"),
            ("app.prod", "app.prod"),
            ("worker", "worker"),
        ] {
            assert_eq!(without_port(name), plain);
        }
    }
}
