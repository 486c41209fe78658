//! Peers as the Kubernetes API knows them: the endpoints of the Services under some labels, or the pods themselves.
//!
//! With the service account that is mounted into every pod; its token changes, so the files are read each time.
//! <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>

mod answer;
mod https;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use super::names::Endpoint;
use crate::config::Config;
use crate::config::peers::Selector;

/// Where Kubernetes mounts the service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// As of Kubernetes 1.21.
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/NAMESPACE/endpointslices";
const PODS: &str = "/api/v1/namespaces/NAMESPACE/pods";
/// So many objects come in one answer, which keeps it well below the longest that is read.
const PAGE: usize = 20;
/// No cluster of nodes has so many pods.
const MOST: usize = 2000;

/// The API, as a pod reaches it.
pub struct Api {
    server: Result<SocketAddr, String>,
    namespace: String,
    /// Is it the pods' IPv6 addresses that count?
    ipv6: bool,
}

/// The service account as it is now.
struct ServiceAccount {
    token: String,
    /// Whose certificate the API has: PEM.
    authority: Vec<u8>,
}

impl Api {
    pub fn new(config: &Config, ipv6: bool) -> Self {
        let namespace = config.namespace.as_ref();
        let namespace = namespace.or(config.pod.namespace.as_ref());
        Self {
            server: server(config),
            namespace: namespace.map_or("default".into(), ToString::to_string),
            ipv6,
        }
    }

    /// The pods that have these labels, or are behind a Service that has them; asked for in this time.
    ///
    /// # Errors
    /// What the API says instead, or why it could not be asked.
    pub fn pods(&self, selector: &Selector, limit: Duration) -> Result<Vec<Endpoint>, String> {
        let deadline = Instant::now() + limit;
        let account = ServiceAccount::read()?;
        let list = |path, parse| self.list(path, selector, parse, &account, deadline);
        let slices = list(SLICES, answer::slices)?;
        match slices {
            Ok(found) if !found.is_empty() => Ok(found),
            _ => list(PODS, answer::pods)?.map_err(|status| {
                format!(
                    "the Kubernetes API answers {}; give the pod's service account a Role that lists endpointslices or pods in this namespace",
                    slices.err().unwrap_or(status)
                )
            }),
        }
    }

    /// All pages of a list; inside, the status that says that this account may not list them.
    fn list(
        &self,
        path: &str,
        selector: &Selector,
        parse: answer::Parser,
        account: &ServiceAccount,
        deadline: Instant,
    ) -> Result<Result<Vec<Endpoint>, u16>, String> {
        let server = self.server.clone()?;
        let path = path.replace("NAMESPACE", &self.namespace);
        let first = format!("{path}?labelSelector={}&limit={PAGE}", selector.encoded());
        let mut target = first.clone();
        let mut found = Vec::new();
        loop {
            let (status, body) = https::get(server, account, &target, deadline)?;
            match status {
                200 => {}
                403 | 404 => return Ok(Err(status)),
                other => return Err(format!("the Kubernetes API answers {other}")),
            }
            let page = parse(&body, self.ipv6)
                .map_err(|error| format!("the Kubernetes API's answer cannot be read: {error}"))?;
            let endpoints = page.pods.into_iter();
            found.extend(endpoints.map(|(name, address)| Endpoint::Address(address, name)));
            if found.len() > MOST {
                return Err(format!(
                    "the Kubernetes API has more than {MOST} pods for BEAMINIT_PEERS; are these labels those of one application?"
                ));
            }
            let Some(more) = page.more else {
                return Ok(Ok(found));
            };
            target = format!("{first}&continue={more}");
        }
    }
}

fn server(config: &Config) -> Result<SocketAddr, String> {
    let host = config
        .variable("KUBERNETES_SERVICE_HOST")
        .unwrap_or_default();
    let address: IpAddr = host.parse().map_err(|_| {
        format!("KUBERNETES_SERVICE_HOST is {host:?}, not the address that Kubernetes sets in every pod; is this a pod?")
    })?;
    let port = config.variable("KUBERNETES_SERVICE_PORT").unwrap_or("443");
    let number = port
        .parse()
        .map_err(|_| format!("KUBERNETES_SERVICE_PORT is {port:?}, not a port number"))?;
    Ok(SocketAddr::new(address, number))
}

impl ServiceAccount {
    fn read() -> Result<Self, String> {
        let file = |name: &str| {
            let path = Path::new(ACCOUNT).join(name);
            std::fs::read(&path).map_err(|error| {
                format!(
                    "{} cannot be read: {error}; set automountServiceAccountToken: true",
                    path.display()
                )
            })
        };
        let token = String::from_utf8_lossy(&file("token")?).trim().to_owned();
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(format!("{ACCOUNT}/token holds no token"));
        }
        Ok(Self {
            token,
            authority: file("ca.crt")?,
        })
    }
}
