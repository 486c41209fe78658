//! What to do where the container is not in Kubernetes, and what only /etc/hosts and the host name tell.

use super::context::WaitContext;
use super::poll::Observation;
use crate::config::{Config, DnsMode, HostForm};
use crate::dns::{AnswerData, hosts};
use crate::naming::{self, Candidate};

/// The domain that Podman's DNS has for its containers.
const PODMAN: &str = "dns.podman";

/// What was found out before the wait.
pub struct Surroundings {
    pub is_docker: bool,
    /// In a network with DNS, which its default one is not.
    pub is_podman: bool,
    /// `CLUSTER_HOSTNAME`, if it was completed.
    completed: Option<String>,
    /// What is to be said at once: the pod is in its machine's network.
    pub warnings: Vec<String>,
}

impl Surroundings {
    pub fn of(config: &Config) -> Self {
        let conf = &config.pod.resolv_conf;
        let cluster = config.cluster.as_ref();
        let completed = cluster.filter(|_| naming::is_completed(config));
        Self {
            is_docker: conf.is_docker(),
            is_podman: conf.search.iter().any(|domain| domain == PODMAN),
            completed: completed.map(|name| name.host.to_string()),
            warnings: machine_name(config)
                .into_iter()
                .chain(machine_dns(config))
                .collect(),
        }
    }
}

/// The host name of a machine whose network this pod has. The kubelet says so in /etc/hosts, where any other pod has a line
/// with its own name and address.
fn machine_name(config: &Config) -> Option<String> {
    let is_needed = match config.host {
        HostForm::Auto => config.cluster.is_some(),
        form => form == HostForm::Pod,
    };
    let name = config.pod.hostname.as_ref()?;
    let is_given = config.hostname.as_ref().is_some_and(|given| given != name);
    let own = config.addresses();
    let mut listed = hosts::addresses(name).into_iter();
    let is_pods = listed.any(|address| own.contains(&address)) && !hosts::is_of_machine();
    let is_machines = is_needed && config.is_kubernetes() && !is_given && !is_pods;
    is_machines.then(|| {
        format!(
            "HOSTNAME is {name:?}, which seems to be the machine's name (hostNetwork), and no pod has a record of that name; set HOSTNAME from metadata.name, as a StatefulSet's pods are called"
        )
    })
}

/// A pod in its machine's network has the machine's nameservers, too, unless its spec says otherwise.
fn machine_dns(config: &Config) -> Option<String> {
    let is_machines = config.is_kubernetes() && hosts::is_of_machine();
    let is_needed = config.cluster.is_some() && config.pod.resolv_conf.zone().is_none();
    (is_machines && is_needed).then(|| {
        "/etc/resolv.conf is the machine's (hostNetwork), whose nameservers know no Service; set dnsPolicy: ClusterFirstWithHostNet".into()
    })
}

/// The likely cause in the network of a container engine, or of no engine at all; `None` where the answers tell more.
pub fn outside_kubernetes(
    context: &WaitContext,
    all: &[&Observation],
    ptr_names: &[String],
) -> Option<String> {
    let around = &context.surroundings;
    let is_reverse = context.candidates.iter().any(Candidate::is_reverse);
    let is_in_podman = |host: String| host.ends_with(PODMAN);
    if around.is_podman && !context.hosts().any(is_in_podman) {
        return Some(if is_reverse {
            format!(
                "Podman's DNS has no full name for an address; set CLUSTER_HOSTNAME={PODMAN} instead of BEAMINIT_HOST=reverse"
            )
        } else {
            format!("Podman's DNS has its containers under {PODMAN}; set CLUSTER_HOSTNAME={PODMAN}")
        });
    }
    if is_reverse {
        let names = all.iter().find_map(|one| match &one.answer.data {
            AnswerData::Names(names) => Some(names.join(", ")),
            _ => None,
        });
        return Some(match names {
            Some(names) => format!("{names} is no full host name; set BEAMINIT_HOST to another form"),
            None => "does this network's DNS know addresses? a default bridge does not, a network of your own does".into(),
        });
    }
    if context.mode != DnsMode::Own || context.is_in_cluster() && !around.is_docker {
        return None;
    }
    match ptr_names.iter().find(|name| name.contains('.')) {
        Some(name) => Some(format!(
            "DNS calls this container {name}; set BEAMINIT_HOST=reverse to name the node so"
        )),
        // Any other container has such a name from its first instruction on.
        None => around.is_docker.then(|| {
            "Docker has no name for this container yet: a Swarm task gets its names when its health check has passed; set BEAMINIT_HOST=ip, or BEAMINIT_DNS=off".into()
        }),
    }
}

/// What else may be meant, to be added to any cause.
pub fn notes(context: &WaitContext) -> Vec<String> {
    let around = &context.surroundings;
    let whole = around.completed.as_ref();
    let whole = whole.filter(|name| around.is_docker || name.contains('.'));
    let whole = whole.map(|name| {
        format!("if {name} is a whole name, write CLUSTER_HOSTNAME with a dot at its end, {name}.")
    });
    let in_hosts = context.hosts().find_map(|name| {
        let address = *hosts::addresses(&name).first()?;
        // The kubelet writes a line about this pod alone.
        let is_kubelets = context.is_in_cluster() && context.own.contains(&address);
        (!is_kubelets).then(|| {
            format!(
                "/etc/hosts has {name} ({address}): if its peers have that line too (extra_hosts, hostAliases), set BEAMINIT_DNS=off"
            )
        })
    });
    let others = whole.into_iter().chain(in_hosts);
    around.warnings.iter().cloned().chain(others).collect()
}
