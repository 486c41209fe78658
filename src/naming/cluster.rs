//! The Service whose name the candidates carry, and the cluster around it.
//!
//! What `CLUSTER_HOSTNAME` lacks is completed as Kubernetes names things:
//! <https://github.com/kubernetes/dns/blob/master/docs/specification.md>

use crate::config::{self, Config};
use crate::error::Failure;
use crate::node::Host;

/// Kubernetes' zone where no search list tells another.
const ZONE: &str = "cluster.local";

/// What there is in the cluster around a pod.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// A name that exists in every cluster: that of its API.
    pub api: String,
    /// The name of the Service that the candidates belong to, where they do.
    pub service: Option<String>,
    /// Is there any other sign of it than a name that was completed?
    pub is_certain: bool,
}

/// `$CLUSTER_HOSTNAME`, completed, and how.
pub fn service(config: &Config) -> Result<(Host, String), Failure> {
    let Some(cluster) = &config.cluster else {
        return Err(Failure::config(
            "CLUSTER_HOSTNAME is not set; set it to the Service's DNS name",
        ));
    };
    let Completion { suffix, how } = completion(cluster, config)?;
    if suffix.is_empty() {
        return Ok((cluster.host.clone(), "CLUSTER_HOSTNAME".into()));
    }
    let host = Host::under(&cluster.host.to_string(), &suffix).map_err(|reason| {
        Failure::config(format!(
            "CLUSTER_HOSTNAME is {:?}, completed: {reason}",
            cluster.host.to_string()
        ))
    })?;
    Ok((host, format!("CLUSTER_HOSTNAME, completed with {how}")))
}

/// Another Service's name, completed as `CLUSTER_HOSTNAME` is where this is Kubernetes; elsewhere as it stands.
pub fn complete(cluster: &config::Cluster, config: &Config) -> Host {
    let completed = || {
        let Completion { suffix, .. } = completion(cluster, config).ok()?;
        let whole = format!("{}.{suffix}", cluster.host);
        Host::parse(&whole).ok().filter(|_| config.is_kubernetes())
    };
    completed().unwrap_or_else(|| cluster.host.clone())
}

/// Is `CLUSTER_HOSTNAME` a name that had to be completed?
pub fn completes(config: &Config) -> bool {
    let completed = |cluster| completion(cluster, config).is_ok_and(|done| !done.suffix.is_empty());
    config.cluster.as_ref().is_some_and(completed)
}

/// What is around a pod of a cluster; `None` where nothing looks like one.
pub fn look_around(config: &Config) -> Option<Cluster> {
    let service = service(config).ok().map(|(host, _)| host.to_string());
    let in_zone = service.as_deref().and_then(|name| name.split_once(".svc."));
    if in_zone.is_none() && !config.is_kubernetes() {
        return None;
    }
    let known = config.pod.resolv_conf.zone();
    let zone = in_zone.map(|(_, zone)| zone).or(known).unwrap_or(ZONE);
    // A name that we have completed ourselves is no sign of anything.
    let is_certain = config.is_kubernetes() || (in_zone.is_some() && !completes(config));
    Some(Cluster {
        api: format!("kubernetes.default.svc.{zone}"),
        service,
        is_certain,
    })
}

struct Completion {
    suffix: String,
    how: String,
}

/// What `svc`, `svc.ns` and `svc.ns.svc` lack. Names with a dot at the end, or with more labels, are whole.
fn completion(cluster: &config::Cluster, config: &Config) -> Result<Completion, Failure> {
    let text = cluster.host.to_string();
    let labels: Vec<&str> = text.split('.').collect();
    let (zone, zone_from) = match config.pod.resolv_conf.zone() {
        Some(zone) => (zone, "resolv.conf"),
        None => (ZONE, "the default"),
    };
    let of_zone = format!("zone {zone} ({zone_from})");
    match labels.as_slice() {
        _ if cluster.absolute => Ok(Completion {
            suffix: String::new(),
            how: String::new(),
        }),
        [_] => {
            let (namespace, from) = namespace(config).ok_or_else(|| {
                Failure::config(format!(
                    "CLUSTER_HOSTNAME is {text:?}, and no namespace is known to complete it; set POD_NAMESPACE, or write the whole name"
                ))
            })?;
            let how = format!("namespace {namespace} ({from}) and {of_zone}");
            Ok(Completion {
                suffix: format!("{namespace}.svc.{zone}"),
                how,
            })
        }
        [_, _] => Ok(Completion {
            suffix: format!("svc.{zone}"),
            how: of_zone,
        }),
        [_, _, svc] if svc.eq_ignore_ascii_case("svc") => Ok(Completion {
            suffix: zone.into(),
            how: of_zone,
        }),
        _ => Ok(Completion {
            suffix: String::new(),
            how: String::new(),
        }),
    }
}

fn namespace(config: &Config) -> Option<(&str, &'static str)> {
    let variable = config
        .namespace
        .as_deref()
        .map(|name| (name, "POD_NAMESPACE"));
    let file = || {
        config
            .pod
            .namespace
            .as_deref()
            .map(|name| (name, "the service account"))
    };
    let search = || {
        config
            .pod
            .resolv_conf
            .namespace()
            .map(|name| (name, "resolv.conf"))
    };
    variable.or_else(file).or_else(search)
}
