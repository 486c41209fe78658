//! The Service whose name the candidates carry, and the cluster around it.
//!
//! What `CLUSTER_HOSTNAME` lacks is completed as Kubernetes names things, and only there: `dns.podman`, `app.internal` and
//! the name of a compose network are whole.
//! <https://github.com/kubernetes/dns/blob/master/docs/specification.md>

use crate::config::{Config, Namespace, ServiceName};
use crate::error::Failure;
use crate::node::Host;

/// Kubernetes' zone where no search list tells another.
const ZONE: &str = "cluster.local";

/// The cluster around a pod.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// A name that exists in every cluster: that of its API.
    pub api: String,
    /// The name of the Service that the candidates belong to, where they do.
    pub service: Option<String>,
}

impl Cluster {
    /// `None` where nothing looks like one.
    pub fn of(config: &Config) -> Option<Self> {
        let service = service(config).ok().map(|(host, _)| host.to_string());
        let in_zone = service.as_deref().and_then(|name| name.split_once(".svc."));
        if in_zone.is_none() && !config.is_kubernetes() {
            return None;
        }
        let known = config.pod.resolv_conf.zone();
        let zone = in_zone.map(|(_, zone)| zone).or(known).unwrap_or(ZONE);
        Some(Self {
            api: format!("kubernetes.default.svc.{zone}"),
            service,
        })
    }
}

/// `$CLUSTER_HOSTNAME`, completed, and how.
pub fn service(config: &Config) -> Result<(Host, String), Failure> {
    let Some(name) = &config.cluster else {
        return Err(Failure::config(
            "CLUSTER_HOSTNAME is not set; set it to the Service's DNS name",
        ));
    };
    let Some((suffix, how)) = completion(name, config)? else {
        return Ok((name.host.clone(), "CLUSTER_HOSTNAME".into()));
    };
    let text = name.host.to_string();
    let host = Host::under(&text, &suffix).map_err(|reason| {
        Failure::config(format!("CLUSTER_HOSTNAME is {text:?}, completed: {reason}"))
    })?;
    Ok((host, format!("CLUSTER_HOSTNAME, completed with {how}")))
}

/// Another Service's name, completed as `CLUSTER_HOSTNAME` is.
pub fn complete(name: &ServiceName, config: &Config) -> Host {
    let completed = || {
        let (suffix, _) = completion(name, config).ok()??;
        Host::under(&name.host.to_string(), &suffix).ok()
    };
    completed().unwrap_or_else(|| name.host.clone())
}

/// Is `CLUSTER_HOSTNAME` a name that had to be completed?
pub fn is_completed(config: &Config) -> bool {
    let name = config.cluster.as_ref();
    name.is_some_and(|name| matches!(completion(name, config), Ok(Some(_))))
}

/// What `svc`, `svc.ns` and `svc.ns.svc` lack, and where it is from. Names with a dot at the end, with more labels, or
/// outside Kubernetes, are whole.
fn completion(name: &ServiceName, config: &Config) -> Result<Option<(String, String)>, Failure> {
    let text = name.host.to_string();
    let labels: Vec<&str> = text.split('.').collect();
    let (zone, zone_from) = match config.pod.resolv_conf.zone() {
        Some(zone) => (zone, "resolv.conf"),
        None => (ZONE, "the default"),
    };
    let of_zone = format!("zone {zone} ({zone_from})");
    Ok(match labels.as_slice() {
        _ if name.is_absolute || !config.is_kubernetes() => None,
        [_] => {
            let (namespace, from) = namespace(config).ok_or_else(|| {
                Failure::config(format!(
                    "CLUSTER_HOSTNAME is {text:?}, and no namespace is known to complete it; set POD_NAMESPACE, or write the whole name, with a dot at its end"
                ))
            })?;
            let how = format!("namespace {namespace} ({from}) and {of_zone}");
            Some((format!("{namespace}.svc.{zone}"), how))
        }
        [_, _] => Some((format!("svc.{zone}"), of_zone)),
        [_, _, svc] if svc.eq_ignore_ascii_case("svc") => Some((zone.into(), of_zone)),
        _ => None,
    })
}

fn namespace(config: &Config) -> Option<(String, &'static str)> {
    let pod = &config.pod;
    let read = |name: &Option<Namespace>| Some(name.as_ref()?.to_string());
    [
        (read(&config.namespace), "POD_NAMESPACE"),
        (read(&pod.namespace), "the service account"),
        (pod.resolv_conf.namespace().map(Into::into), "resolv.conf"),
    ]
    .into_iter()
    .find_map(|(name, from)| Some((name?, from)))
}
