//! The nodes behind a Service's name: its SRV, or its addresses.

use hickory_resolver::proto::rr::RecordType;

use crate::dns::answer::{Answer, Outcome};
use crate::dns::ask::Servers;
use crate::node::Host;
use crate::peers::names::{Form, Sight};

/// One look at a Service.
pub struct Look {
    /// Who is asked.
    pub servers: Servers,
    /// The Service.
    pub name: String,
    /// How its nodes are named.
    pub form: Form,
    /// Is its SRV worth a question?
    pub has_srv: bool,
    /// Of which family addresses are first asked for, and then.
    pub families: [RecordType; 2],
}

/// What it came to.
pub struct Looked {
    /// The nodes, or what the nameserver says instead of an answer.
    pub nodes: Result<Vec<Sight>, String>,
    /// It has addresses, and no SRV.
    pub without_srv: bool,
    /// How much was asked.
    pub questions: u8,
}

impl Looked {
    /// Of a look at the addresses, the SRV before them or not.
    fn new(nodes: Vec<Sight>, after_srv: bool) -> Self {
        Self {
            without_srv: after_srv && !nodes.is_empty(),
            nodes: Ok(nodes),
            questions: 1 + u8::from(after_srv),
        }
    }

    /// There is no answer.
    pub fn failed(reason: String, after_srv: bool) -> Self {
        Self {
            nodes: Err(reason),
            without_srv: false,
            questions: 1 + u8::from(after_srv),
        }
    }
}

impl Look {
    /// Asks.
    pub async fn ask(self) -> Looked {
        let Self { name, form, .. } = &self;
        let mut srv_said = None;
        if self.has_srv {
            let answer = self.servers.ask(name, RecordType::SRV).await;
            match answer.outcome {
                Outcome::Names(targets) => return Looked::new(hosts(&targets), false),
                _ => srv_said = Some(answer),
            }
        }
        let plain = without_port(name);
        let [first, second] = self.families;
        let answer = self.servers.addresses(plain, first, Some(second)).await;
        let after_srv = self.has_srv;
        match (answer.outcome, form) {
            (Outcome::Addresses(_), Form::Service) => {
                Looked::new(hosts(&[plain.to_owned()]), after_srv)
            }
            (Outcome::Addresses(found), _) => {
                Looked::new(found.into_iter().map(Sight::Address).collect(), after_srv)
            }
            (Outcome::NxDomain | Outcome::NoData, _) => match srv_said {
                Some(Answer {
                    outcome: Outcome::NxDomain | Outcome::NoData,
                    ..
                })
                | None => Looked::new(Vec::new(), after_srv),
                Some(srv) => Looked::failed(format!("{name}: {srv}"), after_srv),
            },
            (outcome, _) => {
                let reason = format!("{name}: {outcome} from {}", answer.server);
                Looked::failed(reason, after_srv)
            }
        }
    }
}

fn hosts(names: &[String]) -> Vec<Sight> {
    let hosts = names.iter().filter_map(|name| Host::parse(name).ok());
    hosts.map(Sight::Host).collect()
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
