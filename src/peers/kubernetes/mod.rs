//! Peers as the Kubernetes API knows them: the endpoints of the Services under some labels, or the pods themselves.
//!
//! With the service account that is mounted into every pod; its token changes, so the files are read each time.
//! <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>

mod answer;
mod https;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use super::names::Sight;
use crate::config::Config;
use crate::config::peers::Selector;
use answer::Seen;
use https::Request;

/// Where Kubernetes mounts the service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Endpoints, as of Kubernetes 1.21.
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/NAMESPACE/endpointslices";
/// Pods.
const PODS: &str = "/api/v1/namespaces/NAMESPACE/pods";
/// So many objects come in one answer, which keeps it well below what is read of one.
const PAGE: usize = 20;
/// So many pods are more than one cluster of nodes has.
const MOST: usize = 2000;

/// The API, as a pod reaches it.
pub struct Api {
    host: Option<String>,
    port: Option<String>,
    namespace: Option<String>,
    /// Which of a pod's addresses count.
    ipv6: bool,
}

impl Api {
    /// As the environment says.
    pub fn new(config: &Config, ipv6: bool) -> Self {
        let own = |name| config.variable(name).map(str::to_owned);
        let namespace = config.namespace.clone();
        Self {
            host: own("KUBERNETES_SERVICE_HOST"),
            port: own("KUBERNETES_SERVICE_PORT"),
            namespace: namespace.or_else(|| config.pod.namespace.clone()),
            ipv6,
        }
    }

    /// The pods that have these labels, or are behind a Service that has them; asked for in this time.
    ///
    /// # Errors
    /// What the API says instead, or why it could not be asked.
    pub fn pods(&self, selector: &Selector, limit: Duration) -> Result<Vec<Sight>, String> {
        let deadline = Instant::now() + limit;
        let account = Account::read()?;
        let mut said = None;
        for (path, read) in [
            (SLICES, answer::slices as answer::Reads),
            (PODS, answer::pods),
        ] {
            match self.list(path, selector, read, &account, deadline)? {
                Ok(seen) if !seen.is_empty() || path == PODS => return Ok(seen),
                Ok(_) => said = None,
                Err(code) => said = Some(said.unwrap_or(code)),
            }
        }
        match said {
            None => Ok(Vec::new()),
            Some(code) => Err(format!(
                "the Kubernetes API answers {code}; give the pod's service account a Role that lists endpointslices or pods in this namespace"
            )),
        }
    }

    /// All pages of a list; inside, the status that says that this cannot be listed.
    fn list(
        &self,
        path: &str,
        selector: &Selector,
        read: answer::Reads,
        account: &Account,
        deadline: Instant,
    ) -> Result<Result<Vec<Sight>, u16>, String> {
        let namespace = self.namespace.as_deref().unwrap_or("default");
        let path = path.replace("NAMESPACE", namespace);
        let mut seen = Vec::new();
        let mut more: Option<String> = None;
        loop {
            let mut target = format!("{path}?labelSelector={}&limit={PAGE}", selector.encoded());
            if let Some(more) = &more {
                target.push_str("&continue=");
                target.push_str(more);
            }
            let (status, body) = https::get(&self.request(account, &target, deadline)?)?;
            match status {
                200 => {}
                403 | 404 => return Ok(Err(status)),
                other => return Err(format!("the Kubernetes API answers {other}")),
            }
            let page = read(&body, self.ipv6)
                .map_err(|error| format!("the Kubernetes API's answer cannot be read: {error}"))?;
            seen.extend(page.pods.into_iter().map(sight));
            if seen.len() > MOST {
                return Err(format!(
                    "the Kubernetes API has more than {MOST} pods for BEAMINIT_PEERS; are these labels those of one application?"
                ));
            }
            more = page.more;
            if more.is_none() {
                return Ok(Ok(seen));
            }
        }
    }

    fn request<'a>(
        &self,
        account: &'a Account,
        target: &'a str,
        deadline: Instant,
    ) -> Result<Request<'a>, String> {
        let host = self.host.as_deref().unwrap_or_default();
        let address: IpAddr = host.parse().map_err(|_| {
            format!("KUBERNETES_SERVICE_HOST is {host:?}, not the address that Kubernetes sets in every pod; is this a pod?")
        })?;
        let port = self.port.as_deref().unwrap_or("443");
        let port: u16 = port
            .parse()
            .map_err(|_| format!("KUBERNETES_SERVICE_PORT is {port:?}, not a port number"))?;
        Ok(Request {
            server: SocketAddr::new(address, port),
            authority: &account.authority,
            token: &account.token,
            target,
            deadline,
        })
    }
}

fn sight(seen: Seen) -> Sight {
    match seen.name {
        Some(name) => Sight::Pod(name, seen.address),
        None => Sight::Address(seen.address),
    }
}

/// The service account, as it is now.
struct Account {
    token: String,
    authority: Vec<u8>,
}

impl Account {
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
