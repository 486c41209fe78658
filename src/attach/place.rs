//! Where a node runs, and what is run here to reach it.
//!
//! <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/>

use crate::config::Config;
use crate::node::Port;

/// Where a node runs.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// In a pod.
    Pod(Pod),
    /// In a container of the local Docker, by name or id.
    Docker(String),
}

/// A pod, as kubectl is told it.
#[derive(Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its namespace, if not the current one.
    pub namespace: Option<String>,
    /// The container to ask in, if not the first.
    pub container: Option<String>,
}

impl Place {
    /// The command line that runs a command there.
    pub fn inside(&self, config: &Config, inner: &[&str]) -> Vec<String> {
        let mut words = match self {
            Self::Pod(pod) => pod.kubectl(config, "exec"),
            Self::Docker(container) => ["docker", "exec", container].map(str::to_owned).to_vec(),
        };
        if let Self::Pod(pod) = self {
            if let Some(container) = &pod.container {
                words.extend(["--container".to_owned(), container.clone()]);
            }
            words.push("--".to_owned());
        }
        words.extend(inner.iter().map(|word| (*word).to_owned()));
        words
    }
}

impl Pod {
    /// The command line that forwards a free port of 127.0.0.1 to this one.
    pub fn port_forward(&self, config: &Config, port: Port) -> Vec<String> {
        let mut words = self.kubectl(config, "port-forward");
        words.extend(["--address", "127.0.0.1"].map(str::to_owned));
        words.push(format!(":{port}"));
        words
    }

    fn kubectl(&self, config: &Config, verb: &str) -> Vec<String> {
        let mut words = config.kubectl();
        words.push(verb.to_owned());
        if let Some(namespace) = &self.namespace {
            words.extend(["--namespace".to_owned(), namespace.clone()]);
        }
        words.push(self.name.clone());
        words
    }
}
