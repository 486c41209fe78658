//! Where the node runs, and the commands that reach it there.
//!
//! <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_port-forward/>

use crate::config::Config;
use crate::node::Port;

#[derive(PartialEq, Eq)]
pub enum Location {
    Pod(PodRef),
    /// A container of this machine's Docker or Podman, by name or id.
    Docker(String),
}

#[derive(PartialEq, Eq)]
pub struct PodRef {
    pub name: String,
    pub namespace: Option<String>,
    pub container: Option<String>,
}

impl Location {
    /// The command line that runs a command there, with this option of `exec`.
    pub fn exec(&self, config: &Config, option: Option<&str>, command: &[&str]) -> Vec<String> {
        let mut words = match self {
            Self::Pod(pod) => pod.kubectl(config, "exec"),
            Self::Docker(_) => [config.docker.as_slice(), &["exec".to_owned()]].concat(),
        };
        words.extend(option.map(str::to_owned));
        match self {
            Self::Docker(container) => words.push(container.clone()),
            Self::Pod(pod) => {
                if let Some(container) = &pod.container {
                    words.extend(["--container".to_owned(), container.clone()]);
                }
                words.push("--".to_owned());
            }
        }
        words.extend(command.iter().map(|word| (*word).to_owned()));
        words
    }
}

impl PodRef {
    /// The command line that forwards a free port of 127.0.0.1 to this one.
    pub fn port_forward(&self, config: &Config, port: Port) -> Vec<String> {
        let mut words = self.kubectl(config, "port-forward");
        words.extend(["--address", "127.0.0.1"].map(str::to_owned));
        words.push(format!(":{port}"));
        words
    }

    fn kubectl(&self, config: &Config, verb: &str) -> Vec<String> {
        let mut words = config.kubectl.clone();
        words.push(verb.to_owned());
        if let Some(namespace) = &self.namespace {
            words.extend(["--namespace".to_owned(), namespace.clone()]);
        }
        words.push(self.name.clone());
        words
    }
}
