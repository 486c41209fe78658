//! The places where peers are looked for, made whole for this node.

use crate::config::peers::{HostsEntry, Source};
use crate::config::{Config, HostForm, Peers};
use crate::error::{Failure, Failures};
use crate::naming;
use crate::node::{Host, NodeName};

/// The places, each by its whole name.
///
/// # Errors
/// What cannot work there.
pub fn resolve(
    config: &Config,
    node: &NodeName,
    has_cookie: bool,
) -> Result<Option<Peers>, Failure> {
    let Some(mut peers) = config.peers.clone() else {
        return Ok(None);
    };
    let mut failures = Failures::default();
    if !has_cookie {
        failures.push("BEAMINIT_PEERS is set, and no cookie is known by which to join the peers; set ERLANG_COOKIE or ERLANG_COOKIE_FILE");
    }
    for source in &mut peers.sources {
        if let Err(reason) = complete(source, config, node) {
            failures.push(format!("BEAMINIT_PEERS has {source}, {reason}"));
        }
    }
    failures.or(Some(peers))
}

/// What keeps the peers from being joined: why the nodes cannot be spoken with.
pub fn not_joined(reason: &str) -> String {
    format!(
        "BEAMINIT_PEERS joins nothing: {reason}; else have the application connect its nodes, and unset BEAMINIT_PEERS"
    )
}

fn complete(source: &mut Source, config: &Config, node: &NodeName) -> Result<(), String> {
    let fits = |host: &Host| host.is_long() == node.is_long();
    if let Source::Hosts(list) = source {
        let bad = list.iter().find(|one| match one {
            HostsEntry::Host(host) => !fits(host),
            HostsEntry::Node(peer) => !fits(&peer.host),
        });
        return bad.map_or(Ok(()), |bad| {
            Err(format!(
                "and nodes with short and with long names never connect: {bad} and {node}; write both with a dot in the host, or both without"
            ))
        });
    }
    if !cfg!(feature = "full") && matches!(source, Source::Kubernetes(_)) {
        return Err(
            "and this beaminit is built without the API's client; use beaminit-full, or dns".into(),
        );
    }
    if !node.is_long() {
        return Err(format!(
            "which finds long names, and {node} is short; set CLUSTER_HOSTNAME, or BEAMINIT_HOST"
        ));
    }
    let by_service = config.host == HostForm::Service;
    match source {
        Source::Dns(_, None) | Source::Kubernetes(_) if by_service => Err(
            "and BEAMINIT_HOST is \"service\", under which name is no second node; name the other Services, as in dns:SERVICE or hosts:NAME,NAME".into(),
        ),
        Source::Dns(_, service @ None) => {
            let Some(mut cluster) = config.cluster.clone() else {
                return Err("and CLUSTER_HOSTNAME is not set; set it to the headless Service's name, or write dns:SERVICE".into());
            };
            (cluster.host, _) = naming::service(config).map_err(|failure| failure.lines.join("; "))?;
            *service = Some(cluster);
            Ok(())
        }
        Source::Dns(_, Some(service)) => {
            service.host = naming::complete(service, config);
            Ok(())
        }
        _ => Ok(()),
    }
}
