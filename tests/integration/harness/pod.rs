//! A pod: a container's namespaces, mounts and environment, with beaminit as its PID 1.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::directory::Directory;
use super::running::{Input, Running, assignments};
use super::time::LIFETIME;
use super::{Dns, Network, Words, tests};

/// The binary under test, as the pod sees it.
pub const BEAMINIT: &str = "/run/beaminit";

const PATH: &str =
    "/srv/bin:/srv/releases:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A pod that can be run.
pub struct Pod {
    hostname: String,
    network: Network,
    env: Vec<(OsString, OsString)>,
    nameservers: Vec<IpAddr>,
    search: Option<String>,
    resolv_conf: Option<String>,
    hosts: String,
    working_directory: String,
    user: Option<u32>,
    input: Input,
    lifetime: Duration,
    directory: Arc<Directory>,
}

impl Pod {
    /// A pod of this host name whose address is 10.1.2.3, with the variables that every container has.
    pub fn new(hostname: &str) -> Self {
        Self::with_addresses(hostname, &["10.1.2.3"])
    }

    /// The same with other addresses on its `eth0`.
    pub fn with_addresses(hostname: &str, addresses: &[&str]) -> Self {
        let parsed: Vec<IpAddr> = addresses
            .iter()
            .map(|a| a.parse().expect("an address"))
            .collect();
        let directory = Directory::new();
        for part in ["srv/bin", "srv/releases", "run", "etc", "dev"] {
            fs::create_dir_all(directory.0.join(part)).expect("a directory of the pod");
        }
        // Any user may write there, as in an image made for random users.
        fs::set_permissions(directory.0.join("srv"), Permissions::from_mode(0o777))
            .expect("a mode");
        let own = addresses
            .iter()
            .map(|address| format!("{address}\t{hostname}\n"));
        let hosts =
            String::from("127.0.0.1\tlocalhost\n::1\tlocalhost\n") + &own.collect::<String>();
        Self {
            hostname: hostname.to_owned(),
            network: Network::with_addresses(&parsed),
            env: [("PATH", PATH), ("HOSTNAME", hostname), ("HOME", "/srv")]
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
            nameservers: Vec::new(),
            search: None,
            resolv_conf: None,
            hosts,
            working_directory: "/srv".to_owned(),
            user: None,
            input: Input::Null,
            lifetime: LIFETIME,
            directory: Arc::new(directory),
        }
    }

    /// Sets a variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self = self.without(&name);
        self.env.push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// Takes a variable away.
    pub fn without(mut self, name: impl AsRef<OsStr>) -> Self {
        self.env.retain(|(set, _)| set != name.as_ref());
        self
    }

    /// The search list that the kubelet writes for pods of this namespace.
    pub fn in_namespace(self, namespace: &str) -> Self {
        self.search(&format!(
            "{namespace}.svc.cluster.local svc.cluster.local cluster.local"
        ))
    }

    /// A search list.
    pub fn search(mut self, domains: &str) -> Self {
        self.search = Some(domains.to_owned());
        self
    }

    /// A whole resolv.conf, instead of the one made from the name servers and the search list.
    pub fn resolv_conf(mut self, text: &str) -> Self {
        self.resolv_conf = Some(text.to_owned());
        self
    }

    /// More lines in /etc/hosts.
    pub fn hosts(mut self, lines: &str) -> Self {
        self.hosts += lines;
        self
    }

    /// Leaves nothing but localhost in /etc/hosts.
    pub fn without_hosts(self) -> Self {
        self.hosts_file("127.0.0.1\tlocalhost\n")
    }

    /// The whole of /etc/hosts.
    pub fn hosts_file(mut self, text: &str) -> Self {
        text.clone_into(&mut self.hosts);
        self
    }

    /// The namespace file of a mounted service account, without a newline at its end as Kubernetes writes it.
    pub fn service_account(self, namespace: &str) -> Self {
        self.file(
            "/var/run/secrets/kubernetes.io/serviceaccount/namespace",
            namespace,
        )
    }

    /// A file under /srv, /run (or /var/run) or /dev, or /etc/passwd.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let place = self.directory.place(path);
        fs::create_dir_all(place.parent().expect("a parent")).expect("a directory");
        fs::write(&place, content).expect("a file of the pod");
        self
    }

    /// A file with a mode.
    pub fn file_with_mode(self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> Self {
        let place = self.directory.place(path);
        let pod = self.file(path, content);
        fs::set_permissions(place, Permissions::from_mode(mode)).expect("a mode");
        pod
    }

    /// The file that Kubernetes mounts for a container's last words.
    pub fn termination_log(self) -> Self {
        self.file_with_mode("/dev/termination-log", "", 0o666)
    }

    /// One of `tests/releases` under another name, first in PATH: `program("erl", "prints-args")` is a node to beaminit.
    pub fn program(self, name: &str, release: &str) -> Self {
        let content =
            fs::read(tests().join("releases").join(release)).expect("one of tests/releases");
        self.file_with_mode(&format!("/srv/bin/{name}"), content, 0o755)
    }

    /// One of the trees of `tests/releases`, copied to this path under /srv, to be changed by the test.
    pub fn release(self, tree: &str, to: &str) -> Self {
        self.copy(&tests().join("releases").join(tree), to)
    }

    /// Any tree of the machine, copied to this path under /srv.
    pub fn copy(self, from: &Path, to: &str) -> Self {
        let mut cp = Command::new("cp");
        cp.args(["-rT", "--preserve=timestamps"])
            .arg(from)
            .arg(self.directory.place(to));
        assert!(
            cp.status().expect("cp starts").success(),
            "{} is copied",
            from.display()
        );
        self
    }

    /// `beaminit-attach`, in PATH.
    pub fn with_attach(self) -> Self {
        self.file("/srv/bin/beaminit-attach", "")
    }

    /// Starts in this directory instead of /srv.
    pub fn working_directory(mut self, path: &str) -> Self {
        path.clone_into(&mut self.working_directory);
        self
    }

    /// Runs as this user and group 0, as OpenShift runs containers.
    pub fn user(mut self, uid: u32) -> Self {
        self.user = Some(uid);
        self
    }

    /// What standard input is.
    pub fn input(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// May run for so much longer.
    pub fn lasts(mut self, longer: Duration) -> Self {
        self.lifetime = LIFETIME + longer;
        self
    }

    /// Writes a pod's resolv.conf while it runs, in place, as Docker does.
    pub fn rewrite_resolv_conf(&self, text: &str) {
        fs::write(self.directory.0.join("etc/resolv.conf"), text).expect("resolv.conf");
    }

    /// Adds a name server to resolv.conf, where nothing listens.
    pub fn dead_nameserver(&mut self, address: &str) {
        self.nameservers.push(address.parse().expect("an address"));
    }

    /// Adds a name server and starts it.
    pub fn nameserver(&mut self, address: &str) -> Dns {
        self.dead_nameserver(address);
        Dns::serve(&self.network, address)
    }

    /// The network that the pod will be in.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where a path of the pod lies for the test, to read what the pod wrote or to prepare what it will find.
    pub fn place(&self, path: &str) -> PathBuf {
        self.directory.place(path)
    }

    /// Runs `beaminit -- COMMAND`.
    pub fn run(&self, command: impl Words) -> Running {
        self.beaminit(with_first("--", &command))
    }

    /// Runs `beaminit exec -- COMMAND`.
    pub fn exec(&self, command: impl Words) -> Running {
        self.beaminit(with_first("exec", &with_first("--", &command)))
    }

    /// Runs `beaminit plan -- COMMAND`.
    pub fn plan(&self, command: impl Words) -> Running {
        self.beaminit(with_first("plan", &with_first("--", &command)))
    }

    /// Runs beaminit with exactly these arguments.
    pub fn beaminit(&self, arguments: impl Words) -> Running {
        self.first(with_first(BEAMINIT, &arguments))
    }

    /// Runs any command as the pod's first process.
    pub fn first(&self, command: impl Words) -> Running {
        self.write_etc();
        let mut exact = Command::new("/bin/sh");
        exact
            .arg(tests().join("integration/harness/pod.sh"))
            .args(["env", "-i"])
            .args(assignments(&self.env))
            .args(command.words())
            .env("POD", &self.directory.0)
            .env("POD_HOSTNAME", &self.hostname)
            .env(
                "POD_USER",
                self.user.map_or(String::new(), |user| user.to_string()),
            )
            .env("POD_CWD", &self.working_directory)
            .env("POD_RELEASES", tests().join("releases"))
            .env("POD_BEAMINIT", binary_under_test())
            .env("POD_ATTACH", env!("CARGO_BIN_EXE_beaminit-attach"));
        Running::start(
            exact,
            self.network.share(),
            self.input,
            self.lifetime,
            &self.env,
            &self.directory,
        )
    }

    fn write_etc(&self) {
        let resolv_conf = self.resolv_conf.clone().unwrap_or_else(|| {
            let search = self
                .search
                .iter()
                .map(|domains| format!("search {domains}\n"));
            let servers = self
                .nameservers
                .iter()
                .map(|address| format!("nameserver {address}\n"));
            search.chain(servers).collect::<String>() + "options ndots:5\n"
        });
        let etc = self.directory.0.join("etc");
        fs::write(etc.join("resolv.conf"), resolv_conf).expect("resolv.conf");
        fs::write(etc.join("hosts"), &self.hosts).expect("hosts");
    }
}

/// That of this build, unless a variable names another one: tests/release has those of other targets.
fn binary_under_test() -> OsString {
    std::env::var_os("BEAMINIT_UNDER_TEST").unwrap_or_else(|| env!("CARGO_BIN_EXE_beaminit").into())
}

fn with_first(first: &str, rest: &impl Words) -> Vec<OsString> {
    let mut words = vec![OsString::from(first)];
    words.extend(rest.words());
    words
}
